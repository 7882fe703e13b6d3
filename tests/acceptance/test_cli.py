"""Every command: help that answers at once, usage errors, and what cannot be reached, with the next step."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from streams.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acceptance.conftest import Console

NOWHERE = ("--database", "postgresql://127.0.0.1:9/none")
NO_BROKER = ("--brokers", "127.0.0.1:9")
HEAVY = ("aiokafka", "asyncpg", "faust", "numpy", "pydantic", "streams.settings", "ruamel")


def commands(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(node, "commands"):
        for name, inner in node.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield path, node


COMMANDS = dict(commands(get_command(app)))
PRINTS_DATA = {path for path in COMMANDS if path[0] not in {"demo", "local", "worker"} and path != ("directive", "key")}


def test_the_commands_that_were_promised_are_there() -> None:
    promised = (
        "demo, local, worker, migrate, topics create, topics check, topics list, scenario run, scenario check, "
        "schemas export, schemas check, replay, incident list, incident show, deadletters list, deadletters show, "
        "deadletters redrive, directive sign, directive send, policy check, policy diff, policy explain, "
        "decisions pending, request explain, doctor"
    )
    assert {tuple(name.split()) for name in promised.split(", ")} <= set(COMMANDS)


@pytest.mark.parametrize("path", sorted(COMMANDS), ids=" ".join)
def test_every_command_has_words_an_example_and_exit_codes(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help.strip()
    assert "Example: liandong " + " ".join(path) in command.help
    assert "Exit codes: " in command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), (path, parameter.name)


@pytest.mark.parametrize("path", sorted(PRINTS_DATA), ids=" ".join)
def test_every_command_that_prints_data_prints_json_when_asked(path: tuple[str, ...]) -> None:
    assert any("--json" in parameter.opts for parameter in COMMANDS[path].params)


def test_help_loads_nothing_heavy() -> None:
    code = f"import sys, streams.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("args", [("--help",), ("topics", "--help"), ("replay", "-h")], ids=" ".join)
def test_help_is_printed_by_the_real_command(console: Console, args: tuple[str, ...]) -> None:
    assert "Usage:" in console.real(*args).out


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("nonsense",), 2, "No such command"),
        (("incident", "show"), 2, "Missing argument"),
        (("worker", "--realm", "Exercise!"), 2, "next: correct the option or the LIANDONG_* variable"),
        (("demo", "nowhere.yaml"), 2, "next: name a scenario file"),
        (("local", "--broker", "rabbit"), 2, "next: choose embedded or kafka"),
        (("local", "--folder", "x"), 2, "next: add --broker kafka"),
        (("scenario", "check", __file__), 2, "test_cli.py:"),
        (("scenario", "check", __file__, "--brokers", "x:1"), 2, "next: give both"),
        (("policy", "check", "."), 2, "next: name a folder of policy documents"),
        (("incident", "list", *NOWHERE), 3, "next: check --database"),
        (("migrate", *NOWHERE), 3, "next: check --database"),
        (("replay", *NOWHERE), 3, "next: check --database"),
        (("topics", "list", *NO_BROKER), 3, "next: check --brokers"),
        (("doctor", *NOWHERE, *NO_BROKER), 3, "start PostgreSQL, or correct LIANDONG_DATABASE"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_a_failure_says_what_to_do_next(console: Console, args: tuple[str, ...], code: int, says: str) -> None:
    ran = console.spawn(*args) if args[0] in {"worker", "nonsense"} else console.run(*args)
    assert ran.code == code, ran
    assert says in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_password_is_not_printed(console: Console) -> None:
    ran = console.run("doctor", "--database", "postgresql://me:geheim@127.0.0.1:9/x", *NO_BROKER)
    assert "geheim" not in ran.out + ran.err


def test_every_command_is_run_as_a_real_process_by_some_test() -> None:
    """The others are called in this process, to save the time of starting Python."""
    here = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_cli*.py"))
    started = re.sub(r"\s+", " ", here)
    for path in COMMANDS:
        words = ", ".join(f'"{word}"' for word in path)
        assert re.search(rf'(\.real\(|\.spawn\(|"-m", "streams\.cli", ){re.escape(words)}[,)\]]', started), path

"""What all commands share: options, exit codes, printing, and failures that name the next step.

Exit codes: 0 all is well, 1 a check failed or an expectation is unmet, 2 wrong usage or a wrong file, 3 broker,
database or worker cannot be reached.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from streams.settings import Settings

T = TypeVar("T")

OK, UNMET, USAGE, UNREACHABLE = 0, 1, 2, 3

POINTER = Path(".liandong") / "env"
"""Where `liandong local` says how to reach it: commands in the same folder then need no options."""

Realm = Annotated[
    str | None,
    typer.Option("--realm", metavar="REALM", help="actual, or exercise.<id>. [LIANDONG_REALM]", show_default=False),
]
Brokers = Annotated[
    str | None,
    typer.Option("--brokers", metavar="HOST:PORT,…", help="Kafka. [LIANDONG_BROKERS]", show_default=False),
]
Database = Annotated[
    str | None,
    typer.Option("--database", metavar="DSN", help="PostgreSQL. [LIANDONG_DATABASE]", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Area = Annotated[
    str | None,
    typer.Option("--area", metavar="CODE", help="Only this city (GB/T 2260, e.g. 420100).", show_default=False),
]


class CommandError(Exception):
    """A command cannot go on: what is wrong, what to do next, and the exit code."""

    def __init__(self, message: str, next_step: str, code: int = UNMET) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.code = code


def leave(code: int) -> NoReturn:
    """End the command with this exit code."""
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part; what its libraries would log is told by the command itself."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(work)


def settings(**given: str | float | None) -> "Settings":
    """The configuration: options over `LIANDONG_*` over a running `liandong local` of this folder over defaults."""
    from pydantic import ValidationError

    from streams.settings import Settings

    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate({**_pointer(), **_environment(), **chosen})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise CommandError(
            f"configuration: {problems}", "correct the option or the LIANDONG_* variable", USAGE
        ) from error


def _environment() -> dict[str, str]:
    return {name[9:].lower(): value for name, value in os.environ.items() if name.startswith("LIANDONG_")}


def _pointer() -> dict[str, str]:
    """Settings of the local stack that runs in this folder; empty when none does."""
    if not POINTER.is_file():
        return {}
    lines = dict(line.split("=", 1) for line in POINTER.read_text("utf-8").splitlines() if "=" in line)
    pid = lines.pop("PID", "")
    if not pid.isdigit() or not Path(f"/proc/{pid}").exists():
        return {}
    return {name.removeprefix("LIANDONG_").lower(): value.strip("'") for name, value in lines.items()}


def print_json(data: Any) -> None:
    """Print a value as JSON, one document."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=_plainly))


def _plainly(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def note(text: str) -> None:
    """Say something beside the data."""
    print(text, file=sys.stderr)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows for people."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    grid = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold", pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console()
    if console.is_terminal:
        console.print(grid, markup=False, highlight=False)
    else:
        print(_plain(title, columns, grid))


def _plain(title: str, columns: Sequence[str], grid: "Table") -> str:
    """The same where nobody looks: tab separated, nothing folded, so that it can be cut and searched."""
    cells = [[str(cell) for cell in column.cells] for column in grid.columns]
    return "\n".join([title, "\t".join(columns), *("\t".join(line) for line in zip(*cells, strict=True))])


def local_time(instant: Any, zone: str = "Asia/Shanghai") -> str:
    """An instant as people of the city read it."""
    from zoneinfo import ZoneInfo

    return instant.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M:%S") if instant is not None else ""

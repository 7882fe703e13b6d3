"""`demo`, `local`, `scenario`, `schemas`: the commands that a newcomer types first."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, SC_1, Console

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Live


@pytest.mark.timeout(180)
def test_the_demo_ends_by_itself_as_expected_and_says_what_to_run_next(console: Console) -> None:
    """A1, A5."""
    ran = console.real("demo", timeout=170)
    for words in (
        "较大 serious (III)",
        "重大 major (II)",
        "WSA-3",
        "MRE-4a, MRE-4b",
        "MRE-2a",
        "WSA-2",
        "三级 level III",
        "联动机制启动 joint mechanism activated",
        "pending_authorization",
        "all expectations hold 全部符合预期",
        "Next 接下来",
    ):
        assert words in ran.out, words
    assert ran.out.count("identical 一致") == 3
    assert "E9" not in ran.out


@pytest.mark.timeout(180)
def test_local_serves_until_it_is_told_to_stop_and_other_commands_find_it(console: Console) -> None:
    log = console.folder / "local.out"
    with log.open("wb") as out:
        local = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "local", "--port", "0", "--realm", "exercise.dev"],
            cwd=console.folder,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(console.folder)},
            stdout=out,
            stderr=out,
        )
        try:
            deadline = time.monotonic() + 120
            while "Ctrl-C stops everything" not in log.read_text():
                assert local.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            assert console.real("incident", "list", "--json").json == []
            assert {line["state"] for line in console.ok("doctor", "--json").json} <= {"ok", "note"}
        finally:
            local.send_signal(signal.SIGINT)
            assert local.wait(40) == 0, log.read_text()
    assert not (console.folder / ".liandong" / "env").exists()


def test_scenario_check_in_the_core_prints_what_is_unmet_with_what_was_seen(console: Console) -> None:
    assert "0 unmet" in console.real("scenario", "check", str(SC_1), "--core").out
    wrong = console.folder / "wrong.yaml"
    text = SC_1.read_text("utf-8").replace("include: fixture_j.yaml", f"include: {SC_1.parent / 'fixture_j.yaml'}")
    wrong.write_text(text.replace("composite: 3", "composite: 4", 1))
    unmet = console.run("scenario", "check", str(wrong), "--core")
    assert unmet.code == 1
    assert "wrong.yaml:" in unmet.out
    assert "seen:" in unmet.out
    told = console.run("scenario", "check", str(wrong), "--core", "--json")
    assert told.json[0]["runs"][0]["passed"] is False
    wrong.write_text(text.replace("expect:", "expects:", 1))
    broken = console.run("scenario", "check", str(wrong), "--core")
    assert broken.code == 2
    assert "wrong.yaml:" in broken.out


def test_scenario_run_tells_the_story(console: Console) -> None:
    told = console.real("scenario", "run", str(SC_1), "--core").out
    assert "专班 task force" in told
    events = console.ok("scenario", "run", str(SC_1), "--core", "--json").out
    assert '"resource.committed.v1"' in events


@pytest.mark.timeout(180)
def test_scenario_check_through_given_parts_leaves_the_database_as_it_was(live: Live) -> None:
    settings = live.settings
    short = live.console.folder / "short.yaml"
    text = SC_1.read_text("utf-8").replace("include: fixture_j.yaml", f"include: {SC_1.parent / 'fixture_j.yaml'}")
    short.write_text(text.replace("id: SC-1", "id: SHORT", 1).split("\nvariants:")[0])
    where = ("--brokers", settings.brokers, "--database", settings.database)
    told = live.console.run("scenario", "check", str(short), *where)
    assert told.code == 0, told
    assert "0 unmet" in told.out
    again = live.console.run("scenario", "check", str(SC_1.parent / "sc_1.yaml"), "--brokers", "x:1", "--database", "x")
    assert again.code in {2, 3}


def test_schemas_check_and_export(console: Console, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    assert console.run("schemas", "check", "--published", str(folder)).code == 1
    console.real("schemas", "export", "--published", str(folder))
    assert "up to date and compatible" in console.ok("schemas", "check", "--published", str(folder)).out
    path = folder / "inputs" / "resource.requested.v1.json"
    path.write_text(path.read_text("utf-8").replace('"text"', '"words"'))
    told = console.run("schemas", "check", "--published", str(folder), "--json").json
    assert told["drift"] == ["inputs/resource.requested.v1.json: is out of date"]
    assert any("words: removed or renamed" in one for one in told["breaks"])
    refused = console.run("schemas", "export", "--published", str(folder))
    assert refused.code == 1
    assert "--breaking REASON" in refused.err
    console.ok("schemas", "export", "--published", str(folder), "--breaking", "a test")


def test_the_published_contract_is_up_to_date(console: Console) -> None:
    assert "up to date and compatible" in console.real("schemas", "check").out

"""From nothing to a running worker by the command line alone, and `doctor` at every stage."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from streams.local.ports import free_ports
from streams.local.postgres import create_database, drop_database
from streams.settings import Settings
from streams.stack import environment
from streams.store.migrate import connect
from tests.acceptance.conftest import ROOT, Console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.parts_server import KafkaPart, PostgresPart


@pytest.fixture
async def fresh(kafka: KafkaPart, pg_server: PostgresPart, tmp_path: Path) -> AsyncIterator[Console]:
    """A console on a broker without our topics and an empty database."""
    name = f"setup_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name)
    settings = Settings(
        brokers=kafka.bootstrap,
        broker_kind="kafka" if kafka.real else "embedded",
        database=pg_server.dsn(name),
        deployment=f"s{uuid.uuid4().hex[:8]}",
        partitions=2,
        replication=1,
        http_port=free_ports(1)[0],
        session_timeout_s=6,
        rebalance_timeout_s=3,
    )
    yield Console(tmp_path, settings)
    await drop_database(pg_server.dsn_of_postgres, name)


def states(console: Console, code: int) -> dict[str, str]:
    ran = console.run("doctor", "--json")
    assert ran.code == code, ran
    found: dict[str, str] = {}
    for line in ran.json:
        found[line["what"]] = "wrong" if "wrong" in (found.get(line["what"]), line["state"]) else line["state"]
        assert line["next_step"] or line["state"] != "wrong", line
    return found


def test_an_installation_from_nothing_with_doctor_at_every_stage(fresh: Console) -> None:
    assert fresh.settings is not None
    before = states(fresh, 1)
    assert (before["broker"], before["topics"], before["migrations"]) == ("ok", "wrong", "wrong")

    assert len(fresh.real("migrate", "--json").json["applied"]) >= 3
    assert "up to date" in fresh.ok("migrate").out
    assert fresh.run("topics", "check").code == 1
    assert len(fresh.real("topics", "create", "--json").json["created"]) > 20
    assert "all topics are there" in fresh.ok("topics", "create").out
    assert fresh.real("topics", "check").code == 0
    other = fresh.run("topics", "check", "--partitions", "3")
    assert other.code == 1
    assert "set LIANDONG_PARTITIONS=2" in other.out
    rows = fresh.real("topics", "list", "--json").json
    assert {row["partitions"] for row in rows} == {2}
    if fresh.settings.broker_kind == "kafka":
        assert {row["timestamps"] for row in rows if row["direction"] == "in"} == {"LogAppendTime"}

    prepared = states(fresh, 1)
    assert (prepared["topics"], prepared["migrations"], prepared["worker"]) == ("ok", "ok", "wrong")
    assert prepared["offsets"] == "note"
    _run_worker(fresh)


def _run_worker(console: Console) -> None:
    assert console.settings is not None
    with (console.folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "worker"],
            env={**environment(console.settings), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            cwd=console.folder,
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 60
            while (ran := console.run("doctor", "--json")).code != 0:
                assert time.monotonic() < deadline, (ran, (console.folder / "worker.log").read_text())
                assert worker.poll() is None, (console.folder / "worker.log").read_text()
            assert {line["state"] for line in ran.json} <= {"ok", "note"}
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0


async def test_doctor_finds_a_lost_offset_and_events_that_nobody_publishes(fresh: Console) -> None:
    """OFFSET_LOST: never a silent skip; the log's bounds and what to do are told."""
    assert fresh.settings is not None
    fresh.ok("migrate")
    fresh.ok("topics", "create")
    connection = await connect(fresh.settings.database, "actual")
    await connection.execute("insert into input_offset (topic, partition, next_offset) values ('alerts', 1, 7)")
    await connection.execute(
        "insert into area_head (area, seq, now, chain, published, partition) values ('420100', 3, now(), '\\x00', 1, 0)"
    )
    await connection.close()
    lines = {line["what"]: line for line in fresh.run("doctor", "--json").json}
    assert "alerts-1: applied up to 7, the log has 0 to 0" in lines["offsets"]["said"]
    assert "the topic was re-created" in lines["offsets"]["next_step"]
    assert lines["backlog"]["said"] == "2 recorded events of areas 420100 wait to be published"


def test_a_worker_that_cannot_start_says_what_to_run(fresh: Console) -> None:
    ran = fresh.spawn("worker")
    assert ran.code != 0
    assert "run `liandong migrate" in ran.err
    fresh.ok("migrate")
    ran = fresh.spawn("worker")
    assert ran.code != 0
    assert "run `liandong topics create`" in ran.err

"""The real command line as a subprocess, and a realm with SC-1 played in it for it to look at."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streams.local.postgres import create_database, drop_database
from streams.runtime.startup import create_topics
from streams.scenario.parse import load
from streams.scenario.play import Wire, play
from streams.settings import Settings
from streams.stack import WorkerProcess, environment
from streams.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.scenario.model import Scenario
    from tests.parts_server import KafkaPart, PostgresPart

ROOT = Path(__file__).parents[2]
SC_1 = ROOT / "tests" / "scenarios" / "sc_1.yaml"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Console:
    """Runs `liandong` in a folder of its own, with these settings as environment variables."""

    folder: Path
    settings: Settings | None = None

    def run(self, *args: str, timeout: float = 100) -> Ran:
        known = {name: value for name, value in os.environ.items() if not name.startswith("LIANDONG_")}
        mine = environment(self.settings) if self.settings is not None else {}
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *args],
            cwd=self.folder,
            env={**known, **mine, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *args: str, timeout: float = 100) -> Ran:
        ran = self.run(*args, timeout=timeout)
        assert ran.code == 0, (args, ran)
        return ran


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """A console where nothing is configured."""
    return Console(tmp_path)


@dataclass(frozen=True)
class Live:
    """A running realm: its console, its settings, its worker."""

    console: Console
    settings: Settings
    worker: WorkerProcess
    scenario: Scenario


class FaultyWorker(WorkerProcess):
    """A worker whose decision on a marked alert raises while the folder has a file `broken`."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder)
        self.child.argv[2] = "tests.acceptance.faulty_worker"
        self.child.argv[3:] = [str(folder / "broken")]


@pytest.fixture(scope="session")
def live(kafka: KafkaPart, pg_server: PostgresPart) -> Iterator[Live]:
    """SC-1 played through topics in a realm whose worker still runs."""
    scenario = load(SC_1)[0]
    name = f"cli_{uuid.uuid4().hex}"
    settings = Settings(
        brokers=kafka.bootstrap,
        broker_kind="kafka" if kafka.real else "embedded",
        database=pg_server.dsn(name),
        realm=scenario.realm,
        deployment=f"cli{uuid.uuid4().hex[:8]}",
        partitions=1,
        replication=1,
        http_port=0,
        session_timeout_s=6,
        rebalance_timeout_s=3,
    )
    asyncio.run(create_database(pg_server.dsn_of_postgres, name))
    asyncio.run(migrate(settings.database, settings.realm))
    asyncio.run(create_topics(settings))
    with tempfile.TemporaryDirectory(prefix="liandong-cli-") as made:
        folder = Path(made)
        with FaultyWorker(settings, folder) as worker:
            wire = Wire(settings.brokers, settings.topic_prefix, settings.partitions, patience_s=60)
            played = asyncio.run(play(scenario, wire))
            assert played.errors == []
            yield Live(Console(folder, worker.settings), worker.settings, worker, scenario)
    asyncio.run(drop_database(pg_server.dsn_of_postgres, name))

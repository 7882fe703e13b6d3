"""The real command line as a subprocess, and a realm with SC-1 played in it for it to look at."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from streams.cli import main
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
    """Types `liandong` in a folder of its own, with these settings as environment variables."""

    folder: Path
    settings: Settings | None = None

    def run(self, *args: str) -> Ran:
        """In this process: what is tested is what the command does. Starting Python each time would cost minutes."""
        out, err = io.StringIO(), io.StringIO()
        with ExitStack() as held:
            patch = held.enter_context(pytest.MonkeyPatch.context())
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["liandong", *args])
            for name in [name for name in os.environ if name.startswith("LIANDONG_")]:
                patch.delenv(name)
            for name, value in self._environment().items():
                patch.setenv(name, value)
            held.enter_context(redirect_stdout(out))
            held.enter_context(redirect_stderr(err))
            code = _exit_code()
        return Ran(code, out.getvalue(), err.getvalue())

    def spawn(self, *args: str, timeout: float = 100) -> Ran:
        """As its own process: the real thing."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("LIANDONG_")}
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *args],
            cwd=self.folder,
            env={**known, **self._environment(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *args: str) -> Ran:
        """As `run`, and it must end well."""
        ran = self.run(*args)
        assert ran.code == 0, (args, ran)
        return ran

    def real(self, *args: str, timeout: float = 100) -> Ran:
        """As `spawn`, and it must end well."""
        ran = self.spawn(*args, timeout=timeout)
        assert ran.code == 0, (args, ran)
        return ran

    def _environment(self) -> dict[str, str]:
        mine = environment(self.settings) if self.settings is not None else {}
        return {**mine, "COLUMNS": "200"}


def _exit_code() -> int:
    """How `main` ends. A thread of its own: commands run their own event loop."""

    def call() -> int:
        try:
            main()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


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

"""Plays scenarios through topics: each run on its own topics, schema and worker."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from streams.cli.common import UNREACHABLE, USAGE, CommandError
from streams.local.stack import Stack, WorkerProcess
from streams.runtime.startup import create_topics
from streams.scenario.fold import Observed
from streams.scenario.model import Scenario
from streams.scenario.play import NoAnswerError, Wire
from streams.scenario.play import play as play_through
from streams.settings import Settings
from streams.store.migrate import migrate, schema_name

Watch = Callable[[Observed], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """One realm made ready for one run."""

    settings: Settings
    worker: WorkerProcess


class LocalPlace:
    """Runs on a stack of this machine: every run has a topic prefix and a database of its own."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.folder = stack.folder

    async def open(self, realm: str, number: int) -> Settings:
        """Make schema and topics of a run."""
        name = f"run_{number}"
        dsn = await self._stack.postgres.create_database(name)
        settings = self._stack.settings(realm, deployment=f"run{number}", database=dsn, partitions=1)
        await asyncio.gather(migrate(dsn, realm), create_topics(settings))
        return settings

    async def close(self, settings: Settings) -> None:
        """The stack is thrown away as a whole."""


class GivenPlace:
    """Runs on a broker and a database that are there: the realm must be new, and its schema is removed afterwards."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self.folder = folder

    async def open(self, realm: str, number: int) -> Settings:
        """Make schema and topics of a run."""
        schema = schema_name(realm)
        link = await asyncpg.connect(self._settings.database)
        try:
            if await link.fetchval("select 1 from pg_namespace where nspname = $1", schema):
                step = f'set another `realm:` in the file, or: drop schema "{schema}" cascade'
                raise CommandError(f"realm {realm} is in use: the database has a schema {schema}", step, USAGE)
            stamp = await link.fetchval("select to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS')")
        finally:
            await link.close()
        deployment = f"run{stamp}-{number}"
        settings = self._settings.model_copy(update={"realm": realm, "deployment": deployment, "http_port": 0})
        await migrate(settings.database, realm)
        await create_topics(settings)
        return settings

    async def close(self, settings: Settings) -> None:
        """Remove the schema; the topics stay for who wants to look, under the run's own prefix."""
        link = await asyncpg.connect(settings.database)
        try:
            await link.execute(f'drop schema "{schema_name(settings.realm)}" cascade')
        finally:
            await link.close()


class TopicsPlayer:
    """A player for `streams.scenario.check`: knows which runs will come, and readies each while another is played."""

    def __init__(self, place: LocalPlace | GivenPlace, runs: Iterable[Scenario], pause_s: float = 0.0) -> None:
        self._place = place
        self._coming = [scenario.realm for scenario in runs]
        self._pause = pause_s
        self._numbers = count(1)
        self._pool = ThreadPoolExecutor(1)
        self._ready: Future[Stage] | None = None
        self._last: Settings | None = None

    @property
    def settings(self) -> Settings:
        """Where the last run was played."""
        if self._last is None:
            raise RuntimeError("nothing was played yet")
        return self._last

    def __enter__(self) -> Self:
        """Begin with the first run's stage."""
        self._ready_next()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave no worker behind."""
        self._pool.shutdown(wait=True)
        if self._ready is not None and self._ready.exception() is None:
            self._ready.result().worker.stop()

    def __call__(self, scenario: Scenario, watch: Watch | None = None) -> tuple[list[Observed], list[str]]:
        """Play one run. Raises CommandError when nothing answers."""
        stage = self._stage(scenario.realm)
        self._last = stage.settings
        try:
            wire = Wire(
                stage.settings.brokers, stage.settings.topic_prefix, stage.settings.partitions, pause_s=self._pause
            )
            played = asyncio.run(play_through(scenario, wire, watch))
        except NoAnswerError as error:
            raise CommandError(
                f"{scenario.label}: {error}\n{stage.worker.child.tail()}",
                "see the worker's last lines above",
                UNREACHABLE,
            ) from error
        finally:
            stage.worker.stop()
            asyncio.run(self._place.close(stage.settings))
        return played.observed, played.errors

    def _stage(self, realm: str) -> Stage:
        stage = self._ready.result() if self._ready is not None else self._make(realm)
        self._ready_next()
        if stage.settings.realm != realm:
            raise RuntimeError(f"run {realm} is not the one that was announced: {stage.settings.realm}")
        return stage

    def _ready_next(self) -> None:
        self._ready = self._pool.submit(self._make, self._coming.pop(0)) if self._coming else None

    def _make(self, realm: str) -> Stage:
        number = next(self._numbers)
        settings = asyncio.run(self._place.open(realm, number))
        worker = WorkerProcess(settings, self._place.folder, f"run{number}").start()
        try:
            worker.wait_ready()
        except BaseException:
            worker.stop()
            raise
        return Stage(settings, worker)

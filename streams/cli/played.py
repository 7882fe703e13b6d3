"""Plays scenarios through topics: one realm and one worker for all runs, on a stack of our own or on given parts."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from streams.cli.common import UNREACHABLE, USAGE, CommandError, T, run
from streams.runtime.startup import create_topics
from streams.scenario.fold import Observed
from streams.scenario.judge import Verdict, judge
from streams.scenario.model import Scenario
from streams.scenario.parse import load
from streams.scenario.play import Collected, NoAnswerError, Wire, play, play_all
from streams.scenario.relabel import relabelled
from streams.settings import Settings
from streams.stack import BrokerKind, Stack, WorkerProcess
from streams.store.migrate import migrate, schema_name

SHARED = "exercise.scenarios"
FIRST_CITY = 7001
Watch = Callable[[Observed], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A realm with a worker that is ready."""

    settings: Settings
    worker: WorkerProcess
    pause_s: float = 0.0

    @property
    def wire(self) -> Wire:
        """How the player reaches it."""
        settings = self.settings
        return Wire(settings.brokers, settings.topic_prefix, settings.partitions, pause_s=self.pause_s)

    def tell(self, scenario: Scenario, watch: Watch) -> Verdict:
        """Play one run, handing on every event as it comes."""
        return _judged(scenario, self._answered(play(scenario, self.wire, watch)))

    def judge_all(self, scenarios: list[Scenario]) -> list[Verdict]:
        """Play all runs, some at the same time; each has cities of its own."""
        collected = self._answered(play_all(scenarios, self.wire))
        return [_judged(one, seen) for one, seen in zip(scenarios, collected, strict=True)]

    def _answered(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return run(work)
        except NoAnswerError as error:
            said = f"{error}\n{self.worker.child.tail()}"
            raise CommandError(said, "see the worker's last lines above", UNREACHABLE) from error


def _judged(scenario: Scenario, collected: Collected) -> Verdict:
    return judge(scenario, collected.observed, collected.errors)


def cast(files: list[Path]) -> dict[Path, list[Scenario]]:
    """All runs of the files, in one realm: a single one as it is, several each in cities of its own.

    Raises ScenarioError when a file is wrong.
    """
    runs = {path: load(path) for path in files}
    if sum(map(len, runs.values())) == 1:
        return {path: list(found) for path, found in runs.items()}
    codes = (f"{number}00" for number in count(FIRST_CITY))
    return {path: [relabelled(one, codes, SHARED) for one in found] for path, found in runs.items()}


@contextmanager
def own_stage(realm: str, folder: Path, broker: BrokerKind, pause_s: float = 0.0) -> Iterator[Stage]:
    """A stage on broker, PostgreSQL and worker that are started for it and thrown away."""
    with Stack(folder, broker) as stack:
        settings = stack.settings(realm)
        asyncio.run(stack.open_realm(settings))
        with stack.worker(settings) as worker:
            yield Stage(worker.settings, worker, pause_s)


@contextmanager
def given_stage(given: Settings, realm: str, folder: Path, pause_s: float = 0.0) -> Iterator[Stage]:
    """A stage on parts that are there: the realm must be new; its schema is removed afterwards, its topics stay."""
    settings = given.model_copy(update={"realm": realm, "http_port": 0})
    stamp = asyncio.run(_claim(settings))
    settings = settings.model_copy(update={"deployment": f"run{stamp}"})
    try:
        asyncio.run(_open(settings))
        with WorkerProcess(settings, folder) as worker:
            yield Stage(worker.settings, worker, pause_s)
    finally:
        asyncio.run(_drop(settings))


async def _claim(settings: Settings) -> str:
    """A stamp for the run's topics, if the realm's schema is not there."""
    schema = schema_name(settings.realm)
    link = await asyncpg.connect(settings.database)
    try:
        if await link.fetchval("select 1 from pg_namespace where nspname = $1", schema):
            step = f'set another `realm:` in the file, or: drop schema "{schema}" cascade'
            raise CommandError(f"realm {settings.realm} is in use: the database has a schema {schema}", step, USAGE)
        return str(await link.fetchval("select to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS')"))
    finally:
        await link.close()


async def _open(settings: Settings) -> None:
    await migrate(settings.database, settings.realm)
    await create_topics(settings)


async def _drop(settings: Settings) -> None:
    link = await asyncpg.connect(settings.database)
    try:
        await link.execute(f'drop schema if exists "{schema_name(settings.realm)}" cascade')
    finally:
        await link.close()

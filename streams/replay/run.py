"""Runs the replays of a realm and reports: what was compared, and the first difference."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, assert_never

import asyncpg

from streams.replay.compare import compare, of_database, of_memory
from streams.replay.decide import decide_area
from streams.replay.fold import fold_area, store
from streams.replay.recorded import DifferenceError, HeadRow, heads
from streams.replay.topics import TopicFold
from streams.replay.wire import Wire
from streams.runtime.records import Position
from streams.runtime.unit import namespace
from streams.settings import Settings
from streams.store.migrate import connect, migrate, schema_name
from streams.store.policy_book import PolicyBook
from streams.store.sql import QUERIES

Mode = Literal["fold", "decide", "topics"]
Progress = Callable[[int, int], None]
"""Called with events done and events in all."""


class NotEmptyError(Exception):
    """The schema into which a replay should fold already has areas."""


@dataclass(slots=True)
class Report:
    """What one replay found."""

    mode: Mode
    areas: int = 0
    events: int = 0
    entities: int = 0
    notes: list[str] = field(default_factory=list)
    difference: dict[str, Any] | None = None

    @property
    def same(self) -> bool:
        """Whether everything was identical."""
        return self.difference is None

    def data(self) -> dict[str, Any]:
        """For programs."""
        return {"same": self.same, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Replay:
    """One realm to replay; `into` is another database, `keep` leaves what was folded there."""

    settings: Settings
    area: str | None = None
    into: str | None = None
    keep: bool = False

    async def run(self, mode: Mode, progress: Progress) -> Report:
        """Replay in one snapshot of the recorder, so that a running worker does not disturb."""
        report = Report(mode)
        source = await connect(self.settings.database, self.settings.realm)
        try:
            async with source.transaction(isolation="repeatable_read", readonly=True):
                known = await heads(source, self.area)
                report.areas = len(known)
                await self._replay(mode, _Work(source, known, report, progress))
        except DifferenceError as error:
            report.difference = {"area": error.area, "seq": error.seq, "what": error.what}
        finally:
            await source.close()
        return report

    async def _replay(self, mode: Mode, work: "_Work") -> None:
        match mode:
            case "fold":
                await self._fold(work)
            case "decide":
                await self._decide(work)
            case "topics":
                await self._topics(work)
            case _:
                assert_never(mode)

    async def _fold(self, work: "_Work") -> None:
        async with self._scratch() as target:
            for head in work.heads:
                await store(target, await fold_area(work.source, head, namespace(self.settings.realm), work.tick), head)
                async with target.transaction():
                    stored, folded = of_database(work.source, head.area), of_database(target, head.area)
                    work.report.entities += await compare(head.area, stored, folded)

    async def _decide(self, work: "_Work") -> None:
        policies = PolicyBook()
        realm = self.settings.realm
        for head in work.heads:
            await decide_area(work.source, head, realm, namespace(realm), policies, work.tick)

    async def _topics(self, work: "_Work") -> None:
        rows = await work.source.fetch(QUERIES["read_offsets"])
        applied = {Position(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        async with Wire(self.settings, work.heads) as wire:
            await wire.read_outputs()
            await wire.read_inputs(applied)
        for head in work.heads:
            fold = TopicFold(wire, head, namespace(self.settings.realm))
            folded = of_memory(fold.run(work.tick))
            work.report.entities += await compare(head.area, of_database(work.source, head.area), folded)
            if fold.unchecked:
                work.report.notes.append(
                    f"area {head.area}: retention has removed {fold.unchecked} inputs: not checked"
                )

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[asyncpg.Connection]:
        """An empty schema to fold into: beside the realm's own, or in another database under the realm's name."""
        realm = self.settings.realm if self.into else f"replay_{schema_name(self.settings.realm)}"
        dsn = self.into or self.settings.database
        if self.into is None:
            await _drop(dsn, realm)
        await migrate(dsn, realm)
        target = await connect(dsn, realm)
        try:
            if await target.fetchval("select count(*) from area_head"):
                raise NotEmptyError(f"schema {schema_name(realm)} of the target is not empty")
            yield target
        finally:
            await target.close()
            if self.into is None and not self.keep:
                await _drop(dsn, realm)


@dataclass(slots=True)
class _Work:
    """What is replayed, and how far it has come."""

    source: asyncpg.Connection
    heads: list[HeadRow]
    report: Report
    progress: Progress

    def tick(self, events: int) -> None:
        """So many events more."""
        self.report.events += events
        self.progress(self.report.events, sum(head.seq for head in self.heads))


async def _drop(dsn: str, realm: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f'drop schema if exists "{schema_name(realm)}" cascade')
    finally:
        await connection.close()

"""The one transaction of a batch: positions, heads, states, decisions, recorder, offsets. Nothing is half done.

Before the commit nothing happened; after it nothing can be lost. Everything here may be repeated: what another
worker has applied meanwhile is recognised by the stored positions and dropped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.base import EARLIEST
from schemas.codec import Readable, Unreadable
from schemas.inputs.registers import AreaRegistered
from schemas.inputs.resources import ResourcePositioned
from schemas.outputs.area_events import RecordQuarantined, TimerQuarantined
from schemas.topics import ACTUAL
from streams.domain.autonomy.lookups import held_lookups
from streams.runtime.areas import Areas, StateUnreadableError
from streams.runtime.due import Gate, fired, next_due
from streams.runtime.items import Applied, CulpritError, Item, PositionMovedBackError, position_of
from streams.runtime.partitioning import home_partition
from streams.runtime.receive import Receiver
from streams.runtime.records import Position
from streams.runtime.routing import Router
from streams.runtime.unit import Head, Unit, plain
from streams.runtime.write import write_unit
from streams.store.database import TRANSIENT
from streams.store.policy_book import UnknownPolicyError
from streams.store.sql import QUERIES
from streams.telemetry import Metrics

AT_ONCE = 4
"""Transactions that run at the same time in one process: enough to overlap computing with waiting for the database."""


UNREADY: tuple[type[BaseException], ...] = (*TRANSIENT, UnknownPolicyError, StateUnreadableError)
"""Faults that pass by themselves, or when an operator stores what is missing."""
DECISION_BUDGETS = 8
"""How many times the time of a batch one decision may take."""


class TooSlowError(Exception):
    """A decision that can never be committed, because the database ends the transaction before it is made."""


class Transactions:
    """Runs transactions on one realm's schema."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        areas: Areas,
        metrics: Metrics,
        *,
        realm: str,
        namespace: UUID,
        partitions: int,
        budget_s: float,
        router: Router | None = None,
    ) -> None:
        self._pool = pool
        self.areas = areas
        self._metrics = metrics
        self._realm = realm
        self._namespace = namespace
        self._partitions = partitions
        self._budget_s = budget_s
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._receiver = Receiver(areas, metrics, router)

    @asynccontextmanager
    async def _work(self, areas: Iterable[str]) -> AsyncIterator[tuple[asyncpg.Connection, Applied]]:
        """One transaction on these areas: stored as a whole, or undone in memory too.

        Only a few run at once in one process: each computes on the same thread while the others hold their locks,
        and none may seem frozen to the database (`idle_in_transaction_session_timeout`).
        """
        applied = Applied(Unit(self._realm, self._namespace), {})
        async with self._slots, self.areas.held(areas):
            failed: Exception | None = None
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    try:
                        yield connection, applied
                    except Exception as error:
                        failed = error
                        raise
            except BaseException as error:
                self.areas.undo(applied.unit)
                if failed is not None and error is not failed:
                    # The rollback failed too, because the database had given up waiting: that is not what went wrong.
                    raise failed from error
                raise
            self.areas.committed(applied.unit)
            for (metric, labels), times in applied.counts.items():
                metric.labels(self._realm, *labels).inc(times)
            for area, positions in applied.positions.items():
                self.areas.took_positions(area, applied.unit.heads[area].telemetry, positions)

    async def apply(
        self,
        items: Sequence[Item],
        cursors: dict[str, int],
        reached: Mapping[Position, int],
        passed: Mapping[str, datetime],
    ) -> Applied:
        """Apply records; what must wait for a timer or takes too long for one transaction stands in `rest`.

        `cursors` are publish positions confirmed since the last transaction; `reached` is what this lane has applied;
        `passed` are times up to which records of an area wait for no timer. Raises PositionMovedBackError when the
        database knows less than `reached`, and CulpritError when a record's decision fails.
        """
        touched = {item.area for item in items if item.area is not None}
        async with self._work(touched) as (connection, applied):
            stored = await self.lock_positions(connection, {position_of(item) for item in items}, reached)
            fresh = [item for item in items if item.record.offset >= stored[position_of(item)]]
            applied.next_offsets = stored
            applied.skipped = len(items) - len(fresh)
            if applied.skipped:
                applied.count(self._metrics.fence, "offset", by=applied.skipped)
                # Whoever applied them may have died before it published.
                applied.letters = True
            await self._open_areas(connection, fresh)
            await self._lock_heads(connection, applied.unit, touched | cursors.keys(), cursors)
            applied.cursors = cursors
            if fresh:
                await self._receive(connection, applied, fresh, passed)
            await write_unit(connection, applied.unit, applied.positions)
            await self._move_offsets(connection, fresh[: len(fresh) - len(applied.rest)], stored)
        return applied

    async def _receive(
        self, connection: asyncpg.Connection, applied: Applied, fresh: list[Item], passed: Mapping[str, datetime]
    ) -> None:
        await self._prepare(connection, applied, fresh)
        known = await self.known_inputs(connection, fresh)
        over = time.monotonic() + self._budget_s
        for count, item in enumerate(fresh, 1):
            applied.gate = self._gate(applied.unit, item, passed)
            if applied.gate is not None:
                applied.rest = fresh[count - 1 :]
                break
            try:
                await self._receiver.receive(connection, applied, item, known)
                self._in_time(applied.unit)
            except UNREADY:
                raise
            except Exception as error:
                raise CulpritError(item, error) from error
            applied.next_offsets[position_of(item)] = item.record.offset + 1
            if time.monotonic() > over:
                applied.rest = fresh[count:]
                break
        for area, positions in applied.positions.items():
            applied.unit.heads[area].telemetry += 1
            applied.count(self._metrics.telemetry, by=len(positions))
        applied.letters = applied.letters or bool(applied.unit.letters)

    async def skip(self, position: Position, start: int, end: int) -> None:
        """Move a position over the end of a log in which there is no record."""
        async with self._pool.acquire() as connection:
            await connection.execute(QUERIES["skip_offset"], position.topic, position.partition, start, end)

    def _gate(self, unit: Unit, item: Item, passed: Mapping[str, datetime]) -> Gate | None:
        """The timer that must fire before this record, if there is one. In exercises clock records see to that."""
        state = unit.states.get(item.area or "")
        if state is None or self._realm != ACTUAL:
            return None
        timer = next_due(state, item.now)
        if timer is None or timer.due <= passed.get(state.area, EARLIEST):
            return None
        return Gate(state.area, timer.due)

    async def fire(self, area: str, before: datetime, seen: datetime | None, *, limit: int) -> tuple[Applied, bool]:
        """Fire what fell due before the instant, in due order, each at its due time; returns whether more is left.

        `seen` is when somebody got to it: the difference is recorded as lateness. None where time is virtual.
        """
        late: list[int] = []
        async with self._work((area,)) as (connection, applied):
            await self._lock_heads(connection, applied.unit, {area}, {})
            more = False
            if area in applied.unit.heads:
                await self.areas.ready(connection, applied.unit, applied.unit.heads[area])
                await self._load_due(connection, applied.unit, area, before)
                over = time.monotonic() + self._budget_s
                for _ in range(limit):
                    more = self._fire_next(applied.unit, area, before, seen, late)
                    if not more or time.monotonic() > over:
                        break
                await write_unit(connection, applied.unit, {})
        for milliseconds in late:
            self._metrics.lateness.labels(self._realm).observe(milliseconds / 1000)
        return applied, more

    async def _load_due(self, connection: asyncpg.Connection, unit: Unit, area: str, before: datetime) -> None:
        rows = await connection.fetch(QUERIES["due_timers"], area, before)
        await self.areas.visit(connection, unit, {area: {("timer", row["id"]) for row in rows}})
        wanted = {("incident", row["incident"]) for row in rows if row["incident"] is not None}
        wanted.update(held_lookups(unit.states[area]))
        await self.areas.visit(connection, unit, {area: wanted})

    def _fire_next(self, unit: Unit, area: str, before: datetime, seen: datetime | None, lateness: list[int]) -> bool:
        """Fire the timer that fell due first; whether there is another."""
        due = next_due(unit.states[area], before)
        if due is None:
            return False
        late = max(0, round((seen - due.due).total_seconds() * 1000)) if seen is not None else 0
        unit.decide_timer(area, fired(due, late), due.due)
        self._in_time(unit)
        lateness.append(late)
        return next_due(unit.states[area], before) is not None

    def _in_time(self, unit: Unit) -> None:
        if unit.decisions and unit.decisions[-1].seconds > self._budget_s * DECISION_BUDGETS:
            raise TooSlowError("one decision computed for longer than the database waits for a transaction")

    async def quarantine(self, item: Item, error: BaseException) -> Applied:
        """Keep a record whose decision fails, degrade its area, go on with the next."""
        async with self._kept(item, error) as (connection, applied):
            head = applied.unit.heads.get(item.area or "")
            if head is not None and head.seq and applied.letters:
                await self.areas.ready(connection, applied.unit, head)
                record = item.record
                fault = f"fault:{record.topic}:{record.partition}:{record.offset}"
                origin = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                told = RecordQuarantined(fault=fault, origin=origin, error=_told(error))
                applied.unit.happened(head.area, told, fault, item.now)
        return applied

    async def keep(self, item: Item, error: BaseException) -> Applied:
        """Keep a record whose decision fails although its area cannot even be told."""
        async with self._kept(item, error) as (_, applied):
            pass
        return applied

    @asynccontextmanager
    async def _kept(self, item: Item, error: BaseException) -> AsyncIterator[tuple[asyncpg.Connection, Applied]]:
        """A transaction that sets the record aside; `letters` is false when another worker has dealt with it."""
        position, areas = position_of(item), {item.area} if item.area else set()
        async with self._work(areas) as (connection, applied):
            stored = applied.next_offsets = await self.lock_positions(connection, {position}, {})
            await self._lock_heads(connection, applied.unit, areas, {})
            applied.letters = item.record.offset >= stored[position]
            if applied.letters:
                why = Unreadable("QUARANTINED", type(error).__name__, _told(error))
                applied.unit.letter(item.record, item.area, "fault", why, item.now)
                applied.count(self._metrics.quarantined, item.record.topic)
                stored[position] = item.record.offset + 1
            yield connection, applied
            await write_unit(connection, applied.unit, {})
            if applied.letters:
                await self._move_offsets(connection, (item,), stored)
        # Whoever has dealt with it may have died before it published.
        applied.letters = True

    async def quarantine_timer(self, area: str, before: datetime, error: BaseException) -> Applied:
        """The timer that fell due first makes its decision fail: it is dropped as a fault, the area is degraded."""
        async with self._work((area,)) as (connection, applied):
            unit = applied.unit
            await self._lock_heads(connection, unit, {area}, {})
            await self.areas.ready(connection, unit, unit.heads[area])
            await self._load_due(connection, unit, area, before)
            timer = next_due(unit.states[area], before)
            if timer is not None:
                drop = TimerQuarantined(
                    incident=timer.incident, timer=timer.id, kind=timer.kind, due=timer.due, error=_told(error)
                )
                unit.happened(area, drop, f"fault:timer:{timer.id}#{unit.heads[area].seq + 1}", timer.due)
                applied.count(self._metrics.quarantined, "timer")
            await write_unit(connection, unit, {})
        return applied

    # ---- the steps of a transaction

    async def lock_positions(
        self, connection: asyncpg.Connection, wanted: set[Position], reached: Mapping[Position, int]
    ) -> dict[Position, int]:
        """Stored positions, locked until the end: two workers cannot both apply a record."""
        ordered = sorted(wanted)
        rows = await connection.fetch(
            QUERIES["lock_offsets"], [p.topic for p in ordered], [p.partition for p in ordered]
        )
        if len(rows) != len(ordered):
            raise PositionMovedBackError("positions of this lane are gone from the database")
        stored = {Position(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        if back := [position for position, offset in stored.items() if offset < reached.get(position, 0)]:
            raise PositionMovedBackError(f"the database knows less than was applied: {back}")
        return stored

    async def known_inputs(
        self, connection: asyncpg.Connection, items: Iterable[Item]
    ) -> dict[tuple[str, str, str], bytes]:
        """Identities that were accepted before, with the digest of their content."""
        keys = [
            (item.area, item.read.envelope.source, item.read.envelope.id)
            for item in items
            if isinstance(item.read, Readable) and not isinstance(item.read.event, ResourcePositioned)
        ]
        if not keys:
            return {}
        rows = await connection.fetch(QUERIES["known_inputs"], *map(list, zip(*keys, strict=True)))
        return {(row["area"], row["source"], row["id"]): row["digest"] for row in rows}

    async def _open_areas(self, connection: asyncpg.Connection, items: Iterable[Item]) -> None:
        new = sorted(
            {
                i.read.event.area
                for i in items
                if isinstance(i.read, Readable) and isinstance(i.read.event, AreaRegistered)
            }
        )
        if new:
            first = min(item.now for item in items)
            await connection.execute(
                QUERIES["create_heads"], new, [home_partition(area, self._partitions) for area in new], first
            )

    async def _lock_heads(
        self, connection: asyncpg.Connection, unit: Unit, areas: Iterable[str], cursors: dict[str, int]
    ) -> None:
        for row in await connection.fetch(QUERIES["lock_heads"], sorted(areas)):
            head = Head(**row)
            head.published = max(head.published, cursors.get(head.area, 0))
            unit.heads[head.area] = head

    async def _prepare(self, connection: asyncpg.Connection, applied: Applied, items: Sequence[Item]) -> None:
        """True states of the areas that will decide, and the closed history that inputs name."""
        unit = applied.unit
        wanted: dict[str, set[tuple[str, str]]] = {}
        for item in items:
            head = unit.heads.get(item.area or "")
            if head is None or (isinstance(item.read, Readable) and isinstance(item.read.event, ResourcePositioned)):
                continue
            if head.area not in unit.states and not await self.areas.ready(connection, unit, head):
                applied.count(self._metrics.fence, "head")
            if isinstance(item.read, Readable):
                wanted.setdefault(head.area, set()).update(item.read.event.lookups())
        for area, keys in wanted.items():
            keys.update(held_lookups(unit.states[area]))
        await self.areas.visit(connection, unit, wanted)

    async def _move_offsets(
        self, connection: asyncpg.Connection, items: Iterable[Item], stored: dict[Position, int]
    ) -> None:
        last: dict[Position, int] = {}
        foreign: set[tuple[str, int]] = set()
        for item in items:
            last[position_of(item)] = item.record.timestamp
            if item.area and item.record.partition != home_partition(item.area, self._partitions):
                foreign.add((item.area, item.record.partition))
        moved = sorted(last)
        if not moved:
            return
        await connection.execute(
            QUERIES["move_offsets"],
            [position.topic for position in moved],
            [position.partition for position in moved],
            [stored[position] for position in moved],
            [last[position] for position in moved],
        )
        if foreign:
            await connection.execute(QUERIES["put_foreign"], *map(list, zip(*sorted(foreign), strict=True)))


def _told(error: BaseException) -> str:
    return plain(f"{type(error).__name__}: {error}", 2000)

"""The recorder as outbox: publishes what was committed, keeps the publish cursors, writes the decision lines."""

import time
from collections.abc import Iterable

import asyncpg
import structlog

from schemas.base import OutputEvent
from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.allocation_events import CommitmentAdvanced, OrdersReplanned
from schemas.outputs.refusals import CommandRefused
from streams.runtime.items import Applied, PositionMovedBackError
from streams.runtime.nodes import observe
from streams.runtime.publisher import Publisher, unpublished
from streams.runtime.records import Position
from streams.runtime.unit import Decision
from streams.store.rows import EventRow, LetterRow
from streams.store.sql import QUERIES
from streams.telemetry import Metrics

log = structlog.get_logger("decision")


class Outbox:
    """One lane's publishing. Cursors travel with the next transaction, or alone when the lane is idle."""

    def __init__(self, pool: asyncpg.Pool, publisher: Publisher, metrics: Metrics) -> None:
        self._pool = pool
        self._publisher = publisher
        self._metrics = metrics
        self._cursors: dict[str, int] = {}

    def cursors(self) -> dict[str, int]:
        """Confirmed positions that the next transaction stores along with its own work."""
        return dict(self._cursors)

    def forget_cursors(self) -> None:
        """Trust the database alone: what was sent may be sent again."""
        self._cursors.clear()

    async def publish(self, applied: Applied) -> None:
        """Send a committed unit's events, in an unbroken run from each area's cursor."""
        for area in applied.unit.heads:
            if area in applied.cursors and self._cursors.get(area) == applied.cursors[area]:
                del self._cursors[area]
        direct, broken = self._unbroken(applied)
        if direct:
            await self._publisher.send(direct)
            for row in direct:
                self._cursors[row.area] = row.seq
                self._metrics.events.labels(self._metrics.realm, row.topic).inc()
        for area in sorted(broken):
            await self.catch_up(area)
        if applied.letters:
            await self.publish_letters(applied.next_offsets)

    def _unbroken(self, applied: Applied) -> tuple[list[EventRow], set[str]]:
        """Rows that follow the cursors without a hole, and the areas where others must be sent too.

        Those were committed by a worker that did not publish them, or by us in a commit whose answer was lost.
        """
        heads = applied.unit.heads
        expected = {area: max(head.published, self._cursors.get(area, 0)) + 1 for area, head in heads.items()}
        direct: list[EventRow] = []
        broken: set[str] = set()
        for row in applied.unit.events:
            if row.seq > expected[row.area]:
                broken.add(row.area)
            elif row.seq == expected[row.area]:
                direct.append(row)
                expected[row.area] += 1
        broken |= {area for area, head in heads.items() if head.seq >= expected[area]}
        return direct, broken

    async def catch_up(self, area: str) -> None:
        """Send what somebody committed and nobody has confirmed, from the database."""
        while True:
            async with self._pool.acquire() as connection:
                rows = await unpublished(connection, area)
            if not rows:
                return
            await self._publisher.send(rows)
            async with self._pool.acquire() as connection:
                await connection.execute(QUERIES["move_published"], [area], [rows[-1].seq])
            self._cursors.pop(area, None)

    async def publish_letters(self, positions: Iterable[Position]) -> None:
        """Send dead letters of these partitions that the topic does not have yet."""
        where = list(positions)
        if not where:
            return
        while True:
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(
                    QUERIES["unpublished_letters"], [p.topic for p in where], [p.partition for p in where]
                )
            if not rows:
                return
            letters = [LetterRow(*row.values()) for row in rows]
            await self._publisher.send_letters(letters)
            async with self._pool.acquire() as connection:
                await connection.execute(
                    QUERIES["letters_published"],
                    [letter.topic for letter in letters],
                    [letter.partition for letter in letters],
                    [letter.offset for letter in letters],
                )

    async def flush(self, partition: int) -> None:
        """Store cursors of an idle lane. A failure costs nothing but repetitions: the next transaction tries again."""
        if not self._cursors:
            return
        cursors = dict(self._cursors)
        try:
            async with self._pool.acquire() as connection:
                await connection.execute(QUERIES["move_published"], list(cursors), list(cursors.values()))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("cursor_not_stored", lane=partition, error=repr(error))
            return
        for area, seq in cursors.items():
            if self._cursors.get(area) == seq:
                del self._cursors[area]

    async def positions(self, wanted: Iterable[Position]) -> dict[Position, int]:
        """Stored positions. Raises PositionMovedBackError when there are none for some of them."""
        stored = await self._stored()
        if missing := [position for position in wanted if position not in stored]:
            raise PositionMovedBackError(f"positions are gone from the database: {missing}")
        return {position: stored[position] for position in wanted}

    async def _stored(self) -> dict[Position, int]:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(QUERIES["read_offsets"])
        return {Position(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def reached(self, after: dict[Position, int]) -> bool:
        """Whether these positions have been applied, by whichever worker."""
        stored = await self._stored()
        return all(stored.get(position, 0) >= end for position, end in after.items())

    def log(self, applied: Applied) -> None:
        """One line per decision; refusals and latencies counted."""
        realm = self._metrics.realm
        for decision in applied.unit.decisions:
            self._metrics.decision.labels(realm, decision.cause.topic or decision.cause.source).observe(
                decision.seconds
            )
            self._count_allocation(decision.events)
            refusals = [event for event in decision.events if isinstance(event, CommandRefused)]
            for refusal in refusals:
                self._metrics.refusals.labels(realm, refusal.code).inc()
                if refusal.command == DirectiveIssued.TYPE:
                    self._metrics.directive_alerts.labels(realm, refusal.code).inc()
            observe(self._metrics, decision.events)
            self._line(decision, "refused" if refusals else "decided")

    def _count_allocation(self, events: list[OutputEvent]) -> None:
        """AL-3, TM-12: how long orders took; what confirmed re-plans saved."""
        metrics, realm = self._metrics, self._metrics.realm
        for event in events:
            if isinstance(event, CommitmentAdvanced) and event.after_s is not None:
                metrics.arrival.labels(realm, event.kind).observe(event.after_s)
            elif isinstance(event, OrdersReplanned):
                metrics.replanned.labels(realm, event.kind, "carried_out").inc(event.carried_out)
                metrics.replanned.labels(realm, event.kind, "dropped").inc(event.dropped)
                metrics.replan_saved.labels(realm, event.kind).inc(max(event.saved_ms, 0) / 1000)

    def _line(self, decision: Decision, outcome: str) -> None:
        cause = decision.cause
        rules = sorted({hit.rule for event in decision.events for hit in event.__dict__.get("hits", ())})
        log.info(
            "decided",
            area=decision.area,
            source=cause.source,
            event_id=cause.id,
            type=cause.type,
            stage=[event.TYPE.rsplit(".", 1)[0] for event in decision.events],
            rules=rules,
            outcome=outcome,
            latency_ms=round(decision.seconds * 1000, 3),
        )


def age_seconds(oldest_ms: float | None) -> float:
    """Seconds since an instant in ms, 0 without one."""
    return max(0.0, time.time() - oldest_ms / 1000) if oldest_ms else 0.0

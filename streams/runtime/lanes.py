"""All lanes of one worker: assignment, log ends, timers, and what readiness is made of."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from schemas.topics import INPUT_TOPICS, REGISTERS
from streams.runtime.areas import Areas
from streams.runtime.due import DueTimers
from streams.runtime.inbox import Reseek
from streams.runtime.lane import Lane, LaneState, utc_now
from streams.runtime.logs import Logs
from streams.runtime.outbox import Outbox
from streams.runtime.partitioning import crc32_partition, home_partition
from streams.runtime.publisher import Publisher
from streams.runtime.records import Offsets, Position
from streams.runtime.routing import router_for
from streams.runtime.sweep import Sweep
from streams.runtime.transaction import Transactions
from streams.settings import Settings
from streams.store.database import TRANSIENT
from streams.store.sql import QUERIES
from streams.telemetry import Metrics

log = structlog.get_logger("lanes")
ANY_POSITION = Position(REGISTERS, 0)


class Lanes:
    """Owns the lanes of the partitions this worker has been assigned."""

    def __init__(
        self,
        settings: Settings,
        pool: asyncpg.Pool,
        areas: Areas,
        publisher: Publisher,
        metrics: Metrics,
        namespace: UUID,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._publisher = publisher
        self._metrics = metrics
        self._router = router_for(settings.routing, settings.routing_timeout_ms, metrics)
        self._transactions = Transactions(
            pool,
            areas,
            metrics,
            realm=settings.realm,
            namespace=namespace,
            partitions=settings.partitions,
            budget_s=settings.idle_transaction_ms / 8000,
            router=self._router,
        )
        self._logs = Logs(settings)
        self._reseek: Reseek | None = None
        self._sweep = Sweep()
        self._lanes: dict[int, Lane] = {}
        self._assigning = asyncio.Lock()
        self._tick_task: asyncio.Task[None] | None = None
        self.database_seen = 0.0
        self.assigned = False

    @property
    def broker_seen(self) -> float:
        """When the broker answered last (monotonic seconds)."""
        return self._logs.seen

    def lane(self, partition: int) -> Lane:
        """The lane of a partition number."""
        known = self._lanes.get(partition)
        if known is None:
            outbox = Outbox(self._pool, self._publisher, self._metrics)
            known = self._lanes[partition] = Lane(
                partition,
                self._transactions,
                outbox,
                self._settings,
                self._metrics,
                self._read_again,
                self._logs,
                self._horizon,
            )
        return known

    async def open(self, reseek: Reseek) -> None:
        """Begin looking at log ends and timers."""
        self._reseek = reseek
        self._tick_task = asyncio.create_task(self._ticks(), name="lanes-tick")

    async def close(self) -> None:
        """Let running transactions end, store cursors, stop."""
        if self._tick_task is not None:
            self._tick_task.cancel()
            await asyncio.wait((self._tick_task,))
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        for lane in self._lanes.values():
            await lane.outbox.flush(lane.partition)
        await self._logs.close()
        if self._router is not None:
            await self._router.close()

    async def assign(self, wanted: set[Position]) -> dict[Position, int]:
        """Take these partitions: finish what the last owner left unpublished, read positions, start the lanes.

        Called before records flow; repeats until broker and database answer. A position that the log no longer has
        (or never had) stops its lane: it is returned at the log's end so that nothing of it is fetched.
        """
        async with self._assigning:
            self.assigned = False
            await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
            while True:
                try:
                    positions = await self._assign(wanted)
                except (*TRANSIENT, KafkaError) as error:
                    log.warning("assignment_waits", error=repr(error), next="waiting for broker and database")
                except Exception:
                    log.exception("assignment_failed", next="tried again; the worker is not ready until then")
                else:
                    self.assigned = True
                    return positions
                await asyncio.sleep(0.5)

    async def _assign(self, wanted: set[Position]) -> dict[Position, int]:
        begins, ends = await self._logs.begins(wanted), await self._logs.ends(wanted)
        ordered, partitions = sorted(wanted), sorted({p.partition for p in wanted})
        async with self._pool.acquire() as connection:
            await connection.execute(
                QUERIES["ensure_offsets"],
                [p.topic for p in ordered],
                [p.partition for p in ordered],
                [begins[p] for p in ordered],
            )
            rows = await connection.fetch(QUERIES["read_offsets"])
            left = [row["area"] for row in await connection.fetch(QUERIES["unpublished_areas"], partitions)]
            if self._settings.virtual_time:
                heads = await connection.fetch(QUERIES["head_instants"])
                self._transactions.areas.learn({row["area"]: row["now"] for row in heads})
        known = {p: row for row in rows if (p := Position(row["topic"], row["partition"])) in wanted}
        stored = {p: int(row["next_offset"]) for p, row in known.items()}
        lost = await self._lost_positions(stored, {p: row["last_timestamp"] for p, row in known.items()}, begins, ends)
        await self._finish(partitions, stored, left)
        bad = {position.partition for position in lost}
        for partition in partitions:
            lane = self.lane(partition)
            if partition in bad:
                lane.lose("; ".join(why for position, why in sorted(lost.items()) if position.partition == partition))
            else:
                await lane.start({p: offset for p, offset in stored.items() if p.partition == partition}, ends)
        return {p: ends[p] if p.partition in bad else offset for p, offset in stored.items()}

    async def _finish(self, partitions: list[int], stored: dict[Position, int], areas: list[str]) -> None:
        """Publish what the last owners of these partitions have committed and nobody has sent."""
        for partition in partitions:
            await self.lane(partition).outbox.publish_letters([p for p in stored if p.partition == partition])
        for area in areas if partitions else ():
            await self.lane(partitions[0]).outbox.catch_up(area)

    async def _lost_positions(
        self,
        stored: dict[Position, int],
        last: dict[Position, int | None],
        begins: dict[Position, int],
        ends: dict[Position, int],
    ) -> dict[Position, str]:
        """Positions that the log does not have any more, or has of another life of the topic, and why."""
        lost = {
            p: f"{p.topic} {p.partition}: stored position {at} is not within the log's {begins[p]} to {ends[p]}"
            for p, at in stored.items()
            if not begins[p] <= at <= ends[p]
        }
        if self._settings.broker_kind == "embedded":
            return lost
        proof = {p: (at - 1, last[p]) for p, at in stored.items() if p not in lost and at > begins[p]}
        proof = {p: (at, stamp) for p, (at, stamp) in proof.items() if stamp is not None and stamp >= 0}
        found = await self._logs.timestamps({p: at for p, (at, _) in proof.items()})
        for p, (at, stamp) in proof.items():
            if found[p] != stamp:
                lost[p] = f"{p.topic} {p.partition}: was re-created, its record {at} is another than the one applied"
        return lost

    async def _read_again(self, position: Position, offset: int) -> None:
        if self._reseek is not None:
            await self._reseek(position, offset)

    # ---- log ends and timers

    def running(self) -> list[Lane]:
        """Lanes that work."""
        return [lane for lane in self._lanes.values() if lane.state is LaneState.RUNNING]

    def lost(self) -> list[Lane]:
        """Lanes stopped with OFFSET_LOST."""
        return [lane for lane in self._lanes.values() if lane.state is LaneState.LOST]

    async def _ticks(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(self._settings.timer_interval_ms / 1000)
            beat += 1
            await self._looked(self._tick)
            if beat % 5 == 0:
                await self._looked(self._measure)

    async def _looked(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except (*TRANSIENT, KafkaError) as error:
            log.warning("tick_waits", error=repr(error))
        except Exception:
            log.exception("tick_failed")

    async def _tick(self) -> None:
        """Find timers that fell due; they fire once everything appended up to now has been applied."""
        lanes = self.running()
        before = utc_now() - timedelta(milliseconds=self._settings.timer_margin_ms)
        due: dict[int, dict[str, set[int]]] = {}
        if lanes and not self._settings.virtual_time:
            await self._looked(lambda: self._find_due(before, lanes, due))
        where = {lane.partition: {lane.partition}.union(*due.get(lane.partition, {}).values()) for lane in lanes}
        partitions = set().union(*where.values())
        # A worker to which nothing is assigned wants to know too whether the broker is there.
        ends = await self._logs.ends({Position(t, p) for p in partitions for t in INPUT_TOPICS} or {ANY_POSITION})
        for lane in lanes:
            lane.end_seen(ends)
            if areas := due.get(lane.partition):
                after = {position: end for position, end in ends.items() if position.partition in where[lane.partition]}
                lane.timers_due(DueTimers(before, tuple(sorted(areas)), after))

    async def _find_due(self, before: datetime, lanes: list[Lane], due: dict[int, dict[str, set[int]]]) -> None:
        """Areas with timers that fell due, by their lane, and all partitions in which their records may stand."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(QUERIES["due_areas"], before, [lane.partition for lane in lanes])
            seen = await connection.fetch(QUERIES["foreign_partitions"], [row["area"] for row in rows])
        self.database_seen = time.monotonic()
        for row in rows:
            others = {one["partition"] for one in seen if one["area"] == row["area"]}
            due.setdefault(row["partition"], {})[row["area"]] = self._usual(row["area"]) | others

    def _usual(self, area: str) -> set[int]:
        """Partitions to which the usual producers send an area's records."""
        count = self._settings.partitions
        return {home_partition(area, count), crc32_partition(area, count)}

    async def _horizon(self, area: str, due: datetime, lane: int) -> Offsets:
        """Where every log that can hold the area's records goes on after `due`."""
        async with self._pool.acquire() as connection:
            seen = await connection.fetch(QUERIES["foreign_partitions"], [area])
        where = self._usual(area) | {lane} | {row["partition"] for row in seen}
        wanted = {Position(topic, partition) for partition in where for topic in INPUT_TOPICS}
        if self._settings.broker_kind == "embedded":
            # It does not know offsets by time: the order of the lane's own queue must do.
            return {}
        return await self._logs.after(wanted, due)

    async def _measure(self) -> None:
        realm = self._settings.realm
        self._metrics.lag.clear()
        for lane in self.running():
            for position, lag in lane.lag().items():
                self._metrics.lag.labels(realm, position.topic, str(position.partition)).set(lag)
        partitions = [lane.partition for lane in self.running()]
        async with self._pool.acquire() as connection:
            await connection.execute(QUERIES["free_frozen"], self._settings.idle_transaction_ms / 1000)
            late = await self._sweep.overdue(connection, partitions)
            row = await connection.fetchrow(QUERIES["backlog"], partitions)
        self.database_seen = time.monotonic()
        for partition, areas in late.items():
            self._lanes[partition].overdue(areas)
        self._metrics.unpublished.labels(realm).set(row["rows"])
        self._metrics.unpublished_age.labels(realm).set(row["age"])
        self._metrics.degraded.labels(realm).set(row["degraded"])

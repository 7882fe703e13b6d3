"""All lanes of one worker: assignment, log ends, timers, and what readiness is made of."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.topics import INPUT_TOPICS
from streams.runtime.areas import Areas
from streams.runtime.lane import DueTimers, Lane, LaneState, utc_now
from streams.runtime.outbox import Outbox
from streams.runtime.publisher import Publisher
from streams.runtime.records import Position
from streams.runtime.sweep import Sweep
from streams.runtime.transaction import Transactions
from streams.settings import Settings
from streams.store.database import TRANSIENT
from streams.store.sql import QUERIES
from streams.telemetry import Metrics

log = structlog.get_logger("lanes")
T = TypeVar("T")
Reseek = Callable[[Position, int], Awaitable[None]]


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
        self._transactions = Transactions(
            pool,
            areas,
            metrics,
            realm=settings.realm,
            namespace=namespace,
            partitions=settings.partitions,
            budget_s=settings.idle_transaction_ms / 8000,
        )
        self._probe: AIOKafkaConsumer | None = None
        self._reseek: Reseek | None = None
        self._probing = asyncio.Lock()
        self._sweep = Sweep()
        self._lanes: dict[int, Lane] = {}
        self._assigning = asyncio.Lock()
        self._tick_task: asyncio.Task[None] | None = None
        self.database_seen = 0.0
        self.broker_seen = 0.0
        self.assigned = False

    def lane(self, partition: int) -> Lane:
        """The lane of a partition number."""
        known = self._lanes.get(partition)
        if known is None:
            outbox = Outbox(self._pool, self._publisher, self._metrics)
            known = self._lanes[partition] = Lane(
                partition, self._transactions, outbox, self._settings, self._metrics, self._read_again
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
        if self._probe is not None:
            await self._probe.stop()
            self._probe = None

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
                    await asyncio.sleep(0.5)
                else:
                    self.assigned = True
                    return positions

    async def _assign(self, wanted: set[Position]) -> dict[Position, int]:
        begins, ends = await self._log_begins(wanted), await self.log_ends(wanted)
        ordered = sorted(wanted)
        async with self._pool.acquire() as connection:
            await connection.execute(
                QUERIES["ensure_offsets"],
                [p.topic for p in ordered],
                [p.partition for p in ordered],
                [begins[p] for p in ordered],
            )
            rows = await connection.fetch(QUERIES["read_offsets"])
            partitions = sorted({p.partition for p in wanted})
            left = [row["area"] for row in await connection.fetch(QUERIES["unpublished_areas"], partitions)]
        stored = {p: row["next_offset"] for row in rows if (p := Position(row["topic"], row["partition"])) in wanted}
        for partition in partitions:
            own = {p: offset for p, offset in stored.items() if p.partition == partition}
            lane = self.lane(partition)
            await lane.outbox.publish_letters(own)
            if bad := [p for p, offset in own.items() if not begins[p] <= offset <= ends[p]]:
                lane.lose()
                for p in bad:
                    log.critical(
                        "OFFSET_LOST", topic=p.topic, partition=p.partition, stored=own[p], log=[begins[p], ends[p]],
                        next="run `liandong doctor`: the log lacks what comes next, or the topic was re-created",
                    )  # fmt: skip
        if partitions:
            outbox = self.lane(partitions[0]).outbox
            for area in left:
                await outbox.catch_up(area)
        for partition in partitions:
            lane = self._lanes[partition]
            if lane.state is not LaneState.LOST:
                own = {p: offset for p, offset in stored.items() if p.partition == partition}
                await lane.start(own, ends)
        lost = {partition for partition in partitions if self._lanes[partition].state is LaneState.LOST}
        return {p: ends[p] if p.partition in lost else offset for p, offset in stored.items()}

    async def _read_again(self, position: Position, offset: int) -> None:
        if self._reseek is not None:
            await self._reseek(position, offset)

    # ---- log ends and timers

    async def _asked(self, ask: Callable[[AIOKafkaConsumer], Awaitable[T]]) -> T:
        """Ask the broker about its logs; a client that failed is replaced."""
        async with self._probing:
            probe = self._probe or AIOKafkaConsumer(bootstrap_servers=self._settings.brokers, request_timeout_ms=5000)
            try:
                if self._probe is None:
                    await probe.start()
                answer = await ask(probe)
            except BaseException:
                self._probe = None
                await probe.stop()
                raise
            self._probe = probe
        self.broker_seen = time.monotonic()
        return answer

    def _real(self, position: Position) -> TopicPartition:
        return TopicPartition(self._settings.topic_prefix + position.topic, position.partition)

    async def _log_begins(self, wanted: set[Position]) -> dict[Position, int]:
        real = {self._real(position): position for position in wanted}
        begins = await self._asked(lambda consumer: consumer.beginning_offsets(list(real)))
        return {real[tp]: at for tp, at in begins.items()}

    async def log_ends(self, wanted: set[Position]) -> dict[Position, int]:
        """Where these logs end now."""
        real = {self._real(position): position for position in wanted}
        ends = await self._asked(lambda consumer: consumer.end_offsets(list(real)))
        return {real[tp]: at for tp, at in ends.items()}

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
            try:
                await self._tick()
                if beat % 5 == 0:
                    await self._measure()
            except (*TRANSIENT, KafkaError) as error:
                log.warning("tick_waits", error=repr(error))
            except Exception:
                log.exception("tick_failed")

    async def _tick(self) -> None:
        """Find timers that fell due; they fire once everything appended up to now has been applied."""
        lanes = self.running()
        if not lanes:
            return
        before = utc_now() - timedelta(milliseconds=self._settings.timer_margin_ms)
        due: dict[int, list[str]] = {}
        foreign: dict[int, set[int]] = {}
        if not self._settings.virtual_time:
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(QUERIES["due_areas"], before, [lane.partition for lane in lanes])
                for row in rows:
                    due.setdefault(row["partition"], []).append(row["area"])
                for row in await connection.fetch(QUERIES["foreign_partitions"], [row["area"] for row in rows]):
                    home = next(p for p, areas in due.items() if row["area"] in areas)
                    foreign.setdefault(home, set()).add(row["partition"])
            self.database_seen = time.monotonic()
        ends = await self.log_ends(
            {Position(t, lane.partition) for lane in lanes for t in INPUT_TOPICS}
            | {Position(t, p) for others in foreign.values() for p in others for t in INPUT_TOPICS}
        )
        for lane in lanes:
            lane.end_seen(ends)
            if lane.partition in due:
                where = {lane.partition} | foreign.get(lane.partition, set())
                after = {position: end for position, end in ends.items() if position.partition in where}
                lane.timers_due(DueTimers(before, tuple(due[lane.partition]), after))

    async def _measure(self) -> None:
        realm = self._settings.realm
        for lane in self.running():
            for position, lag in lane.lag().items():
                self._metrics.lag.labels(realm, position.topic, str(position.partition)).set(lag)
        partitions = [lane.partition for lane in self.running()]
        async with self._pool.acquire() as connection:
            await connection.execute(QUERIES["free_frozen"], self._settings.idle_transaction_ms / 1000)
            late = await self._sweep.overdue(connection, partitions)
            row = await connection.fetchrow(QUERIES["backlog"], partitions)
        for partition, areas in late.items():
            self._lanes[partition].overdue(areas)
        self.database_seen = time.monotonic()
        self._metrics.unpublished.labels(realm).set(row["rows"])
        self._metrics.unpublished_age.labels(realm).set(row["age"])
        self._metrics.degraded.labels(realm).set(row["degraded"])
        self._metrics.lost.labels(realm).set(len(self.lost()))

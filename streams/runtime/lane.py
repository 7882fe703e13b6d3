"""A lane: one partition number of all input topics, applied strictly one after the other by one task.

It merges what the agents hand in, runs transactions, publishes what they recorded, fires timers, moves virtual time.
Transient faults are retried in place; a record whose decision fails is quarantined; a lost offset stops the lane.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import TypeVar

import stamina
import structlog
from aiokafka.errors import KafkaError

from schemas.codec import Readable
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import REALM_CLOCK
from streams.runtime.items import Applied, Item, PositionMovedBackError, decode_record
from streams.runtime.merge import GapError, MergeQueue, by_append_time, virtual_order
from streams.runtime.outbox import Outbox
from streams.runtime.records import Position, Record
from streams.runtime.transaction import Transactions
from streams.runtime.virtual import order_time, virtual_time
from streams.settings import Settings
from streams.store.database import TRANSIENT
from streams.store.policy_book import UnknownPolicyError
from streams.telemetry import Metrics

T = TypeVar("T")
log = structlog.get_logger("lane")
PASSING = (*TRANSIENT, KafkaError, UnknownPolicyError)
"""Faults that pass by themselves, or when an operator stores what is missing: the lane waits."""
SHORT_REST_S = 0.05
LONG_REST_S = 0.25
TIMERS_AT_ONCE = 200


class LaneState(Enum):
    """idle: not ours; running; lost: stopped with OFFSET_LOST until somebody decides."""

    IDLE = "idle"
    RUNNING = "running"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DueTimers:
    """Areas with timers due before `before`; they may fire once every position in `after` has been applied."""

    before: datetime
    areas: tuple[str, ...]
    after: dict[Position, int]


class Lane:
    """One lane. `offer` is called by agents; everything else happens in the lane's own task."""

    def __init__(
        self,
        partition: int,
        transactions: Transactions,
        outbox: Outbox,
        settings: Settings,
        metrics: Metrics,
        reseek: Callable[[Position, int], Awaitable[None]],
    ) -> None:
        self.partition = partition
        self.state = LaneState.IDLE
        self.applied: dict[Position, int] = {}
        self.busy_since: float | None = None
        self._transactions = transactions
        self.outbox = outbox
        self._settings = settings
        self._metrics = metrics
        self._reseek = reseek
        self._sort = virtual_order(order_time) if settings.virtual_time else by_append_time
        self._queue = MergeQueue(self._sort)
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: DueTimers | None = None
        self._overdue: set[str] = set()
        self._lagging_since: float | None = None
        self._ask_again = 0.0

    # ---- called from outside

    async def start(self, positions: dict[Position, int], ends: dict[Position, int]) -> None:
        """Begin (again) at the stored positions; `ends` are the log ends as far as known."""
        await self.stop()
        self._queue = MergeQueue(self._sort)
        self.applied = dict(positions)
        for position, offset in positions.items():
            self._queue.start(position.topic, offset, ends.get(position, offset))
        self.state = LaneState.RUNNING
        self._task = asyncio.create_task(self._run(), name=f"lane-{self.partition}")

    async def stop(self) -> None:
        """Let a running transaction end and forget what was queued."""
        task, self._task = self._task, None
        if self.state is LaneState.RUNNING:
            self.state = LaneState.IDLE
        self._wake.set()
        self._drained.set()
        if task is not None:
            done, _ = await asyncio.wait((task,), timeout=5)
            if not done:
                task.cancel()
                await asyncio.wait((task,))
        self._due = None
        self._overdue.clear()

    def lose(self) -> None:
        """Stop with OFFSET_LOST: what stands between the stored position and the log is not there."""
        self.state = LaneState.LOST

    async def offer(self, topic: str, start: int, records: Sequence[Record]) -> None:
        """Take fetched records; waits while the lane holds enough of them."""
        if self.state is not LaneState.RUNNING:
            return
        try:
            self._queue.offer(topic, start, records)
        except GapError as gap:
            log.warning("gap", lane=self.partition, topic=topic, position=gap.position, got=start)
            await self._reseek(Position(topic, self.partition), gap.position)
            return
        self._wake.set()
        while self._running() and self._full():
            self._drained.clear()
            await self._drained.wait()

    def end_seen(self, ends: dict[Position, int]) -> None:
        """Newer log ends: what lies between is known to be coming."""
        for position, end in ends.items():
            queue = self._queue.topics.get(position.topic)
            if queue is not None and position.partition == self.partition:
                queue.known_end = max(queue.known_end, end)

    def timers_due(self, due: DueTimers) -> None:
        """Fire these timers when their time has come; a newer look at the clock replaces an older one."""
        if self._due is None:
            self._due = due
            self._wake.set()

    def overdue(self, areas: set[str]) -> None:
        """Publish what these areas have committed and nobody has sent; the empty name stands for dead letters."""
        self._overdue |= areas
        self._wake.set()

    def lag(self) -> dict[Position, int]:
        """Records appended and not applied, as far as the log ends are known."""
        return {
            Position(topic, self.partition): max(
                0, max(queue.known_end, queue.next_in) - self.applied.get(Position(topic, self.partition), 0)
            )
            for topic, queue in self._queue.topics.items()
        }

    # ---- the lane's task

    def _running(self) -> bool:
        return self.state is LaneState.RUNNING

    def _full(self) -> bool:
        return (
            self._queue.size() > self._settings.queue_records or self._queue.size_bytes() > self._settings.queue_bytes
        )

    async def _run(self) -> None:
        while self._running():
            self._wake.clear()
            try:
                worked = await self._step()
            except PASSING as error:
                log.info("lane_left", lane=self.partition, error=repr(error))
                return
            except Exception:
                # What was taken from the queue is not applied: going on would skip it.
                log.critical("lane_failed", lane=self.partition, exc_info=True)
                self.lose()
                return
            if not worked:
                await self._rest()

    async def _step(self) -> bool:
        if self._overdue:
            await self._retried("publish", self._publish_overdue)
        if await self._fire_due():
            return True
        if self._must_wait():
            return False
        records = self._queue.take(self._settings.batch_records, self._may)
        if not self._full():
            self._drained.set()
        if not records:
            return False
        await self._apply_records(records)
        return True

    async def _publish_overdue(self) -> None:
        while self._overdue:
            area = min(self._overdue)
            if area:
                await self.outbox.catch_up(area)
            else:
                await self.outbox.publish_letters(self.applied)
            self._overdue.discard(area)

    async def _rest(self) -> None:
        """Wait for records. Cursors travel with the next transaction; only a lane that stays idle stores them alone."""
        if self._queue.size() or self._due:
            await self._woken(SHORT_REST_S)
        elif not await self._woken(LONG_REST_S):
            await self.outbox.flush(self.partition)

    async def _woken(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _must_wait(self) -> bool:
        """A lagging topic's next record may be older than what is at hand: give it a moment."""
        if not self._queue.lagging():
            self._lagging_since = None
            return False
        now = time.monotonic()
        self._lagging_since = self._lagging_since or now
        return now - self._lagging_since < self._settings.merge_patience_ms / 1000

    def _may(self, record: Record) -> bool:
        if not self._settings.virtual_time:
            return True
        if record.topic == REALM_CLOCK:
            return self._clock_may(record)
        at = virtual_time(record)
        state = self._transactions.areas.peek((record.key or b"").decode("ascii", "replace"))
        return at is None or state is None or at <= state.now

    def _clock_may(self, record: Record) -> bool:
        read = decode_record(record, virtual_time=True).read
        if not isinstance(read, Readable) or not isinstance(read.event, ClockAdvanced):
            return True
        return all(
            queue.next_in >= offset
            for topic, offsets in read.event.after.items()
            if (queue := self._queue.topics.get(topic)) is not None
            for partition, offset in offsets.items()
            if partition == self.partition
        )

    async def _apply_records(self, records: list[Record]) -> None:
        """Apply in order; in exercise realms a clock record stands alone, with the timers it passes."""
        run: list[Item] = []
        for record in records:
            item = decode_record(record, virtual_time=self._settings.virtual_time)
            if (
                isinstance(item.read, Readable)
                and isinstance(item.read.event, ClockAdvanced)
                and self._settings.virtual_time
            ):
                await self._apply(run)
                run = []
                await self._pass_time(item.read.event.area, item.read.event.to)
                await self._apply([item])
            else:
                run.append(item)
        await self._apply(run)

    async def _pass_time(self, area: str, to: datetime) -> None:
        more = True
        while more and self.state is LaneState.RUNNING:
            more = await self._fire_area(area, to)

    async def _apply(self, items: list[Item]) -> None:
        while items:
            self.busy_since = time.monotonic()
            try:
                applied = await self._retried("transaction", partial(self._transact, items))
            except (PositionMovedBackError, *PASSING):
                # The lane is being stopped: a fault that passes says nothing about the records.
                raise
            except Exception as error:  # noqa: BLE001  (whatever a decision raises must not stop the city)
                await self._one_by_one(items, error)
                return
            finally:
                self.busy_since = None
            done, items = items[: len(items) - len(applied.rest)], applied.rest
            self._metrics.batch.labels(self._metrics.realm).observe(len(done))
            await self._published(applied, done)

    async def _transact(self, items: list[Item]) -> Applied:
        return await self._transactions.apply(items, self.outbox.cursors(), self.applied)

    async def _one_by_one(self, items: list[Item], error: Exception) -> None:
        """A decision or a constraint failed for good: find the culprit, keep it, go on with the others."""
        if len(items) > 1:
            for item in items:
                await self._apply([item])
            return
        log.error(
            "quarantined",
            lane=self.partition,
            topic=items[0].record.topic,
            offset=items[0].record.offset,
            exc_info=error,
        )
        applied = await self._retried("quarantine", lambda: self._transactions.quarantine(items[0], error))
        await self._published(applied, items)

    async def _published(self, applied: Applied, items: Iterable[Item] | None) -> None:
        self.applied.update(applied.next_offsets)
        await self._retried("publish", lambda: self.outbox.publish(applied))
        self.outbox.log(applied)
        now = time.time()
        latency = self._metrics.latency.labels(self._metrics.realm)
        for item in items or ():
            latency.observe(max(0.0, now - item.record.timestamp / 1000))

    async def _fire_due(self) -> bool:
        due = self._due
        if due is None or not await self._reached(due.after):
            return False
        self._due = None
        for area in due.areas:
            more = True
            while more and self.state is LaneState.RUNNING:
                more = await self._fire_area(area, due.before)
        return True

    async def _fire_area(self, area: str, before: datetime) -> bool:
        try:
            applied, more = await self._fire(area, before, TIMERS_AT_ONCE)
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception:  # noqa: BLE001  (one of them fails: fire them one by one until it is found)
            return await self._fire_alone(area, before)
        await self._published(applied, None)
        return more

    async def _fire_alone(self, area: str, before: datetime) -> bool:
        try:
            applied, more = await self._fire(area, before, 1)
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception as error:
            log.error("timer_quarantined", lane=self.partition, area=area, exc_info=error)
            culprit = error
            applied = await self._retried(
                "quarantine", lambda: self._transactions.quarantine_timer(area, before, culprit)
            )
            more = True
        await self._published(applied, None)
        return more

    async def _fire(self, area: str, before: datetime, limit: int) -> tuple[Applied, bool]:
        return await self._retried(
            "timers",
            lambda: self._transactions.fire(area, before, at_due=self._settings.virtual_time, limit=limit),
        )

    async def _reached(self, after: dict[Position, int]) -> bool:
        own = {position: end for position, end in after.items() if position.partition == self.partition}
        if any(self.applied.get(position, 0) < end for position, end in own.items()):
            return False
        others = {position: end for position, end in after.items() if position.partition != self.partition}
        if not others:
            return True
        now = time.monotonic()
        if now < self._ask_again:
            return False
        self._ask_again = now + SHORT_REST_S
        return await self._retried("positions", lambda: self.outbox.reached(others))

    async def _retried(self, where: str, action: Callable[[], Awaitable[T]]) -> T:
        """Repeat while the broker or the database is away; give up only when the lane is stopped."""
        async for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, PASSING) and self.state is LaneState.RUNNING,
            attempts=None,
            timeout=None,
            wait_initial=0.05,
            wait_max=2.0,
        ):
            with attempt:
                if attempt.num > 1:
                    self._metrics.retries.labels(self._metrics.realm, where).inc()
                return await action()
        raise AssertionError("unreachable")


def utc_now() -> datetime:
    """The worker's clock: used for lateness and for deciding when to look at timers, never for decisions."""
    return datetime.now(UTC)

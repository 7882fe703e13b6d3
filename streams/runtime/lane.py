"""A lane: one partition number of all input topics, applied strictly one after the other by one task.

It merges what the agents hand in, runs transactions, publishes what they recorded, fires timers, moves virtual time.
A lost offset stops the lane; any other fault makes it start over from the stored positions: no lane dies in silence.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum

import structlog

from streams.runtime.due import DueTimers, Gate
from streams.runtime.inbox import Inbox, OffsetLostError, Reseek, Source
from streams.runtime.items import decode_record
from streams.runtime.outbox import Outbox
from streams.runtime.records import Offsets, Position, Record
from streams.runtime.transaction import Transactions
from streams.runtime.work import PASSING, Work
from streams.settings import Settings
from streams.telemetry import Metrics

log = structlog.get_logger("lane")
SHORT_REST_S = 0.05
LONG_REST_S = 0.25
LONGEST_PAUSE_S = 10.0
GATE_S = 10.0
"""A record waits for no longer for another partition's records: a partition that is lost must not stop a city."""


class LaneState(Enum):
    """idle: not ours; running; lost: stopped with OFFSET_LOST until somebody decides."""

    IDLE = "idle"
    RUNNING = "running"
    LOST = "lost"


Horizon = Callable[[str, datetime, int], Awaitable[Offsets]]
"""Area, instant, lane -> where every log that can hold the area's records goes on after that instant."""


class Lane:
    """One lane. `offer` is called by agents; everything else happens in the lane's own task."""

    def __init__(
        self,
        partition: int,
        transactions: Transactions,
        outbox: Outbox,
        settings: Settings,
        metrics: Metrics,
        reseek: Reseek,
        source: Source,
        horizon: Horizon,
    ) -> None:
        self.partition = partition
        self.state = LaneState.IDLE
        self.outbox = outbox
        self.failed_at: float | None = None
        self._inbox = Inbox(partition, transactions.areas, settings, reseek, source)
        self._work = Work(partition, transactions, outbox, metrics, self._running, virtual_time=settings.virtual_time)
        self._settings = settings
        self._metrics = metrics
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: DueTimers | None = None
        self._overdue: set[str] = set()
        self._horizon = horizon
        self._gate_after: Offsets | None = None
        self._gate_since = 0.0
        self._ask_again = 0.0

    # ---- called from outside

    async def start(self, positions: Mapping[Position, int], ends: Mapping[Position, int]) -> None:
        """Begin (again) at the stored positions; `ends` are the log ends as far as known."""
        await self.stop()
        self._stopping.clear()
        self._work.applied = dict(positions)
        self._inbox.start(positions, ends)
        self.state = LaneState.RUNNING
        self._task = asyncio.create_task(self._run(), name=f"lane-{self.partition}")

    async def stop(self) -> None:
        """Let a running transaction end and forget what was queued."""
        task, self._task = self._task, None
        self.state = LaneState.IDLE
        self.failed_at = None
        self._stopping.set()
        self._wake.set()
        if task is not None:
            done, _ = await asyncio.wait((task,), timeout=5)
            if not done:
                task.cancel()
                await asyncio.wait((task,))
        self._inbox.start({}, {})
        self._work.busy_since = self._work.gate = self._gate_after = None
        self._due = None
        self._overdue.clear()

    def lose(self, why: str) -> None:
        """Stop with OFFSET_LOST: what stands between the stored position and the log is not there."""
        self.state = LaneState.LOST
        log.critical("OFFSET_LOST", lane=self.partition, why=why, next="nothing is skipped: run `liandong doctor`")

    async def offer(self, topic: str, start: int, records: Sequence[Record]) -> None:
        """Take fetched records; waits a moment while the lane holds enough of them."""
        if not self._running():
            return
        try:
            await self._inbox.offer(topic, start, records)
        except OffsetLostError as lost:
            if self._running():
                self.lose(str(lost))
        except Exception:
            # Faust would go on with the next batch as if nothing had happened.
            self.failed_at = time.monotonic()
            log.exception("offer_failed", lane=self.partition, topic=topic)
            self._inbox.missed(topic)
        self._wake.set()

    def end_seen(self, ends: Mapping[Position, int]) -> None:
        """Newer log ends: what lies between is known to be coming."""
        self._inbox.end_seen(ends)

    def timers_due(self, due: DueTimers) -> None:
        """Fire these timers when their time has come, and those of a newer look at the clock after that."""
        if self._due is None:
            self._due = due
            self._wake.set()

    def overdue(self, areas: set[str]) -> None:
        """Publish what these areas have committed and nobody has sent; the empty name stands for dead letters."""
        self._overdue |= areas
        self._wake.set()

    @property
    def applied(self) -> Mapping[Position, int]:
        """Where each topic stands: everything before has been applied."""
        return self._work.applied

    @property
    def busy_since(self) -> float | None:
        """Since when the lane has worked without coming to the end of a transaction; None while it rests."""
        return self._work.busy_since

    def lag(self) -> dict[Position, int]:
        """Records appended and not applied, as far as the log ends are known."""
        return {position: max(0, end - self.applied.get(position, 0)) for position, end in self._inbox.ends().items()}

    # ---- the lane's task

    def _running(self) -> bool:
        return self.state is LaneState.RUNNING

    async def _run(self) -> None:
        faults, again = 0, False
        while self._running():
            self._wake.clear()
            self._work.busy_since = time.monotonic()
            try:
                if again:
                    await self._start_over()
                again = False
                worked = await self._step()
            except OffsetLostError as lost:
                if self._running():
                    self.lose(str(lost))
                return
            except Exception as error:  # noqa: BLE001  (a lane never dies in silence)
                if isinstance(error, PASSING) and not self._running():
                    log.info("lane_left", lane=self.partition, error=repr(error))
                    return
                faults, again = faults + 1, True
                await self._failed(error, faults)
                continue
            faults = 0 if worked else faults
            self._work.busy_since = None
            if not worked:
                await self._rest()

    async def _failed(self, error: Exception, faults: int) -> None:
        """What was taken from the queue may not have been applied: going on would skip it."""
        self.failed_at = time.monotonic()
        self._metrics.lane_restarts.labels(self._metrics.realm).inc()
        log.critical("lane_failed", lane=self.partition, next="starts over from the stored positions", exc_info=error)
        try:
            await asyncio.wait_for(self._stopping.wait(), min(LONGEST_PAUSE_S, 0.1 * 2**faults))
        except TimeoutError:
            return

    async def _start_over(self) -> None:
        positions = await self._work.retried("positions", lambda: self.outbox.positions(self.applied))
        self.outbox.forget_cursors()
        self._work.applied = positions
        self._work.gate = self._gate_after = None
        self._inbox.start_again(positions)

    async def _step(self) -> bool:
        if self._overdue:
            await self._work.retried("publish", self._publish_overdue)
        await self._inbox.read_again()
        while self._inbox.barren:
            position, (start, end) = self._inbox.barren.popitem()
            await self._work.skip(position, start, end)
            self._inbox.skipped(position, start, end)
        gate = self._work.gate
        if gate is not None and await self._pass_gate(gate):
            return True
        if gate is None and await self._fire_due():
            return True
        if self._inbox.must_wait():
            return False
        records = self._inbox.take(self._settings.batch_records, gate)
        virtual = self._settings.virtual_time
        rest = await self._work.apply_in_order([decode_record(record, virtual_time=virtual) for record in records])
        self._inbox.put_back([item.record for item in rest])
        return len(rest) < len(records)

    async def _pass_gate(self, gate: Gate) -> bool:
        """Fire the timers that a record waits for, once everything from before them has been applied."""
        now = time.monotonic()
        if self._gate_after is None:
            self._gate_after = await self._work.retried(
                "timers", lambda: self._horizon(gate.area, gate.due, self.partition)
            )
            self._gate_since = now
        if await self._reached(self._gate_after):
            await self._work.fire_all(gate.area, gate.before)
        elif now - self._gate_since > GATE_S:
            log.error("gate_opened", lane=self.partition, area=gate.area, due=gate.due, waited_for=self._gate_after)
            self._work.passed[gate.area] = gate.due
        else:
            return False
        self._work.gate = self._gate_after = None
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
        if self._inbox.size() or self._due:
            await self._woken(SHORT_REST_S)
        elif not await self._woken(LONG_REST_S):
            await self.outbox.flush(self.partition)

    async def _woken(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _fire_due(self) -> bool:
        due = self._due
        if due is None or not await self._reached(due.after):
            return False
        self._due = None
        for area in due.areas:
            await self._work.fire_all(area, due.before)
        return True

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
        return await self._work.retried("positions", lambda: self.outbox.reached(others))


def utc_now() -> datetime:
    """The worker's clock: used for lateness and for deciding when to look at timers, never for decisions."""
    return datetime.now(UTC)

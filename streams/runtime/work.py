"""One lane's transactions: done, published, repeated in place while broker or database is away.

A record or a timer whose decision fails for good is found, tried once more on its own, and kept as a fault.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import stamina
import structlog
from aiokafka.errors import KafkaError

from schemas.codec import Readable
from schemas.inputs.clock import ClockAdvanced
from streams.runtime.items import Applied, CulpritError, Item, PositionMovedBackError
from streams.runtime.outbox import Outbox
from streams.runtime.records import Offsets, Position
from streams.runtime.transaction import UNREADY, Transactions
from streams.telemetry import Metrics

if TYPE_CHECKING:
    from streams.runtime.due import Gate

T = TypeVar("T")
log = structlog.get_logger("lane")
PASSING = (*UNREADY, KafkaError)
"""Faults that pass by themselves, or when an operator stores what is missing: the lane waits."""
TIMERS_AT_ONCE = 200
TELL_EVERY = 15
"""Of how many attempts one is logged."""


class Work:
    """What a lane does to its areas. `running` says whether the lane still is to."""

    def __init__(
        self,
        partition: int,
        transactions: Transactions,
        outbox: Outbox,
        metrics: Metrics,
        running: Callable[[], bool],
        *,
        virtual_time: bool,
    ) -> None:
        self.partition = partition
        self.outbox = outbox
        self.applied = Offsets()
        self.busy_since: float | None = None
        self.gate: Gate | None = None
        self.passed: dict[str, datetime] = {}
        """Times up to which records of an area wait for no timer, because what it waits for cannot be reached."""
        self._transactions = transactions
        self._metrics = metrics
        self._running = running
        self._virtual_time = virtual_time

    async def apply_in_order(self, items: Iterable[Item]) -> list[Item]:
        """Apply records; returns those that must wait at `gate`.

        In exercise realms a clock record stands alone, with the timers it passes.
        """
        if not self._virtual_time:
            return await self._apply(list(items))
        run: list[Item] = []
        for item in items:
            if isinstance(item.read, Readable) and isinstance(item.read.event, ClockAdvanced):
                await self._apply(run)
                run = []
                await self.fire_all(item.read.event.area, item.read.event.to)
                await self._apply([item])
            else:
                run.append(item)
        return await self._apply(run)

    async def _apply(self, items: list[Item]) -> list[Item]:
        while items:
            try:
                applied = await self.retried("transaction", partial(self._transact, items))
            except (PositionMovedBackError, *PASSING):
                # The lane is being stopped: a fault that passes says nothing about the records.
                raise
            except CulpritError as found:
                at = next(index for index, item in enumerate(items) if item is found.item)
                return await self._around(items, at)
            except Exception:  # noqa: BLE001  (a constraint: the database does not say whose)
                return await self._search(items)
            items = await self._applied(applied, items)
            if self.gate is not None:
                break
        return items

    async def _transact(self, items: list[Item]) -> Applied:
        return await self._transactions.apply(items, self.outbox.cursors(), self.applied, self.passed)

    async def _applied(self, applied: Applied, items: list[Item]) -> list[Item]:
        done = items[: len(items) - len(applied.rest)]
        self.gate = applied.gate
        self._metrics.batch.labels(self._metrics.realm).observe(len(done))
        await self._published(applied, done)
        return applied.rest

    async def _search(self, items: list[Item]) -> list[Item]:
        """Halve until the culprit stands alone."""
        half = len(items) // 2
        if not half:
            return await self._around(items, 0)
        rest = await self._apply(items[:half])
        return [*rest, *items[half:]] if self.gate is not None else await self._apply(items[half:])

    async def _around(self, items: list[Item], at: int) -> list[Item]:
        """No decision that fails stops a city: apply what stands before it, then it alone, and what follows."""
        rest = await self._apply(items[:at])
        if self.gate is None:
            rest = await self._alone(items[at])
            at += 1
        return [*rest, *items[at:]] if self.gate is not None else await self._apply(items[at:])

    async def _alone(self, item: Item) -> list[Item]:
        """Once more; what fails again is kept as a fault."""
        try:
            applied = await self.retried("transaction", partial(self._transact, [item]))
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception as error:
            where = {"topic": item.record.topic, "offset": item.record.offset}
            log.exception("quarantined", lane=self.partition, **where)
            applied = await self._quarantine(item, error.cause if isinstance(error, CulpritError) else error)
        return await self._applied(applied, [item])

    async def skip(self, position: Position, start: int, end: int) -> None:
        """Move on over the end of a log in which there is no record."""
        if self.applied.get(position) == start:
            await self.retried("transaction", lambda: self._transactions.skip(position, start, end))
            self.applied[position] = end

    async def _quarantine(self, item: Item, error: Exception) -> Applied:
        try:
            return await self.retried("quarantine", lambda: self._transactions.quarantine(item, error))
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception:
            log.critical("area_not_told", lane=self.partition, area=item.area, exc_info=True)
            return await self.retried("quarantine", lambda: self._transactions.keep(item, error))

    async def _published(self, applied: Applied, items: Iterable[Item] | None) -> None:
        self.applied.update(applied.next_offsets)
        await self.retried("publish", lambda: self.outbox.publish(applied))
        self.outbox.log(applied)
        self.busy_since = time.monotonic()
        now = time.time()
        latency = self._metrics.latency.labels(self._metrics.realm)
        for item in items or ():
            latency.observe(max(0.0, now - item.record.timestamp / 1000))

    async def fire_all(self, area: str, before: datetime) -> None:
        """Fire every timer of the area that fell due before the instant."""
        more = True
        while more and self._running():
            more = await self._fire(area, before)

    async def _fire(self, area: str, before: datetime) -> bool:
        try:
            applied, more = await self._fired(area, before, TIMERS_AT_ONCE)
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception:  # noqa: BLE001  (one of them fails: fire them one by one until it is found)
            return await self._fire_alone(area, before)
        await self._published(applied, None)
        return more

    async def _fire_alone(self, area: str, before: datetime) -> bool:
        try:
            applied, more = await self._fired(area, before, 1)
        except (PositionMovedBackError, *PASSING):
            raise
        except Exception as error:
            log.exception("timer_quarantined", lane=self.partition, area=area)
            culprit = error
            applied = await self.retried(
                "quarantine",
                lambda: self._transactions.quarantine_timer(area, before, culprit),
            )
            more = True
        await self._published(applied, None)
        return more

    async def _fired(self, area: str, before: datetime, limit: int) -> tuple[Applied, bool]:
        seen = None if self._virtual_time else datetime.now(UTC)
        return await self.retried("timers", lambda: self._transactions.fire(area, before, seen, limit=limit))

    async def retried(self, where: str, action: Callable[[], Awaitable[T]]) -> T:
        """Repeat while the broker or the database is away; give up only when the lane is stopped."""
        async for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, PASSING) and self._running(),
            attempts=None,
            timeout=None,
            wait_initial=0.05,
            wait_max=2.0,
        ):
            with attempt:
                if attempt.num > 1:
                    self._metrics.retries.labels(self._metrics.realm, where).inc()
                try:
                    return await action()
                except PASSING as error:
                    if attempt.num % TELL_EVERY == 1:
                        log.warning("waits", lane=self.partition, where=where, error=repr(error))
                    raise
        raise AssertionError("unreachable")

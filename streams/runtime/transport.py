"""Faust's Kafka transport, changed in three places (../shared/faust-facts.md of the design; proof of the idea there).

Records of one fetched partition arrive as ONE Faust message; positions come from PostgreSQL on every assignment;
Kafka's own committed offsets only serve lag monitors.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.runtime import tolerant

log = structlog.get_logger("transport")
Assigned = Callable[[set[TP]], Awaitable[dict[TP, int]]]
PLACE_S = 5.0
"""How long Faust is kept waiting for stored positions. It would end for good after its own time-out."""


class FetchedBatch:
    """Looks like one Kafka record to Faust; its value is the list of records that one fetch brought."""

    def __init__(self, start: int, records: list[ConsumerRecord]) -> None:
        last = records[-1]
        self.topic = last.topic
        self.partition = last.partition
        self.offset = last.offset
        self.timestamp = last.timestamp
        self.timestamp_type = last.timestamp_type
        self.headers: tuple[()] = ()
        self.key = b""
        self.value = (start, records)
        self.checksum = None
        self.serialized_key_size = 0
        self.serialized_value_size = 0


class Consumer(driver.Consumer):
    """Faust's consumer, fetching batches and seeking to stored positions."""

    on_assigned: Assigned
    on_revoked: Callable[[], None]
    _fetched: dict[TP, int]
    _seeks: int
    """Seeks begun so far."""
    _seeking: int
    """Seeks under way."""
    _placing: asyncio.Task[dict[TP, int]] | None
    _wanted: set[TP]

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[FetchedBatch]]:
        seeks, seeking = self._seeks, self._seeking
        fetched = await super()._getmany(active_partitions, timeout)
        sought = bool(seeking) or seeks != self._seeks
        batches = {}
        for tp, records in fetched.items():
            if records:
                position = TP(tp.topic, tp.partition)
                batches[tp] = [FetchedBatch(self._start(position, records, sought=sought), list(records))]
        return batches

    def _start(self, position: TP, records: list[ConsumerRecord], *, sought: bool) -> int:
        """Where the fetch began. Offsets may have holes, so only the end of the fetch before it knows.

        When there was a seek meanwhile nobody knows whether these records came before or after it: then the batch
        claims no more than what it holds.
        """
        if sought:
            self._fetched.pop(position, None)
            return int(records[0].offset)
        start = self._fetched.get(position, records[0].offset)
        self._fetched[position] = records[-1].offset + 1
        return int(start)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets jump by a batch: that is no gap."""

    def _new_offset(self, tp: TP) -> int | None:
        acked = self._acked[tp]
        if not acked:
            return None
        top = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return int(top) + 1

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Called before the group rebalances."""
        self.on_revoked()
        self._leave()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Called after it has. A worker that gets nothing is never asked for positions."""
        await super().on_partitions_assigned(assigned, generation_id)
        if not assigned:
            await self._placed(set())

    async def seek_to_committed(self) -> dict[TP, int]:
        """Called by Faust on every assignment before records flow.

        Broker or database may be away for longer than Faust waits: then nothing is fetched until the positions are
        there, and Faust goes on.
        """
        wanted = set(self.assignment())
        placing = await self._placed(wanted)
        if placing.done() and not placing.cancelled():
            return placing.result()
        self.pause_partitions(wanted)
        return {}

    async def _placed(self, wanted: set[TP]) -> asyncio.Task[dict[TP, int]]:
        """Begin to take these partitions, or go on with it; wait a moment for the end."""
        placing = self._placing
        if placing is None or placing.done() or self._wanted != wanted:
            self._leave()
            self._wanted = wanted
            placing = self._placing = asyncio.create_task(self._place(wanted), name="place")
        await asyncio.wait((placing,), timeout=PLACE_S)
        return placing

    async def _place(self, wanted: set[TP]) -> dict[TP, int]:
        while True:
            positions = await self.on_assigned(wanted)
            try:
                await self._sought(positions)
            except IllegalStateError:  # another rebalance is on its way: it will ask again
                raise
            except (KafkaError, TimeoutError) as error:
                log.warning("seek_waits", error=repr(error))
                await asyncio.sleep(1.0)
            else:
                self.resume_partitions(wanted & self.assignment())
                return positions

    def _leave(self) -> None:
        if self._placing is not None:
            self._placing.cancel()

    async def _sought(self, positions: dict[TP, int]) -> None:
        self._seeks += 1
        self._seeking += 1
        try:
            self._fetched.update(positions)
            await self.seek_wait(positions)
        finally:
            self._seeking -= 1

    async def on_stop(self) -> None:
        """Called when the worker leaves."""
        self._leave()
        await super().on_stop()

    async def reseek(self, tp: TP, offset: int) -> None:
        """Read a partition again from an offset."""
        await self._sought({tp: offset})


def transport_for(
    app: Any, on_assigned: Assigned, on_revoked: Callable[[], None], fetch_wait_ms: int, isolation: str
) -> driver.Transport:
    """The transport of an app whose consumer asks `on_assigned` for its positions.

    `fetch_wait_ms`: how long a fetch that finds no records may wait at the broker. Kafka answers as soon as there are
    some; the embedded broker holds the fetch until the time is over. `isolation`: what a producer's transaction
    has aborted was never said (read_committed).
    """

    class Thread(driver.AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
            consumer = super()._create_worker_consumer(transport)
            # Faust offers settings for neither.
            consumer._fetch_max_wait_ms = fetch_wait_ms  # noqa: SLF001
            consumer._isolation_level = isolation  # noqa: SLF001
            return consumer

        async def _commit(self, offsets: Mapping[TP, int]) -> bool:
            """Kafka's own offsets are for lag monitors: no worker ends because they cannot be stored."""
            own = {tp: OffsetAndMetadata(at, "") for tp, at in offsets.items() if tp in self.assignment()}
            self.tp_last_committed_at.update(dict.fromkeys(own, time.monotonic()))
            try:
                await self._ensure_consumer().commit(own)
            except Exception as error:  # noqa: BLE001  (Faust would end the process)
                log.warning("offsets_not_committed", error=repr(error))
                return False
            return True

    class BoundConsumer(Consumer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._fetched = {}
            self._seeks = self._seeking = 0
            self._placing = None
            self._wanted = set()

        def _new_consumer_thread(self) -> Thread:
            return Thread(self, loop=self.loop, beacon=self.beacon)

    tolerant.install()
    BoundConsumer.on_assigned = staticmethod(on_assigned)
    BoundConsumer.on_revoked = staticmethod(on_revoked)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = BoundConsumer
    return Transport(app.conf.broker, app, app.loop)

"""Faust's Kafka transport, changed in three places (../shared/faust-facts.md of the design; proof of the idea there).

Records of one fetched partition arrive as ONE Faust message; positions come from PostgreSQL on every assignment;
Kafka's own committed offsets only serve lag monitors.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

Assigned = Callable[[set[TP]], Awaitable[dict[TP, int]]]


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
    _fetched: dict[TP, int]

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[FetchedBatch]]:
        fetched = await super()._getmany(active_partitions, timeout)
        batches = {}
        for tp, records in fetched.items():
            if records:
                position = TP(tp.topic, tp.partition)
                start = self._fetched.get(position, records[0].offset)
                self._fetched[position] = records[-1].offset + 1
                batches[tp] = [FetchedBatch(start, list(records))]
        return batches

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

    async def seek_to_committed(self) -> dict[TP, int]:
        """Called by Faust on every assignment before records flow."""
        positions = await self.on_assigned(set(self.assignment()))
        self._fetched = dict(positions)
        await self.seek_wait(positions)
        return positions

    async def reseek(self, tp: TP, offset: int) -> None:
        """Read a partition again from an offset."""
        self._fetched[tp] = offset
        await self.seek_wait({tp: offset})


def transport_for(app: Any, on_assigned: Assigned, fetch_wait_ms: int) -> driver.Transport:
    """The transport of an app whose consumer asks `on_assigned` for its positions.

    `fetch_wait_ms`: how long a fetch that finds no records may wait at the broker. Kafka answers as soon as there are
    some; the embedded broker holds the fetch until the time is over.
    """

    class Thread(driver.AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
            consumer = super()._create_worker_consumer(transport)
            consumer._fetch_max_wait_ms = fetch_wait_ms  # noqa: SLF001 - Faust fixes it at 1500 and offers no setting
            return consumer

    class BoundConsumer(Consumer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._fetched = {}

        def _new_consumer_thread(self) -> Thread:
            return Thread(self, loop=self.loop, beacon=self.beacon)

    BoundConsumer.on_assigned = staticmethod(on_assigned)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = BoundConsumer
    return Transport(app.conf.broker, app, app.loop)

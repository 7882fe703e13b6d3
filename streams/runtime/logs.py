"""What the broker knows about the input logs: where they begin and end, and whether they are those that we read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from streams.runtime.records import Position
from streams.settings import Settings

T = TypeVar("T")
ASK_MS = 5000
READ_S = 10.0
BARREN_S = 2.0
EPOCH = datetime.fromtimestamp(0, UTC)
MILLISECOND = timedelta(milliseconds=1)
READ_BYTES = 64 * 1024


class Logs:
    """Asks the broker; a client that failed is replaced. `seen` is when it answered last (monotonic seconds)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaConsumer | None = None
        self._asking = asyncio.Lock()
        self.seen = 0.0

    async def begins(self, wanted: set[Position]) -> dict[Position, int]:
        """Where these logs begin now. Raises KafkaError."""
        real = self._real(wanted)
        begins = await self._asked(lambda client: client.beginning_offsets(list(real)))
        return {real[tp]: at for tp, at in begins.items()}

    async def ends(self, wanted: set[Position]) -> dict[Position, int]:
        """Where these logs end now. Raises KafkaError."""
        real = self._real(wanted)
        ends = await self._asked(lambda client: client.end_offsets(list(real)))
        return {real[tp]: at for tp, at in ends.items()}

    async def after(self, wanted: set[Position], instant: datetime) -> dict[Position, int]:
        """Where these logs go on after an instant: their ends where nothing has come since. Raises KafkaError."""
        real = self._real(wanted)
        later = (instant - EPOCH) // MILLISECOND + 1
        found = await self._asked(lambda client: client.offsets_for_times(dict.fromkeys(real, later)))
        open_ended = {real[tp] for tp, at in found.items() if at is None}
        ends = await self.ends(open_ended) if open_ended else {}
        return ends | {real[tp]: at.offset for tp, at in found.items() if at is not None}

    async def timestamps(self, wanted: Mapping[Position, int]) -> dict[Position, int]:
        """The timestamp of the record at each offset; of the next one where there is none. Raises KafkaError."""
        if not wanted:
            return {}
        real = self._real(set(wanted))
        reader = self._reader()
        try:
            await reader.start()
            reader.assign(list(real))
            for tp, position in real.items():
                reader.seek(tp, wanted[position])
            first = await _first_records(reader, set(real))
        finally:
            await reader.stop()
        self.seen = time.monotonic()
        return {real[tp]: int(record.timestamp) for tp, record in first.items()}

    async def is_barren(self, position: Position, start: int, end: int) -> bool:
        """Whether nothing but marks of producers' transactions stands from `start` to before `end`.

        False when that cannot be said. Raises KafkaError.
        """
        (tp,) = self._real({position})
        reader = self._reader()
        deadline = time.monotonic() + BARREN_S
        try:
            await reader.start()
            reader.assign([tp])
            reader.seek(tp, start)
            while time.monotonic() < deadline:
                if await reader.getmany(tp, timeout_ms=200):
                    return False
                if await reader.position(tp) >= end:
                    return True
        finally:
            await reader.stop()
        return False

    def _reader(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.brokers,
            request_timeout_ms=ASK_MS,
            max_partition_fetch_bytes=READ_BYTES,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    def _real(self, wanted: set[Position]) -> dict[TopicPartition, Position]:
        prefix = self._settings.topic_prefix
        return {TopicPartition(prefix + position.topic, position.partition): position for position in wanted}

    async def _asked(self, ask: Callable[[AIOKafkaConsumer], Awaitable[T]]) -> T:
        async with self._asking:
            client = self._client or AIOKafkaConsumer(
                bootstrap_servers=self._settings.brokers, request_timeout_ms=ASK_MS
            )
            try:
                if self._client is None:
                    await client.start()
                answer = await ask(client)
            except BaseException:
                self._client = None
                await client.stop()
                raise
            self._client = client
        self.seen = time.monotonic()
        return answer


async def _first_records(reader: AIOKafkaConsumer, wanted: set[TopicPartition]) -> dict[TopicPartition, ConsumerRecord]:
    deadline = time.monotonic() + READ_S
    first: dict[TopicPartition, ConsumerRecord] = {}
    while wanted - first.keys():
        if time.monotonic() > deadline:
            raise KafkaTimeoutError(f"no record read from {sorted(wanted - first.keys())}")
        fetched = await reader.getmany(*(wanted - first.keys()), timeout_ms=500)
        for tp, records in fetched.items():
            first.setdefault(tp, records[0])
            reader.pause(tp)
    return first

"""Reads a realm's topics from their beginning: outputs by area and sequence, inputs by who sent what."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.codec import Readable, decode
from schemas.envelope import parse_time
from schemas.topics import DEAD_LETTERS, INPUT_TOPICS, OUTPUT_TOPICS
from streams.replay.recorded import DifferenceError, HeadRow
from streams.runtime.records import Position
from streams.settings import Settings
from streams.store.rows import EventRow, InputRow

PATIENCE_S = 5.0
UNDECIDED = datetime(1970, 1, 1, tzinfo=UTC)
"""A record alone does not say at which instant it was decided."""
Sender = tuple[str, str]
"""Area, and `source id` as events name their cause."""


class Wire:
    """What the topics hold. Telemetry is not asked for: what a decision used of it is an event."""

    def __init__(self, settings: Settings, heads: Iterable[HeadRow]) -> None:
        self.events: dict[str, dict[int, EventRow]] = {}
        self.inputs: dict[Sender, list[InputRow]] = {}
        """Every record under its sender's id: one that was sent twice is there twice, at two offsets."""
        self.begins: dict[Position, int] = {}
        """Where logs begin; above 0 retention has removed records."""
        self._settings = settings
        self._last = {head.area: head.seq for head in heads}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            max_poll_records=2000,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._consumer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def read_outputs(self) -> None:
        """All events up to the heads. Raises DifferenceError when a sequence is there twice with other bytes."""
        self.events = {area: {} for area in self._last}
        await self._assign(name for name in OUTPUT_TOPICS if name != DEAD_LETTERS)
        await self._read(self._take_output, lambda: all(len(self.events[a]) >= seq for a, seq in self._last.items()))

    async def read_inputs(self, applied: dict[Position, int]) -> None:
        """All input records before the positions up to which the database has applied them."""
        await self._assign(INPUT_TOPICS)
        at = dict(self.begins)

        def take(record: ConsumerRecord) -> None:
            position = Position(self._name(record), record.partition)
            at[position] = record.offset + 1
            if record.offset < applied.get(position, 0):
                self._take_input(record, position)

        await self._read(take, lambda: all(at.get(position, 0) >= offset for position, offset in applied.items()))

    async def _assign(self, names: Iterable[str]) -> None:
        count = self._settings.partitions
        partitions = [TopicPartition(self._settings.topic_prefix + name, n) for name in names for n in range(count)]
        self._consumer.assign(partitions)
        begins = await self._consumer.beginning_offsets(partitions)
        for tp, begin in begins.items():
            self.begins[Position(tp.topic[len(self._settings.topic_prefix) :], tp.partition)] = begin
        await self._consumer.seek_to_beginning(*partitions)

    async def _read(self, take: Callable[[ConsumerRecord], None], done: Callable[[], bool]) -> None:
        """Read until everything is here, or nothing comes any more: what is missing is told by whoever misses it."""
        clock = asyncio.get_running_loop().time
        quiet_since = clock()
        while not done() and clock() - quiet_since < PATIENCE_S:
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                quiet_since = clock()
                for record in records:
                    take(record)

    def _name(self, record: ConsumerRecord) -> str:
        return str(record.topic[len(self._settings.topic_prefix) :])

    def _take_output(self, record: ConsumerRecord) -> None:
        row = event_row(self._name(record), record)
        if row is None or row.seq > self._last.get(row.area, 0):
            return
        before = self.events[row.area].setdefault(row.seq, row)
        if before != row:
            raise DifferenceError(row.area, row.seq, f"{row.topic} has this sequence twice, with different bytes")

    def _take_input(self, record: ConsumerRecord, position: Position) -> None:
        read = decode(position.topic, record.headers, record.value)
        if not isinstance(read, Readable):
            return
        envelope = read.envelope
        row = InputRow(
            read.event.area,
            0,
            envelope.source,
            envelope.id,
            envelope.type,
            read.digest,
            UNDECIDED,
            position.topic,
            position.partition,
            record.offset,
            envelope.signature,
            envelope.traceparent,
            record.value or b"",
        )
        self.inputs.setdefault((row.area, f"{row.source} {row.id}"), []).append(row)


def event_row(topic: str, record: ConsumerRecord) -> EventRow | None:
    """The recorded event that a record of an output topic says it is; None when its headers make no sense."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    try:
        return EventRow(
            headers["ce_source"].rsplit("/", 1)[1], int(headers["ce_sequence"]), UUID(headers["ce_id"]),
            headers["ce_type"], topic, (record.key or b"").decode(), headers.get("ce_subject", ""),
            headers.get("ce_correlationid"), headers["ce_causationid"], headers.get("ce_actor"),
            headers.get("ce_traceparent"), parse_time(headers["ce_recordedtime"]), bytes.fromhex(headers["ce_chain"]),
            record.value or b"",
        )  # fmt: skip
    except (KeyError, ValueError, IndexError):
        return None

"""Confirmed publishing: recorded events go out in order, and only then the publish cursor moves.

A crash in between sends again with the same ids and the same bytes. Whoever sends, sends an unbroken run from the
cursor on, so a consumer that drops what it has seen sees every sequence, in order, whatever workers did meanwhile.
"""

import asyncio
import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import BY_NAME, DEAD_LETTERS
from streams.runtime.partitioning import home_partition
from streams.store.rows import EventRow, LetterRow, envelope
from streams.store.sql import QUERIES

log = structlog.get_logger("publisher")
CHUNK = 2000
SEND_S = 20.0
"""What the brokers have not confirmed by then is sent again through another producer."""
LETTER_BYTES = BY_NAME[DEAD_LETTERS].max_bytes - 64 * 1024
"""Of a dead letter with its headers as they stand in the database (base64), without our own."""
Message = tuple[str, int, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]
"""Topic, partition, key, value, headers."""


class Publisher:
    """Sends recorded rows with `send_batch`, one batch per output partition at a time."""

    def __init__(
        self, brokers: str, *, prefix: str, realm: str, partitions: int, idempotent: bool, client_id: str = "liandong"
    ) -> None:
        self._brokers = brokers
        self._prefix = prefix
        self._realm = realm
        self._partitions = partitions
        self._idempotent = idempotent
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._stopping: set[asyncio.Task[None]] = set()

    async def producer(self) -> AIOKafkaProducer:
        """The producer, opened on first use and again after a failure."""
        async with self._opening:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._brokers,
                    client_id=self._client_id,
                    linger_ms=0,
                    max_batch_size=1 << 20,
                    max_request_size=9 * 1024 * 1024,
                    request_timeout_ms=10_000,
                    acks="all",
                    enable_idempotence=self._idempotent,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def close(self) -> None:
        """Flush and stop."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def _discard(self, producer: AIOKafkaProducer) -> None:
        """Use a failed producer no more: an idempotent one may be unusable for good. Others may still wait for it."""
        if self._producer is producer:
            self._producer = None
        stopping = asyncio.create_task(_stopped(producer), name="producer-stop")
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)

    async def send(self, rows: Iterable[EventRow]) -> None:
        """Send rows, in order per partition, and wait until the brokers have confirmed all of them."""
        await self._send(
            (
                self._prefix + row.topic,
                home_partition(row.key, self._partitions),
                row.key.encode(),
                row.data,
                envelope(row, self._realm),
            )
            for row in rows
        )

    async def send_letters(self, letters: Sequence[LetterRow]) -> None:
        """Send dead letters: original key and bytes, original headers, and what was wrong in `dl_*` headers.

        Of a letter that no topic takes only the account is sent; its bytes are in the database.
        """
        await self._send(
            (
                self._prefix + DEAD_LETTERS,
                letter.partition % self._partitions,
                letter.key,
                letter.value if fits(letter) else None,
                letter_headers(letter),
            )
            for letter in letters
        )

    async def _send(self, messages: Iterable[Message]) -> None:
        producer = await self.producer()
        try:
            async with asyncio.timeout(SEND_S):
                await self._confirmed(producer, messages)
        except (KafkaError, TimeoutError):
            await self._discard(producer)
            raise

    async def _confirmed(self, producer: AIOKafkaProducer, messages: Iterable[Message]) -> None:
        """One batch per partition is under way at a time: a later one can never arrive without an earlier one."""
        open_batches: dict[tuple[str, int], Any] = {}
        for topic, partition, key, value, headers in messages:
            where = (topic, partition)
            batch = open_batches.get(where)
            if batch is None:
                batch = open_batches[where] = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is not None:
                continue
            if batch.record_count():
                batch.close()
                await (await producer.send_batch(batch, topic, partition=partition))
            batch = open_batches[where] = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                await producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers)
        confirmations = []
        for (topic, partition), batch in open_batches.items():
            if batch.record_count():
                batch.close()
                confirmations.append(await producer.send_batch(batch, topic, partition=partition))
        if confirmations:
            await asyncio.gather(*confirmations)


async def _stopped(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), SEND_S)
    except (TimeoutError, KafkaError) as error:
        log.warning("producer_not_stopped", error=repr(error))


def fits(letter: LetterRow) -> bool:
    """Whether the topic takes the letter as it is: inputs may be compressed, their bytes are not."""
    return len(letter.value or b"") + len(letter.key or b"") + len(letter.headers) <= LETTER_BYTES


def letter_headers(letter: LetterRow) -> list[tuple[str, bytes | None]]:
    """Where the record came from and why it is here, then its own headers as they were."""
    own = [(name, None if value is None else base64.b64decode(value)) for name, value in json.loads(letter.headers)]
    size = str(len(letter.value or b"")).encode()
    return [
        ("dl_code", letter.code.encode()),
        ("dl_category", letter.category.encode()),
        ("dl_path", letter.path[:500].encode()),
        ("dl_message", letter.message[:2000].encode()),
        ("dl_topic", letter.topic.encode()),
        ("dl_partition", str(letter.partition).encode()),
        ("dl_offset", str(letter.offset).encode()),
        ("dl_timestamp", str(letter.timestamp).encode()),
        *(own if fits(letter) else [("dl_only_in_database", size)]),
    ]


async def unpublished(connection: asyncpg.Connection, area: str) -> list[EventRow]:
    """The next run of an area's events that are not confirmed yet."""
    return [EventRow(*row.values()) for row in await connection.fetch(QUERIES["unpublished_events"], area, CHUNK)]

"""Sends a record to an input topic, as any upstream system would, and looks at what became of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from pydantic_core import from_json

from schemas.base import InputEvent
from schemas.codec import encode
from schemas.envelope import Headers, stamp, write
from schemas.outputs.refusals import CommandRefused
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.sql import QUERIES

SOURCE = "liandong/cli"
LARGEST_REQUEST = 9 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A confirmed record: where it is, and by which identity its effects are found."""

    topic: str
    partition: int
    offset: int
    area: str
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record: its events, or the code of its dead letter, or nothing yet."""

    events: tuple[tuple[int, str, dict[str, Any]], ...] = ()
    dead: str = ""

    @property
    def refusal(self) -> dict[str, Any] | None:
        """The refusal among its events."""
        return next((data for _, type, data in self.events if type == CommandRefused.TYPE), None)

    @property
    def known(self) -> bool:
        """Whether a worker has dealt with it."""
        return bool(self.events or self.dead)


async def area_now(connection: asyncpg.Connection, area: str) -> datetime:
    """The area's instant: virtual in an exercise."""
    now = await connection.fetchval("select now from area_head where area = $1", area)
    return now if isinstance(now, datetime) else await connection.fetchval("select now()")


async def send(settings: Settings, sent: Sent, key: bytes | None, value: bytes | None, headers: Headers) -> Sent:
    """Produce a record and wait until the brokers have it. Raises KafkaError."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, acks="all", max_request_size=LARGEST_REQUEST, request_timeout_ms=10_000
    )
    await producer.start()
    try:
        told = await producer.send_and_wait(settings.topic_prefix + sent.topic, value, key=key, headers=headers)
    finally:
        await producer.stop()
    return Sent(sent.topic, told.partition, told.offset, sent.area, sent.source, sent.id)


async def send_event(settings: Settings, event: InputEvent, id: str, now: datetime, **more: str | None) -> Sent:
    """Produce an input of ours, keyed by its area."""
    virtual = stamp(now) if settings.virtual_time else None
    attributes = {"id": id, "source": SOURCE, "type": event.TYPE, "time": stamp(now), **more, "virtualtime": virtual}
    where = Sent(event.TOPIC, -1, -1, event.area, SOURCE, id)
    return await send(settings, where, event.area.encode(), encode(event), write(attributes))


async def outcome(settings: Settings, sent: Sent, wait_s: float) -> Outcome:
    """What became of the record, looked up in the database until a worker has dealt with it or the time is over."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait_s
    connection = await connect(settings.database, settings.realm)
    try:
        while True:
            found = await _look(connection, sent)
            if found.known or clock() > deadline:
                return found
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


async def _look(connection: asyncpg.Connection, sent: Sent) -> Outcome:
    dead = await connection.fetchrow(QUERIES["letter_at"], sent.topic, sent.partition, sent.offset)
    if dead is not None:
        return Outcome(dead=f"{dead['code']} {dead['path']} {dead['message']}")
    rows = await connection.fetch(QUERIES["outcome_of_input"], sent.area, sent.source, sent.id)
    return Outcome(tuple((row["seq"], row["type"], from_json(row["data"])) for row in rows))

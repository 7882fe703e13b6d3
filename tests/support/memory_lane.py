"""A lane in this process: real transactions on a real PostgreSQL, fed from logs in memory, publishing to a list."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from schemas.base import InputEvent
from schemas.codec import encode
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import INPUT_TOPICS, REALM_CLOCK
from streams.runtime.areas import Areas
from streams.runtime.due import DueTimers
from streams.runtime.lane import Lane
from streams.runtime.outbox import Outbox
from streams.runtime.partitioning import home_partition
from streams.runtime.records import Position, Record
from streams.runtime.transaction import Transactions
from streams.runtime.unit import namespace
from streams.settings import Settings
from streams.store.database import open_pool
from streams.store.policy_book import PolicyBook
from streams.store.rows import EventRow, LetterRow
from streams.store.sql import QUERIES
from streams.telemetry import Metrics, configure_logging

PARTITION = 0
AREA = "420100"
Headers = list[tuple[str, bytes | None]]


def envelope(id: str, type: str, source: str = "/test/cad") -> Headers:
    """The headers of a well-formed record."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type.encode()),
        ("content-type", b"application/json"),
    ]


@dataclass
class MemoryPublisher:
    """Confirms at once; `failing` exceptions are raised first, one a call."""

    events: list[EventRow] = field(default_factory=list)
    letters: list[LetterRow] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)

    async def send(self, rows: Iterable[EventRow]) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.events.extend(rows)

    async def send_letters(self, letters: Sequence[LetterRow]) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.letters.extend(letters)

    def of(self, type: str) -> list[EventRow]:
        """Events of one type, each once."""
        seen = {(row.area, row.seq): row for row in self.events}
        return [row for row in seen.values() if row.type == type]


@dataclass
class Log:
    """One topic's partition. Offsets may have holes; `begin` is what retention has left."""

    records: list[Record] = field(default_factory=list)
    begin: int = 0
    end: int = 0


class MemoryLane:
    """A lane with its logs. `clock_ms` is the broker's clock."""

    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self.pool = pool
        self.settings = settings
        self.metrics = Metrics(settings.realm)
        self.publisher = MemoryPublisher()
        self.logs = {topic: Log() for topic in INPUT_TOPICS}
        self.clock_ms = 1_800_000_000_000
        self._fetched = dict.fromkeys(INPUT_TOPICS, 0)
        self.reseeks: list[tuple[str, int]] = []
        self._ids = 0
        self.lane = self.new_lane()

    def new_lane(self) -> Lane:
        """A lane as another worker would have it: nothing in memory."""
        transactions = Transactions(
            self.pool,
            Areas(PolicyBook()),
            self.metrics,
            realm=self.settings.realm,
            namespace=namespace(self.settings.realm),
            partitions=self.settings.partitions,
            budget_s=self.settings.idle_transaction_ms / 8000,
        )
        outbox: Any = Outbox(self.pool, self.publisher, self.metrics)  # type: ignore[arg-type]
        return Lane(PARTITION, transactions, outbox, self.settings, self.metrics, self._reseek, self, self._horizon)

    async def _reseek(self, position: Position, offset: int) -> None:
        self.reseeks.append((position.topic, offset))
        self._fetched[position.topic] = offset

    async def is_barren(self, position: Position, start: int, end: int) -> bool:
        return not any(start <= record.offset < end for record in self.logs[position.topic].records)

    async def begins(self, wanted: set[Position]) -> dict[Position, int]:
        return {position: self.logs[position.topic].begin for position in wanted}

    async def _horizon(self, area: str, due: datetime, lane: int) -> dict[Position, int]:
        limit = due.timestamp() * 1000
        return {
            Position(topic, PARTITION): next((r.offset for r in log.records if r.timestamp > limit), log.end)
            for topic, log in self.logs.items()
        }

    # ---- the broker

    def append(
        self, event: InputEvent, *, id: str | None = None, key: str | None = None, virtual: datetime | None = None
    ) -> Record:
        """Append an event at the broker's clock; in an exercise it says when it happens."""
        self._ids += 1
        headers = envelope(id or f"e{self._ids}", event.TYPE)
        if virtual is not None:
            headers.append(("ce_virtualtime", virtual.isoformat().encode()))
        return self.append_raw(event.TOPIC, encode(event), headers, (key or event.area).encode())

    def advance(self, to: datetime) -> Record:
        """In an exercise: time moves, after everything that stands on the topics now."""
        after = {topic: {PARTITION: log.end} for topic, log in self.logs.items() if topic != REALM_CLOCK}
        return self.append(ClockAdvanced(area=AREA, to=to, after=after), virtual=to)

    def append_raw(
        self, topic: str, value: bytes | None, headers: Headers, key: bytes | None = AREA.encode()
    ) -> Record:
        """Append any record."""
        log = self.logs[topic]
        record = Record(topic, PARTITION, log.end, self.clock_ms, key, value, tuple(headers))
        log.records.append(record)
        log.end += 1
        return record

    # ---- the worker

    async def start(self) -> None:
        """Assignment: from the stored positions."""
        async with self.pool.acquire() as connection:
            await connection.execute(
                "insert into input_offset (topic, partition, next_offset) "
                "select t, $2, 0 from unnest($1::text[]) t on conflict do nothing",
                list(INPUT_TOPICS),
                PARTITION,
            )
            rows = await connection.fetch("select topic, next_offset from input_offset where partition = $1", PARTITION)
            heads = await connection.fetch(QUERIES["head_instants"])
        self.lane._work._transactions.areas.learn({row["area"]: row["now"] for row in heads})
        positions = {Position(row["topic"], PARTITION): row["next_offset"] for row in rows}
        self._fetched = {row["topic"]: row["next_offset"] for row in rows}
        await self.lane.start(positions, self.ends())

    async def restart(self) -> None:
        """The worker died; another one begins."""
        await self.lane.stop()
        self.lane = self.new_lane()
        await self.start()

    def ends(self) -> dict[Position, int]:
        """Log ends."""
        return {Position(topic, PARTITION): log.end for topic, log in self.logs.items()}

    async def fetch(self) -> None:
        """Fetch once from every topic, as the agents do."""
        for topic, log in self.logs.items():
            start = self._fetched[topic]
            records = [record for record in log.records if record.offset >= start]
            if records:
                self._fetched[topic] = records[-1].offset + 1
                await self.lane.offer(topic, start, records)
        self.lane.end_seen(self.ends())

    async def settle(self, timeout: float = 20.0) -> None:
        """Fetch until everything appended has been applied and published."""
        deadline = time.monotonic() + timeout
        while any(self.lane.applied.get(position, 0) < end for position, end in self.ends().items()):
            assert time.monotonic() < deadline, f"not applied: {self.lane.lag()}"
            await self.fetch()
            await asyncio.sleep(0.005)
        while self.lane.busy_since is not None:
            await asyncio.sleep(0.002)

    async def tick(self, now: datetime, *areas: str) -> None:
        """What the worker's look at the clock brings about when it sees timers due in these areas."""
        self.lane.timers_due(DueTimers(now, areas or (AREA,), self.ends()))
        await self.settle()
        for _ in range(2000):
            if self.lane._due is None and self.lane.busy_since is None:
                return
            await self.fetch()
            await asyncio.sleep(0.005)
        raise AssertionError("timers were not looked at")

    async def rows(self, statement: str, *args: object) -> list[asyncpg.Record]:
        """Read the database."""
        async with self.pool.acquire() as connection:
            return list(await connection.fetch(statement, *args))

    def count(self, metric: str, **labels: str) -> float:
        """A counter's value."""
        value = self.metrics.registry.get_sample_value(f"liandong_{metric}", {"realm": self.settings.realm, **labels})
        return value or 0.0


@asynccontextmanager
async def memory_lane(database: str, **settings: object) -> AsyncIterator[MemoryLane]:
    """A started lane on a migrated database."""
    configure_logging("CRITICAL", "json")
    chosen = Settings(database=database, partitions=1, merge_patience_ms=50, **settings)  # type: ignore[arg-type]
    pool = await open_pool(
        database,
        chosen.realm,
        size=chosen.pool_size,
        idle_timeout_ms=chosen.idle_transaction_ms,
        statement_timeout_ms=chosen.statement_timeout_ms,
    )
    memory = MemoryLane(pool, chosen)
    assert home_partition(AREA, 1) == PARTITION
    try:
        await memory.start()
        yield memory
    finally:
        await memory.lane.stop()
        await asyncio.wait_for(pool.close(), 10)

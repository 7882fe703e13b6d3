"""The hand-written loop: aiokafka + asyncpg with the same decode, decisions, SQL and publishes as the worker.

What it leaves out is what the worker is measured for: Faust, group membership, lanes, merging of topics, timers,
metrics, health, log lines. It is as fast as such a loop gets: partitions are worked on concurrently.
"""

import asyncio
from collections import defaultdict
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.base import LATEST
from schemas.topics import INPUT_TOPICS
from streams.app import spare_collector
from streams.runtime.areas import Areas
from streams.runtime.items import decode_record
from streams.runtime.publisher import Publisher
from streams.runtime.records import Offsets, Position, from_kafka
from streams.runtime.transaction import Transactions
from streams.runtime.unit import namespace
from streams.settings import Settings
from streams.store.database import open_pool
from streams.store.policy_book import PolicyBook
from streams.store.sql import QUERIES


class NoMetrics:
    """Takes every measurement and keeps none."""

    realm = "actual"

    def __getattr__(self, name: str) -> "NoMetrics":
        """Any metric."""
        return self

    def labels(self, *values: str) -> "NoMetrics":
        """Any label."""
        return self

    def inc(self, amount: float = 1) -> None:
        """Not counted."""

    def observe(self, amount: float) -> None:
        """Not kept."""

    def set(self, value: float) -> None:
        """Not kept."""


class Loop:
    """The parts of the loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.prefix = settings.topic_prefix
        self.passed = defaultdict(lambda: LATEST)

    async def open(self) -> None:
        """Database, publisher, consumer at the stored positions."""
        settings = self.settings
        self.pool = await open_pool(
            settings.database,
            settings.realm,
            size=settings.pool_size,
            idle_timeout_ms=settings.idle_transaction_ms,
            statement_timeout_ms=settings.statement_timeout_ms,
        )
        metrics: Any = NoMetrics()
        self.transactions = Transactions(
            self.pool,
            Areas(PolicyBook()),
            metrics,
            realm=settings.realm,
            namespace=namespace(settings.realm),
            partitions=settings.partitions,
            budget_s=settings.idle_transaction_ms / 8000,
        )
        self.publisher = Publisher(
            settings.brokers, prefix=self.prefix, realm=settings.realm, partitions=settings.partitions, idempotent=True
        )
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers, enable_auto_commit=False, max_partition_fetch_bytes=8 << 20
        )
        await self.consumer.start()
        await self._seek()

    async def _seek(self) -> None:
        positions = [Position(t, p) for t in INPUT_TOPICS for p in range(self.settings.partitions)]
        async with self.pool.acquire() as connection:
            stored = await connection.fetch(QUERIES["read_offsets"])
        self.consumer.assign([TopicPartition(self.prefix + p.topic, p.partition) for p in positions])
        for row in stored:
            self.consumer.seek(TopicPartition(self.prefix + row["topic"], row["partition"]), row["next_offset"])

    async def run(self) -> None:
        """Fetch, apply, publish, for ever."""
        while True:
            fetched = await self.consumer.getmany(timeout_ms=200, max_records=4000)
            await asyncio.gather(*(self._partition(records) for records in fetched.values()))

    async def _partition(self, fetched: list[ConsumerRecord]) -> None:
        size = self.settings.batch_records
        cursors: dict[str, int] = {}
        for start in range(0, len(fetched), size):
            records = [from_kafka(record, self.prefix) for record in fetched[start : start + size]]
            items = [decode_record(record, virtual_time=False) for record in records]
            while items:
                applied = await self.transactions.apply(items, cursors, Offsets(), self.passed)
                await self.publisher.send(applied.unit.events)
                cursors = {row.area: row.seq for row in applied.unit.events}
                items = applied.rest
        async with self.pool.acquire() as connection:
            await connection.execute(QUERIES["move_published"], list(cursors), list(cursors.values()))


async def main() -> None:
    """Run until killed."""
    loop = Loop(Settings())
    await loop.open()
    spare_collector()
    await loop.run()


if __name__ == "__main__":
    uvloop.run(main())

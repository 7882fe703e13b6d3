"""The hand-written loop: aiokafka + asyncpg with the same decode, decisions, SQL and publishes as the worker.

What it leaves out is what the worker is measured for: Faust, group membership, lanes, merging, timers, health, logs.
"""

import asyncio
from collections import defaultdict

import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.base import LATEST
from schemas.topics import INPUT_TOPICS, LANE_ORDER
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
from streams.telemetry import Metrics


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
        self.transactions = Transactions(
            self.pool,
            Areas(PolicyBook()),
            Metrics(settings.realm),
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
        topics, partitions = [p.topic for p in positions], [p.partition for p in positions]
        async with self.pool.acquire() as connection:
            await connection.execute(QUERIES["ensure_offsets"], topics, partitions, [0] * len(positions))
            stored = await connection.fetch(QUERIES["read_offsets"])
        self.consumer.assign([TopicPartition(self.prefix + p.topic, p.partition) for p in positions])
        for row in stored:
            self.consumer.seek(TopicPartition(self.prefix + row["topic"], row["partition"]), row["next_offset"])

    async def run(self) -> None:
        """Fetch, group by partition number, apply, publish, for ever."""
        while True:
            fetched = await self.consumer.getmany(timeout_ms=200, max_records=2000)
            lanes: dict[int, list[ConsumerRecord]] = defaultdict(list)
            for tp, records in fetched.items():
                lanes[tp.partition].extend(records)
            await asyncio.gather(*(self._lane(records) for records in lanes.values()))

    async def _lane(self, fetched: list[ConsumerRecord]) -> None:
        records = [from_kafka(record, self.prefix) for record in fetched]
        records.sort(key=lambda record: (record.timestamp, LANE_ORDER[record.topic]))
        size = self.settings.batch_records
        for start in range(0, len(records), size):
            items = [decode_record(record, virtual_time=False) for record in records[start : start + size]]
            while items:
                applied = await self.transactions.apply(items, {}, Offsets(), self.passed)
                await self.publisher.send(applied.unit.events)
                seqs = {row.area: row.seq for row in applied.unit.events}
                async with self.pool.acquire() as connection:
                    await connection.execute(QUERIES["move_published"], list(seqs), list(seqs.values()))
                items = applied.rest


async def main() -> None:
    """Run until killed."""
    loop = Loop(Settings())
    await loop.open()
    await loop.run()


if __name__ == "__main__":
    uvloop.run(main())

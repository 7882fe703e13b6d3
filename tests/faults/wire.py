"""The bridge between the `mutual.aid` topics of two installations, bad on purpose."""

import asyncio
from collections import Counter
from random import Random

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.topics import MUTUAL_AID
from streams.runtime.partitioning import home_partition
from tests.support.site import Site

LOST, REPEATED, DELAYED = 0.2, 0.2, 0.4
LONGEST_S = 5.0
OWN = b"liandong/"


class BadWire:
    """Carries each city's messages to the city that they address: some never, some twice, many late."""

    def __init__(self, sites: dict[str, Site], random: Random) -> None:
        self._sites = sites
        self._random = random
        self._flights: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    def told(self) -> str:
        """For people."""
        return "messages: " + ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))

    async def run(self) -> None:
        """Carry until cancelled."""
        brokers = next(iter(self._sites.values())).settings.brokers
        producer = AIOKafkaProducer(bootstrap_servers=brokers, enable_idempotence=True)
        await producer.start()
        try:
            await asyncio.gather(*(self._from(area, producer) for area in self._sites))
        finally:
            for flight in self._flights:
                flight.cancel()
            await producer.stop()

    async def _from(self, area: str, producer: AIOKafkaProducer) -> None:
        site = self._sites[area]
        consumer = AIOKafkaConsumer(bootstrap_servers=site.settings.brokers, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign([TopicPartition(site.topic(MUTUAL_AID), n) for n in range(site.settings.partitions)])
            async for record in consumer:
                source = dict(record.headers).get("ce_source", b"")
                to = self._sites.get(record.key.decode())
                if to is not None and to is not site and source.startswith(OWN) and source.endswith(area.encode()):
                    self._carry(record, to, producer)
        finally:
            await consumer.stop()

    def _carry(self, record: ConsumerRecord, to: Site, producer: AIOKafkaProducer) -> None:
        self.counts["carried"] += 1
        if self._random.random() < LOST:
            self.counts["lost"] += 1
            return
        copies = 1
        if self._random.random() < REPEATED:
            copies = 2
            self.counts["repeated"] += 1
        for _ in range(copies):
            delay = 0.0
            if self._random.random() < DELAYED:
                delay = self._random.uniform(0, LONGEST_S)
                self.counts["delayed"] += 1
            flight = asyncio.create_task(self._fly(record, to, producer, delay))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    async def _fly(self, record: ConsumerRecord, to: Site, producer: AIOKafkaProducer, delay: float) -> None:
        await asyncio.sleep(delay)
        await producer.send_and_wait(
            to.topic(MUTUAL_AID),
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=home_partition(record.key.decode(), to.settings.partitions),
        )

"""The upstream systems' way to Kafka: one producer partitions by CRC32 as librdkafka does, the others by murmur2."""

import asyncio
import zlib
from collections.abc import Iterable
from typing import Self

from aiokafka import AIOKafkaProducer

from tests.support.messages import Message
from tests.support.site import Site

CRC_SYSTEM = "ems"
"""The system whose client is librdkafka: its records of an area go to another partition than everybody else's."""


def crc32_partition(key: bytes, everything: list[int], available: list[int]) -> int:
    """librdkafka's `consistent` partitioner."""
    return everything[zlib.crc32(key) % len(everything)]


class Upstream:
    """Producers of all systems; `send` returns when every record is confirmed."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.sent = 0
        self._producers: dict[str, AIOKafkaProducer] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        for name, options in (("crc32", {"partitioner": crc32_partition}), ("murmur2", {})):
            producer = AIOKafkaProducer(
                bootstrap_servers=self._site.settings.brokers,
                enable_idempotence=True,
                linger_ms=5,
                max_request_size=8 * 1024 * 1024,
                **options,
            )
            await producer.start()
            self._producers[name] = producer
        return self

    async def __aexit__(self, *error: object) -> None:
        """Disconnect."""
        await asyncio.gather(*(producer.stop() for producer in self._producers.values()))

    async def send(self, messages: Iterable[Message]) -> None:
        """Produce in this order; confirmed when it returns."""
        await asyncio.gather(*[await self.post(message) for message in messages])

    async def post(self, message: Message) -> "asyncio.Future[object]":
        """Queue one record; the future confirms it."""
        producer = self._producers["crc32" if message.system == CRC_SYSTEM else "murmur2"]
        confirmed = await producer.send(
            self._site.topic(message.topic), message.value, key=message.area.encode(), headers=list(message.headers)
        )
        self.sent += 1
        return confirmed

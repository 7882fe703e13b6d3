"""Worker processes for integration tests: on the broker and the database that the whole test run shares."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from schemas.base import InputEvent
from schemas.codec import encode
from streams.local.ports import free_ports
from streams.local.process import Child
from streams.runtime.startup import create_topics
from streams.settings import Settings
from tests.parts_server import KafkaPart
from tests.support.site import Parts, Site

Headers = Sequence[tuple[str, bytes | None]]
MIB = 1024 * 1024


def envelope(id: str, type: str, source: str = "/test/cad") -> list[tuple[str, bytes | None]]:
    """The headers of a well-formed record."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", type.encode()),
        ("content-type", b"application/json"),
    ]


def settings_for(kafka: KafkaPart, database: str, prefix: str, **more: object) -> Settings:
    """A deployment of its own on shared parts, with a port of its own."""
    values: dict[str, object] = {
        "brokers": kafka.bootstrap,
        "database": database,
        "deployment": prefix.rstrip("."),
        "replication": 1,
        "partitions": 2,
        "broker_kind": "kafka" if kafka.real else "embedded",
        "http_port": free_ports(1)[0],
        "session_timeout_s": 6,
        "rebalance_timeout_s": 6,
        "log_level": "WARNING",
        "log_format": "json",
        **more,
    }
    return Settings.model_validate(values)


@dataclass
class Samples:
    """One scrape of /metrics."""

    values: list[tuple[str, dict[str, str], float]]

    def total(self, name: str, **labels: str) -> float:
        """Sum over all series of this name (without `liandong_`) that have these labels."""
        return sum(
            value
            for sample, own, value in self.values
            if sample == f"liandong_{name}" and labels.items() <= own.items()
        )


class Worker:
    """One worker process and its HTTP port."""

    def __init__(self, settings: Settings, child: Child) -> None:
        self.settings = settings
        self.child = child

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 when nobody answers."""
        url = f"http://127.0.0.1:{self.settings.http_port}{path}"
        timeout = aiohttp.ClientTimeout(total=3)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
                return response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def is_ready(self) -> bool:
        """What /readyz says."""
        return (await self.get("/readyz"))[0] == 200

    async def metrics(self) -> Samples:
        """Scrape."""
        status, text = await self.get("/metrics")
        assert status == 200
        families = text_string_to_metric_families(text)
        return Samples([(s.name, dict(s.labels), float(s.value)) for family in families for s in family.samples])

    async def wait_ready(self, timeout: float = 60.0, *, ready: bool = True) -> None:
        """Wait until /readyz says so."""

        told = ""

        async def probe() -> bool:
            nonlocal told
            assert self.child.running, self.child.tail()
            status, told = await self.get("/readyz")
            return (status == 200) is ready

        await until(probe, timeout, f"ready is {ready}", lambda: f"{told}\n{self.child.tail()}")


async def until(
    probe: Callable[[], Any], timeout: float, what: str, explain: Callable[[], str] = str, every: float = 0.1
) -> None:
    """Wait until an asynchronous probe says yes."""
    deadline = time.monotonic() + timeout
    while not await probe():
        assert time.monotonic() < deadline, f"not within {timeout:.0f} s: {what}\n{explain()}"
        await asyncio.sleep(every)


@dataclass
class Wire:
    """The deployment as upstream and downstream systems see it."""

    settings: Settings
    producer: AIOKafkaProducer

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return self.settings.topic_prefix + name

    async def send(self, event: InputEvent, id: str) -> None:
        """Send a well-formed record, keyed by its area."""
        await self.send_raw(event.TOPIC, encode(event), envelope(id, event.TYPE), event.area.encode())

    async def send_raw(
        self, topic: str, value: bytes | None, headers: Headers, key: bytes | None, partition: int | None = None
    ) -> None:
        """Send any record and wait for its confirmation."""
        await self.producer.send_and_wait(self.topic(topic), value, key=key, headers=list(headers), partition=partition)

    async def read(self, *names: str) -> list[ConsumerRecord]:
        """Everything that stands on these topics now, by partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.brokers, max_partition_fetch_bytes=9 * MIB, fetch_max_bytes=64 * MIB
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topic(n), p) for n in names for p in range(self.settings.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found.extend(records)
            return found
        finally:
            await consumer.stop()


@asynccontextmanager
async def wire(settings: Settings, *, compression: str | None = None) -> AsyncIterator[Wire]:
    """A producer of the deployment."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers,
        max_request_size=7 * MIB,
        linger_ms=5,
        compression_type=compression,
        enable_idempotence=settings.broker_kind == "kafka",
    )
    await producer.start()
    try:
        yield Wire(settings, producer)
    finally:
        await producer.stop()


def worker_process(
    settings: Settings,
    folder: Path,
    name: str = "w0",
    *,
    module: str = "tests.support.worker",
    args: tuple[str, ...] = (),
) -> Worker:
    """A worker process, described but not started."""
    site = Site(Parts(None, None, folder), settings)  # type: ignore[arg-type]  # shared parts are not the site's to stop
    return Worker(settings, site.worker(name, module=module, args=args))


@asynccontextmanager
async def running_worker(
    settings: Settings, folder: Path, *, module: str = "tests.support.worker", args: tuple[str, ...] = ()
) -> AsyncIterator[Worker]:
    """Topics, and one worker process that is ready; stopped at the end."""
    await create_topics(settings)
    worker = worker_process(settings, folder, module=module, args=args)
    worker.child.start()
    try:
        await worker.wait_ready()
        yield worker
    finally:
        await asyncio.to_thread(worker.child.stop)

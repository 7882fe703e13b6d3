"""What a worker does, and what it says of itself, while its database or its broker is away; and when a log is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from schemas.topics import REGISTERS
from streams.local.kafka import available
from streams.runtime.startup import create_topics
from streams.settings import Settings
from tests.parts_server import KafkaPart
from tests.support.running import Wire, Worker, settings_for, until, wire, worker_process
from tests.support.site import Parts, new_site, real_parts

AREA = "420100"
needs_kafka = pytest.mark.skipif(available() is not None, reason=f"no real Apache Kafka: {available()}")


def district(number: int) -> DistrictRegistered:
    return DistrictRegistered(area=AREA, district=f"4201{number:02d}", name="D")


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    async with real_parts(1, durable=True) as made:
        yield made


async def reasons(worker: Worker) -> str:
    status, body = await worker.get("/readyz")
    told = json.loads(body)
    assert (status == 200) is told["ready"]
    assert told["ready"] is (told["reasons"] == [])
    return "; ".join(told["reasons"])


async def wait_for_reason(worker: Worker, reason: str, timeout: float = 20.0) -> None:
    async def probe() -> bool:
        assert (await worker.get("/healthz"))[0] == 200
        return reason in await reasons(worker)

    await until(probe, timeout, reason, worker.child.tail)


async def districts(settings: Settings) -> set[int]:
    connection = await asyncpg.connect(settings.database, server_settings={"search_path": "actual"})
    try:
        return {int(row["id"][4:]) for row in await connection.fetch("select id from state where kind = 'district'")}
    finally:
        await connection.close()


async def wait_applied(settings: Settings, wanted: set[int], timeout: float = 30.0) -> None:
    async def probe() -> bool:
        return await districts(settings) >= wanted

    await until(probe, timeout, f"districts {wanted}")


@needs_kafka
@pytest.mark.timeout(400)
async def test_outages_stop_progress_and_nothing_else(parts: Parts) -> None:
    """Not ready while database or broker is away, by its right name; ready again by itself; nothing lost."""
    site = await new_site(
        parts, "outages", partitions=1, session_timeout_s=3, rebalance_timeout_s=3, start_timeout_s=120
    )
    settings = site.settings.model_copy(update={"http_port": settings_for_port()})
    spare_settings = site.settings.model_copy(update={"http_port": settings_for_port()})
    worker = worker_process(settings, site.folder, "first")
    spare = worker_process(spare_settings, site.folder, "spare")
    worker.child.start()
    try:
        await worker.wait_ready()
        async with wire(settings) as upstream:
            await upstream.send(AreaRegistered(area=AREA, name="City"), "a")
            await upstream.send(district(1), "d1")
            await wait_applied(settings, {1})
            pid = worker.child.pid

            await database_away(parts, settings, upstream, worker)
            await broker_away(parts, settings, upstream, worker)
            assert worker.child.pid == pid

            # More workers than partitions: the spare one is ready too, and takes over.
            spare.child.start()
            await spare.wait_ready()
            await worker.wait_ready()
            await rebalance_without_database(parts, settings, upstream, (worker, spare))
    finally:
        await asyncio.gather(asyncio.to_thread(worker.child.kill), asyncio.to_thread(spare.child.kill))


def settings_for_port() -> int:
    from streams.local.ports import free_ports

    return free_ports(1)[0]


async def database_away(parts: Parts, settings: Settings, upstream: Wire, worker: Worker) -> None:
    await asyncio.to_thread(parts.postgres.kill)
    await upstream.send(district(2), "d2")
    await upstream.send(district(3), "d3")
    await wait_for_reason(worker, "database does not answer")
    assert "broker" not in await reasons(worker)
    assert (await worker.metrics()).total("ready") == 0
    await asyncio.to_thread(parts.postgres.start)
    await wait_applied(settings, {1, 2, 3})
    await worker.wait_ready()
    samples = await worker.metrics()
    assert samples.total("retries_total", where="transaction") > 0
    assert samples.total("quarantined_records_total") == 0
    assert samples.total("lane_restarts_total") == 0


async def broker_away(parts: Parts, settings: Settings, upstream: Wire, worker: Worker) -> None:
    await asyncio.to_thread(parts.kafka.kill, 1)
    await wait_for_reason(worker, "broker does not answer")
    assert "database" not in await reasons(worker)
    await asyncio.to_thread(parts.kafka.start, 1)
    await worker.wait_ready()
    await upstream.send(district(4), "d4")
    await wait_applied(settings, {4})
    assert (await worker.metrics()).total("lane_restarts_total") == 0


async def rebalance_without_database(
    parts: Parts, settings: Settings, upstream: Wire, workers: tuple[Worker, Worker]
) -> None:
    """The owner dies while the database is away: the other one gets the partition, and waits for the positions."""
    owners = [worker for worker in workers if (await worker.metrics()).total("records_total") > 0]
    owner, heir = (workers[0], workers[1]) if workers[0] in owners[-1:] else (workers[1], workers[0])
    await asyncio.to_thread(parts.postgres.kill)
    await asyncio.to_thread(owner.child.kill)
    await upstream.send(district(5), "d5")
    await wait_for_reason(heir, "waiting for stored positions", 30)
    await asyncio.sleep(WITHOUT_DATABASE_S)
    await asyncio.to_thread(parts.postgres.start)
    await wait_applied(settings, {1, 2, 3, 4, 5})
    await heir.wait_ready()


WITHOUT_DATABASE_S = 8.0
"""Longer than Faust is kept waiting (transport.PLACE_S)."""


@needs_kafka
@pytest.mark.timeout(400)
async def test_a_topic_that_was_made_anew_stops_the_lane_and_not_the_worker(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """OFFSET_LOST although the new log is longer than the old one was: never a silent skip."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    await create_topics(settings)
    worker = worker_process(settings, tmp_path)
    worker.child.start()
    try:
        async with wire(settings) as upstream:
            await upstream.send(AreaRegistered(area=AREA, name="City"), "a")
            await upstream.send(district(1), "d1")
            await wait_applied(settings, {1})
            await asyncio.to_thread(worker.child.stop)
            await make_anew(settings, upstream.topic(REGISTERS))
            for number in range(2, 8):
                await upstream.send(district(number), f"d{number}")
            worker.child.start()
            await wait_for_start(worker)
            await wait_for_reason(worker, "OFFSET_LOST")
            assert (await worker.metrics()).total("offset_lost_lanes") == 1
            assert await districts(settings) == {1}
    finally:
        await asyncio.to_thread(worker.child.kill)


async def wait_for_start(worker: Worker) -> None:
    async def probe() -> bool:
        assert worker.child.running, worker.child.tail()
        return (await worker.get("/healthz"))[0] == 200

    await until(probe, 40, "alive", worker.child.tail)


async def make_anew(settings: Settings, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        for _ in range(100):
            await asyncio.sleep(0.1)
            made = await admin.create_topics(
                [NewTopic(topic, 1, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})]
            )
            if made.topic_errors[0][1] == 0:
                return
    finally:
        await admin.close()
    raise AssertionError("not made anew")

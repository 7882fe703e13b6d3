"""One worker process on a real broker: what reaches it over the wire in odd forms, and how it starts and ends."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from schemas.topics import AREA_EVENTS, DEAD_LETTERS, REGISTERS
from tests.parts_server import KafkaPart
from tests.support.running import Wire, running_worker, settings_for, until, wire, worker_process

AREA = "420100"


def district(number: int) -> DistrictRegistered:
    return DistrictRegistered(area=AREA, district=f"4201{number:02d}", name="D")


async def districts(database: str) -> set[str]:
    connection = await asyncpg.connect(database, server_settings={"search_path": "actual"})
    try:
        return {row["id"] for row in await connection.fetch("select id from state where kind = 'district'")}
    finally:
        await connection.close()


async def applied(database: str, *numbers: int) -> None:
    wanted = {f"4201{number:02d}" for number in numbers}

    async def probe() -> bool:
        return await districts(database) >= wanted

    await until(probe, 30, f"districts {wanted}")


def with_bad_header_name(topic_value: bytes) -> bytes:
    """A record batch as no well-meaning client writes it: the name of one header is not UTF-8."""
    import struct

    from aiokafka.record import default_records as d
    from aiokafka.record.util import calc_crc32c

    builder = d._DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, 1_700_000_000_000, AREA.encode(), topic_value, [("AAAA", b"x")])
    builder.append(1, 1_700_000_000_000, AREA.encode(), topic_value, [("fine", b"x")])
    raw = bytearray(builder.build())
    at = raw.index(b"AAAA")
    raw[at : at + 4] = b"\xff\xfea\xff"
    crc = calc_crc32c(memoryview(raw)[d.DefaultRecordBase.ATTRIBUTES_OFFSET :])
    struct.pack_into(">I", raw, d.DefaultRecordBase.CRC_OFFSET, crc)
    return bytes(raw)


async def send_batch_bytes(site: Wire, topic: str, raw: bytes) -> None:
    """Produce a batch that was made by hand."""
    from aiokafka.protocol.produce import ProduceRequest

    client = site.producer.client
    await client.force_metadata_update()
    name = site.topic(topic)
    await site.producer.partitions_for(name)
    node = client.cluster.leader_for_partition(__import__("aiokafka").TopicPartition(name, 0))
    request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=5000, topics=[(name, [(0, raw)])])
    response = await client.send(node, request)
    assert response.topics[0][1][0][1] == 0, response


async def test_a_header_whose_name_is_no_text_ends_no_worker(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The client raises out of its fetch; every worker that takes the partition over would meet it again."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    async with running_worker(settings, tmp_path) as worker, wire(settings) as site:
        pid = worker.child.pid
        await site.send(AreaRegistered(area=AREA, name="City"), "a")
        await send_batch_bytes(site, REGISTERS, with_bad_header_name(b"{"))
        await site.send(district(1), "d1")
        await applied(database, 1)
        letters = await site.read(DEAD_LETTERS)
        assert [dict(r.headers)["dl_code"] for r in letters] == [b"MISSING_HEADER", b"MISSING_HEADER"]
        assert ("\\xff\\xfea\\xff", b"x") in letters[0].headers
        assert worker.child.running
        assert worker.child.pid == pid


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_of_upstream_systems_is_read(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path, codec: str
) -> None:
    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    async with running_worker(settings, tmp_path), wire(settings, compression=codec) as site:
        await site.send(AreaRegistered(area=AREA, name="City" * 100), "a")
        await site.send(district(1), "d1")
        await applied(database, 1)


async def test_a_letter_that_no_topic_takes_leaves_its_bytes_in_the_database(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Compressed records may hold more than any message of ours: dead.letters then says where the bytes are."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    async with running_worker(settings, tmp_path), wire(settings, compression="gzip") as site:
        await site.send(AreaRegistered(area=AREA, name="City"), "a")
        site.producer._max_request_size = 64 << 20
        big = b"[" + b" " * (20 << 20) + b"]"
        await site.send_raw(REGISTERS, big, [("ce_id", b"big")], AREA.encode())
        await site.send(district(1), "d1")
        await applied(database, 1)

        async def told() -> bool:
            return bool(await site.read(DEAD_LETTERS))

        await until(told, 20, "the letter")
        (letter,) = await site.read(DEAD_LETTERS)
        assert letter.value is None
        assert dict(letter.headers)["dl_only_in_database"] == str(len(big)).encode()
        connection = await asyncpg.connect(database, server_settings={"search_path": "actual"})
        assert await connection.fetchval("select octet_length(value) from dead_letter") == len(big)
        await connection.close()


async def test_records_of_producers_with_transactions_are_applied_when_committed(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    from aiokafka import AIOKafkaProducer

    from schemas.codec import encode
    from tests.support.running import envelope

    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    async with running_worker(settings, tmp_path) as worker, wire(settings) as site:
        await site.send(AreaRegistered(area=AREA, name="City"), "a")
        producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, transactional_id=f"{topic_prefix}tx")
        await producer.start()
        for number, end in ((1, "commit"), (2, "abort"), (3, "commit")):
            await producer.begin_transaction()
            event = district(number)
            await producer.send_and_wait(
                site.topic(REGISTERS), encode(event), key=AREA.encode(), headers=envelope(f"t{number}", event.TYPE)
            )
            await getattr(producer, f"{end}_transaction")()
        await producer.stop()
        await applied(database, 1, 3)
        assert await districts(database) == {"420101", "420103"}

        async def caught_up() -> bool:
            return (await worker.metrics()).total("lag_records") == 0

        await until(caught_up, 30, "no lag although the log ends with a marker")


# ---- start and end


async def test_a_worker_that_is_told_to_stop_ends_with_0_and_loses_nothing(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(real_kafka, database, topic_prefix)
    async with running_worker(settings, tmp_path) as worker, wire(settings) as site:
        await site.send(AreaRegistered(area=AREA, name="City"), "a")
        for number in range(1, 40):
            await site.send(district(number), f"d{number}")
        await asyncio.to_thread(worker.child.stop)
        assert worker.child._process is not None
        assert worker.child._process.returncode == 0, worker.child.tail()
        worker.child.start()
        await applied(database, *range(1, 40))
        await worker.wait_ready()
        taken = [r for r in await site.read(AREA_EVENTS) if dict(r.headers)["ce_type"].startswith(b"register.district")]
        assert len({json.loads(r.value)["entry"]["district"] for r in taken}) == 39


@pytest.mark.parametrize("away", ["database", "brokers", "topics"])
async def test_a_worker_that_cannot_start_ends_in_time_and_says_what_to_do(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path, away: str
) -> None:
    nowhere = {"database": "postgresql://127.0.0.1:9/nothing", "brokers": "127.0.0.1:9"}
    settings = settings_for(real_kafka, database, topic_prefix, start_timeout_s=2)
    if away in nowhere:
        settings = settings.model_copy(update={away: nowhere[away]})
    worker = worker_process(settings, tmp_path)
    worker.child.start()
    assert worker.child._process is not None
    code = await asyncio.to_thread(worker.child._process.wait, 40)
    assert code == 1, worker.child.tail()
    advice = {"database": "liandong doctor", "brokers": "liandong doctor", "topics": "liandong topics create"}[away]
    assert advice in worker.child.tail()

"""One worker process on a real broker: what reaches it over the wire in odd forms, and how it starts and ends."""

import asyncio
import json
import struct
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record import default_records as parts
from aiokafka.record.util import calc_crc32c

from schemas.codec import encode
from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from schemas.topics import AREA_EVENTS, DEAD_LETTERS, REGISTERS
from streams.settings import Settings
from tests.parts_server import KafkaPart
from tests.support.running import Wire, envelope, running_worker, settings_for, until, wire, worker_process

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
    builder = parts._DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, 1_700_000_000_000, AREA.encode(), topic_value, [("AAAA", b"x")])
    builder.append(1, 1_700_000_000_000, AREA.encode(), topic_value, [("fine", b"x")])
    raw = bytearray(builder.build())
    at = raw.index(b"AAAA")
    raw[at : at + 4] = b"\xff\xfea\xff"
    crc = calc_crc32c(memoryview(raw)[parts.DefaultRecordBase.ATTRIBUTES_OFFSET :])
    struct.pack_into(">I", raw, parts.DefaultRecordBase.CRC_OFFSET, crc)
    return bytes(raw)


async def send_batch_bytes(site: Wire, topic: str, raw: bytes) -> None:
    """Produce a batch that was made by hand."""
    client = site.producer.client
    await client.force_metadata_update()
    name = site.topic(topic)
    await site.producer.partitions_for(name)
    node = client.cluster.leader_for_partition(TopicPartition(name, 0))
    request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=5000, topics=[(name, [(0, raw)])])
    response = await client.send(node, request)
    assert response.topics[0][1][0][1] == 0, response


@pytest.mark.timeout(400)
async def test_whatever_form_upstream_systems_give_their_records_they_are_read(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Odd header names, every compression, more than a topic takes, producers with transactions: one worker."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=1)
    async with running_worker(settings, tmp_path) as worker, wire(settings) as site:
        pid = worker.child.pid
        await site.send(AreaRegistered(area=AREA, name="City"), "a")
        await a_header_whose_name_is_no_text(site)
        await every_compression(site)
        await a_letter_that_no_topic_takes(site)
        await a_transaction_that_was_aborted(site)
        await applied(database, *range(1, 9))
        assert await districts(database) == {f"4201{number:02d}" for number in (*range(1, 9), 11)}

        async def caught_up() -> bool:
            return (await worker.metrics()).total("lag_records") == 0

        await until(caught_up, 30, "no lag although the log ends with the mark of a transaction")
        letters = await site.read(DEAD_LETTERS)
        assert [dict(r.headers)["dl_code"] for r in letters] == [b"MISSING_HEADER"] * 3
        assert ("\\xff\\xfea\\xff", b"x") in letters[0].headers
        assert letters[2].value is None
        assert dict(letters[2].headers)["dl_only_in_database"] == str(len(HUGE)).encode()
        connection = await asyncpg.connect(database, server_settings={"search_path": "actual"})
        assert await connection.fetchval("select max(octet_length(value)) from dead_letter") == len(HUGE)
        await connection.close()
        assert worker.child.running
        assert worker.child.pid == pid
        assert (await worker.metrics()).total("lane_restarts_total") == 0


HUGE = b"[" + b" " * (20 << 20) + b"]"


async def a_header_whose_name_is_no_text(site: Wire) -> None:
    """The client raises out of its fetch; every worker that takes the partition over would meet it again."""
    await send_batch_bytes(site, REGISTERS, with_bad_header_name(b"{"))
    await site.send(district(1), "d1")


async def every_compression(site: Wire) -> None:
    for number, codec in enumerate(("gzip", "snappy", "lz4", "zstd"), 2):
        async with wire(site.settings, compression=codec) as compressed:
            await compressed.send(district(number), f"d{number}")


async def a_letter_that_no_topic_takes(site: Wire) -> None:
    """Compressed records may hold more than any message of ours: dead.letters then says where the bytes are."""
    async with wire(site.settings, compression="gzip") as compressed:
        compressed.producer._max_request_size = 64 << 20
        await compressed.send_raw(REGISTERS, HUGE, [("ce_id", b"huge")], AREA.encode())
        await compressed.send(district(6), "d6")


async def a_transaction_that_was_aborted(site: Wire) -> None:
    """What was aborted was never said; the log ends with a mark that is no record."""
    transactional = f"{site.settings.topic_prefix}tx"
    producer = AIOKafkaProducer(bootstrap_servers=site.settings.brokers, transactional_id=transactional)
    await producer.start()
    for number, end in ((7, "commit"), (10, "abort"), (8, "commit"), (11, "commit")):
        await producer.begin_transaction()
        event = district(number)
        headers = envelope(f"d{number}", event.TYPE)
        await producer.send_and_wait(site.topic(REGISTERS), encode(event), key=AREA.encode(), headers=headers)
        await getattr(producer, f"{end}_transaction")()
    await producer.stop()


# ---- start and end


@pytest.mark.timeout(400)
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


@pytest.mark.timeout(400)
async def test_a_worker_that_cannot_start_ends_in_time_and_says_what_to_do(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(real_kafka, database, topic_prefix, start_timeout_s=2)
    await asyncio.gather(
        ends_with_advice(settings, {"database": "postgresql://127.0.0.1:9/nothing"}, tmp_path, "liandong doctor"),
        ends_with_advice(settings, {"brokers": "127.0.0.1:9"}, tmp_path, "liandong doctor"),
        ends_with_advice(settings, {}, tmp_path, "liandong topics create"),
    )


async def ends_with_advice(settings: Settings, changes: dict[str, str], folder: Path, advice: str) -> None:
    name = "-".join(changes) or "topics"
    worker = worker_process(settings.model_copy(update={**changes, "http_port": 0}), folder, name)
    worker.child.start()
    assert worker.child._process is not None
    code = await asyncio.to_thread(worker.child._process.wait, 60)
    assert code == 1, worker.child.tail()
    assert advice in worker.child.tail()

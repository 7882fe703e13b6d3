"""A7 on a real Apache Kafka with LogAppendTime: the worker is down across the deadlines."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.codec import encode
from schemas.inputs.registers import AreaRegistered
from schemas.topics import NOTIFICATIONS
from streams.runtime.partitioning import crc32_partition, home_partition
from tests.parts_server import KafkaPart
from tests.support import alarm
from tests.support.running import Wire, envelope, running_worker, settings_for, until, wire

AREA = "420100"
PARTITIONS = 5


async def told(site: Wire, type: str) -> set[str]:
    records = await site.read(NOTIFICATIONS)
    return {json.loads(r.value)["alarm"] for r in records if dict(r.headers)["ce_type"] == type.encode()}


@pytest.mark.timeout(400)
async def test_acknowledgements_count_by_when_they_were_appended(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """A7: in time, too late, and in time through another partitioner; the worker is down from before to after."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=PARTITIONS, timer_margin_ms=100)
    assert crc32_partition(AREA, PARTITIONS) != home_partition(AREA, PARTITIONS)
    with alarm.registered():
        async with (
            running_worker(settings, tmp_path, module="tests.support.faulty_worker") as worker,
            wire(settings) as site,
        ):
            await site.send(AreaRegistered(area=AREA, name="City"), "a")
            due = datetime.now(UTC) + timedelta(seconds=6)
            for name in ("in-time", "too-late", "never", "librdkafka"):
                await site.send(alarm.AlarmSet(area=AREA, alarm=name, due=due), f"set-{name}")
            await until_told(site, "test.alarm_opened.v1", 4)
            await asyncio.to_thread(worker.child.kill)
            await site.send(alarm.AlarmAcknowledged(area=AREA, alarm="in-time"), "ack-in-time")
            foreign = alarm.AlarmAcknowledged(area=AREA, alarm="librdkafka")
            await site.send_raw(
                foreign.TOPIC,
                encode(foreign),
                envelope("ack-librdkafka", foreign.TYPE),
                AREA.encode(),
                partition=crc32_partition(AREA, PARTITIONS),
            )
            assert datetime.now(UTC) < due, "this machine is too slow for this test"
            await asyncio.sleep((due - datetime.now(UTC)).total_seconds() + 0.5)
            await site.send(alarm.AlarmAcknowledged(area=AREA, alarm="too-late"), "ack-too-late")
            worker.child.start()
            await until_told(site, "test.alarm_missed.v1", 2)
            await until_told(site, "test.alarm_met.v1", 3)
            await worker.wait_ready()
            assert await told(site, "test.alarm_missed.v1") == {"too-late", "never"}
            assert await told(site, "test.alarm_met.v1") == {"in-time", "too-late", "librdkafka"}
            samples = await worker.metrics()
            assert samples.total("timer_lateness_seconds_count") == 2
            assert samples.total("timer_lateness_seconds_sum") > 1


async def until_told(site: Wire, type: str, count: int) -> None:
    async def probe() -> bool:
        return len(await told(site, type)) >= count

    await until(probe, 40, f"{count} of {type}", every=0.3)

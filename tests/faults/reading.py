"""Reads topics from their beginning to their end."""

from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.support.site import Site


async def read(site: Site, names: Iterable[str]) -> AsyncIterator[ConsumerRecord]:
    """Every record of these topics, each partition in order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=site.settings.brokers, auto_offset_reset="earliest", max_partition_fetch_bytes=8 * 1024 * 1024
    )
    await consumer.start()
    try:
        parts = [TopicPartition(site.topic(name), n) for name in names for n in range(site.settings.partitions)]
        ends = {tp: end for tp, end in (await consumer.end_offsets(parts)).items() if end}
        if not ends:
            return
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        left = set(ends)
        while left:
            for tp, records in (await consumer.getmany(timeout_ms=5000)).items():
                for record in records:
                    yield record
                    if record.offset >= ends[tp] - 1:
                        left.discard(tp)
                        break
    finally:
        await consumer.stop()


def plain(site: Site, record: ConsumerRecord) -> str:
    """The record's topic without the deployment's prefix."""
    return str(record.topic.removeprefix(site.settings.topic_prefix))

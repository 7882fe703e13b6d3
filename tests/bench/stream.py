"""A4: throughput beside a hand-written loop, latency under load, cost of history, fail-over; on real Apache Kafka."""

import asyncio
import logging

from streams.local.kafka import available
from tests.bench.failover import measure_failover
from tests.bench.history import measure_history
from tests.bench.latency import measure_latency
from tests.bench.ratio import measure_ratio
from tests.support.site import real_parts


def run(*, quick: bool) -> dict[str, float]:
    """All figures of the stream; none where there is no real Apache Kafka."""
    if why := available():
        print(f"NOT MEASURED: the stream needs a real Apache Kafka: {why}")
        return {}
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(_run(quick=quick))


async def _run(*, quick: bool) -> dict[str, float]:
    async with real_parts(1, durable=True) as parts:
        figures = await measure_ratio(parts, pairs=1 if quick else 5, records=2_000 if quick else 8_000)
        figures |= await measure_latency(parts, seconds=6 if quick else 20)
        figures |= await measure_history(parts, rounds=1 if quick else 3, many=20_000 if quick else 100_000)
        return figures | await measure_failover(parts, kills=1 if quick else 3)

"""A4: throughput beside a hand-written loop, latency under load, cost of history, fail-over; on real Apache Kafka."""

import asyncio
import statistics
import time
from contextlib import suppress
from itertools import islice

from aiokafka import AIOKafkaConsumer

from schemas.inputs.resources import ResourcePositioned
from schemas.topics import OUTPUT_TOPICS
from streams.local.process import Child
from tests.bench.history import add_history
from tests.support.city import City
from tests.support.messages import Message
from tests.support.site import Parts, Site, new_site, real_parts, until
from tests.support.story import Story
from tests.support.upstream import Upstream

CITIES = 12
SESSION_S = 6.0


def run(*, quick: bool) -> dict[str, float]:
    """All figures of the stream."""
    return asyncio.run(_run(quick=quick))


async def _run(*, quick: bool) -> dict[str, float]:
    async with real_parts(1, durable=True) as parts:
        figures = await _ratio(parts, pairs=2 if quick else 5, records=3_000 if quick else 12_000)
        figures |= await _latency(parts, seconds=8 if quick else 20)
        figures |= await _history(parts, rounds=1 if quick else 3, many=20_000 if quick else 100_000)
        return figures | await _failover(parts)


def _stories(cities: int) -> list[Story]:
    return [Story(City(number), seed=1) for number in range(cities)]


def _load(stories: list[Story], records: int) -> list[Message]:
    return [stories[n % len(stories)].next() for n in range(records)]


async def _applied(site: Site) -> int:
    connection = await site.database()
    try:
        return int(await connection.fetchval("select coalesce(sum(next_offset), 0) from input_offset"))
    finally:
        await connection.close()


async def _stopped(child: Child) -> None:
    await asyncio.to_thread(child.stop)


async def _open(site: Site, stories: list[Story]) -> int:
    """Registers first, by a worker that is stopped again; returns how many records that were."""
    opening = [message for story in stories for message in story.opening()]
    async with Upstream(site) as upstream:
        await upstream.send(opening)
    worker = site.worker("opening")
    worker.start()
    await until(lambda: _reached(site, len(opening)), 90, "the registers to be applied")
    await _stopped(worker)
    return len(opening)


async def _reached(site: Site, records: int) -> bool:
    return await _applied(site) >= records


async def _rate(site: Site, module: str, before: int, records: int) -> float:
    """Events a second of a process that finds `records` waiting: from its first commit to the last."""
    process = site.worker(module.rsplit(".", 1)[-1], module=module)
    process.start()
    connection = await site.database()
    try:
        first: tuple[float, int] | None = None
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            done = int(await connection.fetchval("select coalesce(sum(next_offset), 0) from input_offset")) - before
            now = time.perf_counter()
            if first is None and done > 0:
                first = (now, done)
            if done >= records and first is not None:
                return (done - first[1]) / (now - first[0])
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{module} applied {done} of {records} records")
    finally:
        await connection.close()
        await _stopped(process)


async def _one_rate(parts: Parts, name: str, module: str, records: int, *, closed: int = 0) -> float:
    site = await new_site(parts, name, session_timeout_s=SESSION_S, rebalance_timeout_s=SESSION_S)
    stories = _stories(CITIES)
    before = await _open(site, stories)
    if closed:
        await add_history(site, closed)
    async with Upstream(site) as upstream:
        await upstream.send(_load(stories, records))
    return await _rate(site, module, before, records)


async def _ratio(parts: Parts, pairs: int, records: int) -> dict[str, float]:
    """Worker and hand-written loop in turns, on the same records."""
    worker: list[float] = []
    baseline: list[float] = []
    for pair in range(pairs):
        for name, module, rates in (
            (f"w{pair}", "tests.support.worker", worker),
            (f"b{pair}", "tests.bench.baseline", baseline),
        ):
            rates.append(await _one_rate(parts, name, module, records))
            print(f"  {module}: {rates[-1]:.0f} events/s", flush=True)
    ratios = [mine / theirs for mine, theirs in zip(worker, baseline, strict=True)]
    return {
        "stream.ratio": statistics.median(ratios),
        "stream.events_per_s": statistics.median(worker),
        "stream.baseline_events_per_s": statistics.median(baseline),
    }


async def _history(parts: Parts, rounds: int, many: int) -> dict[str, float]:
    """Cost of an event with a long history to that with a short one."""
    ratios = []
    for number in range(rounds):
        few = await _one_rate(parts, f"few{number}", "tests.support.worker", 3_000, closed=1_000)
        long = await _one_rate(parts, f"many{number}", "tests.support.worker", 3_000, closed=many)
        ratios.append(few / long)
        print(f"  history {many}: cost x {ratios[-1]:.2f}", flush=True)
    return {"history.cost_ratio": statistics.median(ratios)}


async def _latency(parts: Parts, seconds: int) -> dict[str, float]:
    """p50 and p99 from record to published decision: 500 events/s in one area, 200 positions/s beside them."""
    site = await new_site(parts, "latency", session_timeout_s=SESSION_S, rebalance_timeout_s=SESSION_S)
    story = _stories(1)[0]
    await _open(site, [story])
    events = (m for m in iter(story.next, None) if m.type != ResourcePositioned.TYPE)
    spots = (m for m in iter(story.next, None) if m.type == ResourcePositioned.TYPE)
    beats = [(list(islice(events, 25)), list(islice(spots, 10))) for _ in range(seconds * 20)]
    worker = site.worker("latency")
    worker.start()
    try:
        delays = await _delays(site, beats)
    finally:
        await _stopped(worker)
    delays.sort()
    return {
        "stream.p50_ms": delays[len(delays) // 2] * 1000,
        "stream.p99_ms": delays[int(len(delays) * 0.99)] * 1000,
    }


async def _delays(site: Site, beats: list[tuple[list[Message], list[Message]]]) -> list[float]:
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    consumer = AIOKafkaConsumer(
        *(site.topic(name) for name in OUTPUT_TOPICS),
        bootstrap_servers=site.settings.brokers,
        auto_offset_reset="latest",
    )
    await consumer.start()
    listening = asyncio.create_task(_listen(consumer, seen))
    try:
        async with Upstream(site) as upstream:
            await upstream.send(beats[0][0])
            await asyncio.sleep(8)
            start = time.perf_counter()
            for number, (events, spots) in enumerate(beats[1:]):
                await asyncio.sleep(max(0.0, start + number * 0.05 - time.perf_counter()))
                for message in (*events, *spots):
                    sent[_identity(message)] = time.perf_counter()
                    await upstream.post(message)
            await asyncio.sleep(3)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await consumer.stop()
    return [seen[identity] - at for identity, at in sent.items() if identity in seen]


async def _listen(consumer: AIOKafkaConsumer, seen: dict[str, float]) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            now = time.perf_counter()
            for record in records:
                cause = dict(record.headers).get("ce_causationid", b"").decode()
                seen.setdefault(cause, now)


def _identity(message: Message) -> str:
    headers = dict(message.headers)
    return f"{(headers['ce_source'] or b'').decode()} {(headers['ce_id'] or b'').decode()}"


async def _failover(parts: Parts) -> dict[str, float]:
    """After SIGKILL of one of two workers: how long until every area is decided again, beyond the session time-out."""
    site = await new_site(parts, "failover", session_timeout_s=SESSION_S, rebalance_timeout_s=SESSION_S)
    stories = _stories(CITIES)
    await _open(site, stories)
    workers = [site.worker(f"failover{n}") for n in (0, 1)]
    for worker in workers:
        worker.start()
    consumer = AIOKafkaConsumer(
        *(site.topic(name) for name in OUTPUT_TOPICS),
        bootstrap_servers=site.settings.brokers,
        auto_offset_reset="latest",
    )
    await consumer.start()
    try:
        await asyncio.sleep(12)
        async with Upstream(site) as upstream:
            await _everywhere(upstream, consumer, stories, 60)
            workers[0].kill()
            return {"failover.beyond_session_s": await _everywhere(upstream, consumer, stories, 60) - SESSION_S}
    finally:
        await consumer.stop()
        for worker in workers:
            await _stopped(worker)


async def _everywhere(upstream: Upstream, consumer: AIOKafkaConsumer, stories: list[Story], limit: float) -> float:
    """Seconds until a report sent now is decided in every area."""
    start = time.perf_counter()
    waiting = {}
    for story in stories:
        message = next(m for m in iter(story.next, None) if m.type == "incident.reported.v1")
        waiting[_identity(message)] = story
        await upstream.post(message)
    while waiting and time.perf_counter() - start < limit:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            for record in records:
                waiting.pop(dict(record.headers).get("ce_causationid", b"").decode(), None)
    if waiting:
        raise TimeoutError(f"{len(waiting)} areas were not decided within {limit} s")
    return time.perf_counter() - start

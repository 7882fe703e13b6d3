"""stream.p50_ms, stream.p99_ms: from a record's append to its decision's arrival at a consumer."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from aiokafka import AIOKafkaConsumer

from schemas.inputs.resources import ResourcePositioned
from schemas.topics import DEAD_LETTERS, INPUT_TOPICS, OUTPUT_TOPICS
from tests.support.city import City
from tests.support.messages import Message
from tests.support.opening import open_cities
from tests.support.site import Parts, Site, new_site, until
from tests.support.story import FRESH, RUSH, Story
from tests.support.upstream import Upstream

BEAT_S = 0.02
EVENTS, SPOTS = 10, 4
"""Of one beat: 500 events and 200 positions a second."""
WARM_S = 4.0
UNANSWERED = 0.001
"""More than this share without an answer is a failure, not a fast run."""


class Answered:
    """When the last event that a record caused arrived at a consumer, by the record's identity."""

    def __init__(self, site: Site) -> None:
        names = [name for name in OUTPUT_TOPICS if name not in INPUT_TOPICS and name != DEAD_LETTERS]
        self._consumer = AIOKafkaConsumer(
            *(site.topic(name) for name in names), bootstrap_servers=site.settings.brokers, auto_offset_reset="latest"
        )
        self.at: dict[str, float] = {}

    async def listen(self) -> None:
        """Until cancelled."""
        await self._consumer.start()
        try:
            while True:
                for records in (await self._consumer.getmany(timeout_ms=50)).values():
                    now = time.time()
                    for record in records:
                        self.at[dict(record.headers)["ce_causationid"].decode()] = now
        finally:
            await self._consumer.stop()


def identity(message: Message) -> str:
    """How events name the record that caused them."""
    headers = dict(message.headers)
    return f"{(headers['ce_source'] or b'').decode()} {(headers['ce_id'] or b'').decode()}"


async def measure_latency(parts: Parts, *, seconds: int) -> dict[str, float]:
    """500 events/s in one area, 200 positions/s beside them; the first seconds warm up and do not count."""
    site = await new_site(parts, "latency", log_level="INFO", log_format="json")
    story = Story(City(1), seed=1, ages=FRESH, mix=RUSH)
    worker = site.worker("worker")
    worker.start()
    answered = Answered(site)
    listening = asyncio.create_task(answered.listen())
    try:
        async with Upstream(site) as upstream:
            await open_cities(site, [story], upstream.send)
            sent = await _beat(upstream, story, int((seconds + WARM_S) / BEAT_S))
            counted = {name: at for name, at in sent.items() if at > min(sent.values()) + WARM_S}
            with suppress(TimeoutError):
                await until(lambda: asyncio.sleep(0, counted.keys() <= answered.at.keys()), 30, "all are answered")
    finally:
        listening.cancel()
        await asyncio.wait((listening,))
        await asyncio.to_thread(worker.stop)
    return _figures(counted, answered.at)


def _figures(sent: dict[str, float], answered: dict[str, float]) -> dict[str, float]:
    delays = sorted(answered[name] - at for name, at in sent.items() if name in answered)
    unanswered = len(sent) - len(delays)
    if unanswered > len(sent) * UNANSWERED:
        raise AssertionError(f"{unanswered} of {len(sent)} records were not decided")
    return {
        "stream.p50_ms": delays[len(delays) // 2] * 1000,
        "stream.p99_ms": delays[int(len(delays) * 0.99)] * 1000,
    }


async def _beat(upstream: Upstream, story: Story, beats: int) -> dict[str, float]:
    """Send in time; returns when each event was appended, as the broker stamped it."""
    events, spots = _sorted(story)
    # Made before the clock runs: signing and encoding are the upstream systems' work.
    waiting = [([next(events) for _ in range(EVENTS)], [next(spots) for _ in range(SPOTS)]) for _ in range(beats)]
    start = time.perf_counter()
    confirmations = []
    for number, (some, beside) in enumerate(waiting):
        await asyncio.sleep(max(0.0, start + number * BEAT_S - time.perf_counter()))
        confirmations += [(identity(message), await upstream.post(message)) for message in some]
        for message in beside:
            await upstream.post(message)
    late = time.perf_counter() - start - beats * BEAT_S
    if late > 1.0:
        raise AssertionError(f"the load was {late:.1f} s late: this machine cannot send it")
    return {name: (await confirmed).timestamp / 1000 for name, confirmed in confirmations}


def _sorted(story: Story) -> tuple[Iterator[Message], Iterator[Message]]:
    """The story's events and its positions, each as a stream of its own."""
    kept: dict[bool, deque[Message]] = {True: deque(), False: deque()}

    def stream(*, positions: bool) -> Iterator[Message]:
        while True:
            while not kept[positions]:
                message = story.next()
                kept[message.type == ResourcePositioned.TYPE].append(message)
            yield kept[positions].popleft()

    return stream(positions=False), stream(positions=True)

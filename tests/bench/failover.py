"""failover.beyond_session_s: after SIGKILL of one of two workers, until every city is decided again."""

import asyncio
import time

from tests.bench.latency import Answered, identity
from tests.support.city import City
from tests.support.opening import open_cities
from tests.support.site import Parts, new_site, until
from tests.support.story import FRESH, Story
from tests.support.upstream import Upstream

CITIES = 12
SESSION_S = 6.0
LIMIT_S = 60.0
NAMES = ("first", "second")


async def measure_failover(parts: Parts, *, kills: int) -> dict[str, float]:
    """The worst of several kills: a report to every city at the moment of the kill, and the last one decided."""
    site = await new_site(parts, "failover", session_timeout_s=SESSION_S, rebalance_timeout_s=SESSION_S)
    stories = [Story(City(number), seed=1, ages=FRESH) for number in range(CITIES)]
    workers = {name: site.worker(name) for name in NAMES}
    answered = Answered(site)
    listening = asyncio.create_task(answered.listen())
    took = []
    try:
        for worker in workers.values():
            worker.start()
        async with Upstream(site) as upstream:
            await open_cities(site, stories, upstream.send)
            for turn in range(kills):
                victim = NAMES[turn % 2]
                await asyncio.sleep(SESSION_S * 2)
                await _decided(upstream, answered, stories)
                workers[victim].kill()
                took.append(await _decided(upstream, answered, stories))
                print(f"  every city decided {took[-1]:.1f} s after the kill", flush=True)
                workers[victim].start()
    finally:
        listening.cancel()
        await asyncio.wait((listening,))
        for worker in workers.values():
            await asyncio.to_thread(worker.stop)
    return {"failover.beyond_session_s": max(took) - SESSION_S}


async def _decided(upstream: Upstream, answered: Answered, stories: list[Story]) -> float:
    """Seconds until a report sent now is decided in every city."""
    start = time.perf_counter()
    messages = [next(story.report_stream()) for story in stories]
    wanted = {identity(message) for message in messages}
    await upstream.send(messages)
    await until(lambda: asyncio.sleep(0, wanted <= answered.at.keys()), LIMIT_S, "every city is decided", every=0.02)
    return time.perf_counter() - start

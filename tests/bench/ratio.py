"""stream.ratio: the worker beside the hand-written loop, on the same records, in turns."""

import statistics
from dataclasses import replace
from itertools import chain, islice, zip_longest

from tests.bench.track import BASELINE, WORKER, Track
from tests.support.city import City
from tests.support.messages import Message
from tests.support.site import Parts
from tests.support.story import FRESH, Story

CITIES = 24


def reports(stories: list[Story], number: int) -> list[Message]:
    """First reports and follow-ups of all cities in turn, through one producer: each city has one order."""
    turns = zip_longest(*(story.report_stream() for story in stories))
    return [replace(message, system="cad") for message in islice(chain.from_iterable(turns), number)]


async def measure_ratio(parts: Parts, *, pairs: int, records: int) -> dict[str, float]:
    """Median of the ratios of paired runs; both must have decided the same, which their hash chains prove."""
    stories = [Story(City(number), seed=1, ages=FRESH) for number in range(CITIES)]
    track = await Track.open(parts, "ratio", stories)
    await track.load(reports(stories, records))
    ratios, rates, costs = [], [], []
    chains: dict[str, bytes] = {}
    for pair in range(pairs):
        order = (WORKER, BASELINE) if pair % 2 == 0 else (BASELINE, WORKER)
        laps = {module: await track.lap(module) for module in order}
        worker, loop = laps[WORKER], laps[BASELINE]
        for lap in laps.values():
            chains = chains or lap.chains
            if lap.chains != chains:
                raise AssertionError(f"worker and loop decided differently ({lap.timers} timers fired)")
        ratios.append(worker.events_per_s / loop.events_per_s)
        rates.append(worker.events_per_s)
        costs.append(loop.cpu_us / worker.cpu_us)
        for name, lap in laps.items():
            print(f"  {name}: {lap.events_per_s:.0f} events/s, {lap.cpu_us:.0f} us of processor time each", flush=True)
    return {
        "stream.ratio": statistics.median(ratios),
        "stream.cpu_ratio": statistics.median(costs),
        "stream.events_per_s": statistics.median(rates),
    }

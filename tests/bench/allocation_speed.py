"""D4: decisions a second, one core: a request line decided and applied, with its explanation, through the cascade."""

import heapq
import json
import time
from collections import deque
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import numpy as np

from schemas.base import InputEvent, OutputEvent
from schemas.inputs.resources import ResourceDeploymentReported
from schemas.outputs.allocation_events import ResourceCommitted
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.entities import Commitment, Floor, Line, Request, Resource
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened, Received, TimerFired
from streams.domain.core import Area
from streams.domain.state import AreaState, Entity
from streams.policy.allocation import Allocation
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.bench.allocation_problems import AREA, EPOCH, BenchCity, after, bench_law, make_city, make_requests

PAGE_BYTES = 4096
PREEMPTION = {"preemption_classes": (1,)}


class BenchArea:
    """A state with the city's catalogue, fed by hand."""

    def __init__(self, city: BenchCity, law: Allocation) -> None:
        self.policy = Policy(version="bench", allocation=law, authority=bundled().authority)
        self.state = AreaState(AREA, EPOCH)
        self.state.load([Area(id=AREA, province="990000")])
        self.state.load(Floor(id=f"{floor.kind}@{floor.district}", entry=floor) for floor in city.floors)
        self.state.load(Resource(id=entry.resource, entry=entry, quantity=entry.quantity) for entry in city.resources)
        self._ids = count(1)

    def send(self, event: InputEvent, at_s: float) -> list[OutputEvent]:
        """Decide one input; the batch is this one record."""
        now = after(at_s)
        self.state.now = now
        trigger = Received(event, "bench", str(next(self._ids)), b"")
        events = list(cascade(self.state, Context(AREA, "actual", now, self.policy, trigger)))
        self.state.settle()
        return events

    def fire(self, kind: str, ref: str, at_s: float) -> ProposalOpened | None:
        """Let a timer fall due; the proposal that follows, if one does."""
        now = after(at_s)
        trigger = TimerFired(f"{kind}:{ref}", kind, ref, now, None)
        events = list(cascade(self.state, Context(AREA, "actual", now, self.policy, trigger)))
        self.state.settle()
        return next((event for event in events if isinstance(event, ProposalOpened)), None)

    def confirm(self, asked: ProposalOpened, at_s: float) -> None:
        """A person confirms a proposal."""
        told = ProposalDecided(
            incident=asked.incident, proposal=asked.proposal, kind=asked.kind, rule=asked.rule, status="confirmed"
        )
        context = Context(AREA, "actual", after(at_s), self.policy, Happened(told, asked.proposal))
        list(cascade(self.state, context))
        self.state.settle()

    def step(self, commitment: ResourceCommitted, step: str, at_s: float) -> list[OutputEvent]:
        """Report a step of a commitment; one that is over already changes nothing."""
        known = self.state.get(Commitment, commitment.commitment)
        if known is None or not known.open:
            return []
        return self.send(
            ResourceDeploymentReported.model_construct(
                area=AREA,
                commitment=commitment.commitment,
                resource=commitment.resource,
                step=step,
                observed_at=after(at_s),
                quantity=None,
                reason="",
                incident=None,
            ),
            at_s,
        )


def committed(events: Iterable[OutputEvent]) -> list[ResourceCommitted]:
    """The commitments among events."""
    return [event for event in events if isinstance(event, ResourceCommitted)]


class _Load:
    """Keeps half of all resources busy: arrivals in time, the oldest commitments released first."""

    def __init__(self, area: BenchArea, city: BenchCity, share: float) -> None:
        self.area = area
        self.most: dict[str, float] = {}
        for entry in city.resources:
            self.most[entry.kind] = self.most.get(entry.kind, 0.0) + share * entry.quantity
        self.used = dict.fromkeys(self.most, 0)
        self.held: dict[str, deque[ResourceCommitted]] = {kind: deque() for kind in self.most}
        self.arrivals: list[tuple[float, int, ResourceCommitted]] = []
        self.units = {entry.kind for entry in city.resources if entry.form == "unit"}
        self._order = count()

    def note(self, events: Iterable[OutputEvent], at_s: float) -> None:
        for event in committed(events):
            self.held[event.kind].append(event)
            self.used[event.kind] += event.quantity
            if event.kind in self.units:
                arrival = at_s + (event.eta_ms or 0) / 1000
                heapq.heappush(self.arrivals, (arrival, next(self._order), event))

    def arrive(self, until_s: float) -> None:
        while self.arrivals and self.arrivals[0][0] <= until_s:
            self.note(self.area.step(heapq.heappop(self.arrivals)[2], "arrived", until_s), until_s)

    def release(self, at_s: float) -> None:
        for kind, most in self.most.items():
            while self.used[kind] > most:
                oldest = self.held[kind].popleft()
                self.used[kind] -= oldest.quantity
                step = "ready" if kind in self.units else "returned"
                self.note(self.area.step(oldest, step, at_s), at_s)


def measure(units: int, requests: int) -> dict[str, float]:
    """Decisions a second and latencies in microseconds with so many units, half of them busy, preemption on.

    In processor time: a decision waits for nobody, so that is what it takes on a core of its own.
    """
    city = make_city(units, seed=1)
    area = BenchArea(
        city, bench_law(standing={**PREEMPTION, "own_reserve_classes": (1,), "requisition_classes": (1, 2)})
    )
    warm_up = int(units * 0.4)
    stream = make_requests(city, requests + warm_up, np.random.default_rng(5), rate_per_s=units / 4000.0)
    load = _Load(area, city, 0.5)
    spans, lines = [], []
    for number, (at_s, request) in enumerate(stream):
        load.arrive(at_s)
        start = time.process_time()
        events = area.send(request, at_s)
        took = time.process_time() - start
        if number >= warm_up:
            spans.append(took)
            lines.append(len(request.lines))
        load.note(events, at_s)
        load.release(at_s)
    per_line = np.array(spans) / np.array(lines) * 1e6
    return {
        "decisions_per_s": sum(lines) / sum(spans),
        "p50_us": float(np.percentile(per_line, 50)),
        "p99_us": float(np.percentile(np.array(spans) * 1e6, 99)),
    }


def restart(units: int, open_requests: int) -> dict[str, float]:
    """Seconds from stored rows to the first decision with so many requests waiting, and bytes of memory per unit."""
    city = make_city(units, seed=1)
    empty = BenchCity([], [], city.hubs, city.weights, city.spread)
    rows: list[tuple[type[Entity], str]] = [
        (Resource, Resource(id=r.resource, entry=r, quantity=r.quantity, held=int(r.form == "unit")).model_dump_json())
        for r in city.resources
    ]
    # Nobody is there while they ask, so that all of them wait.
    asking = BenchArea(empty, bench_law())
    for at_s, request in make_requests(city, open_requests, np.random.default_rng(5), rate_per_s=10.0):
        asking.send(request, at_s)
    for kind in (Request, Line):
        rows += [(kind, entity.model_dump_json()) for entity in asking.state.of(kind).values()]
    before = _resident_bytes()
    start = time.process_time()
    fresh = BenchArea(empty, bench_law())
    fresh.state.load(kind.model_validate_json(text) for kind, text in rows)
    ((_, request),) = make_requests(city, 1, np.random.default_rng(6), rate_per_s=1.0)
    fresh.send(request.model_copy(update={"request": "AFTER"}), open_requests * 10.0)
    took = time.process_time() - start
    return {"seconds": took, "bytes_per_unit": (_resident_bytes() - before) / units}


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


if __name__ == "__main__":
    for number in (1000, 10_000, 100_000):
        print(number, json.dumps(measure(number, 2000)))

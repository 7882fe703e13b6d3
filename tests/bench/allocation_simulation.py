"""D3: 24 hours with a mass-casualty surge at 10 h, the engine beside FIFO + nearest without floors (allocation.md)."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from schemas.base import OutputEvent, Point
from schemas.inputs.requests import ResourceRequested
from schemas.outputs.allocation_events import CommitmentPreempted, ResourceCommitted
from schemas.outputs.catalogue_events import AdoptedPosition, PositionsAdopted
from streams.domain.allocation.entities import Commitment, Resource
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened
from streams.policy.allocation import Allocation
from tests.allocation_reference import eta_ms
from tests.bench.allocation_problems import AREA, KINDS, UNIT_KINDS, Surge, after, bench_law, make_city, make_requests
from tests.bench.allocation_speed import BenchArea

HOUR = 3600.0
HORIZON = 24 * HOUR
GRACE = 6 * HOUR
TARGET_S = {1: 12 * 60, 2: 20 * 60, 3: 40 * 60, 4: 120 * 60}
"""A line is late when its last unit arrives after this."""
SERVICE = {0: (65 * 60, 0.35), 1: (180 * 60, 0.5), 2: (120 * 60, 0.5), 3: (75 * 60, 0.4), 4: (120 * 60, 0.4)}
"""Mean and sigma of log-normal service times by kind."""
STANDING = {"preemption_classes": (1,), "own_reserve_classes": (1,), "requisition_classes": (1, 2)}


def proposed() -> tuple[Allocation, float]:
    """The policy of allocation.md with its standing orders; ten per cent of every district is reserve."""
    return bench_law(standing=STANDING), 0.1


def first_come() -> tuple[Allocation, float]:
    """The baseline: first come first served, nearest, no floors; the same resources."""
    order = {"strict_classes": 0, "aging_minutes": {}}
    return bench_law(order=order, balance=False, standing={"requisition_classes": (1, 2)}), 0.0


@dataclass
class Day:
    """One simulated day."""

    law: Allocation
    floor_share: float
    seed: int
    rate_per_h: float
    surge: Surge | None
    arrivals: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)
    breaches: int = 0

    def __post_init__(self) -> None:
        self.city = make_city(1000, self.seed, self.floor_share)
        self.area = BenchArea(self.city, self.law)
        draw = np.random.default_rng(1000 + self.seed)
        rate = self.rate_per_h / HOUR
        stream = make_requests(self.city, int(rate * HORIZON * 1.15) + 50, draw, rate, self.surge)
        self.requests = [(at_s, request) for at_s, request in stream if at_s < HORIZON]
        self.order = count()
        self.todo: list[tuple[float, int, str, Any]] = [
            (at_s, next(self.order), "asked", request) for at_s, request in self.requests
        ]
        heapq.heapify(self.todo)

    def run(self) -> "Day":
        """Live through the day."""
        while self.todo:
            now, _, what, subject = heapq.heappop(self.todo)
            if now > HORIZON + GRACE:
                break
            getattr(self, f"_{what}")(now, subject)
        return self

    def _asked(self, now: float, request: ResourceRequested) -> None:
        self._note(self.area.send(request, now), now)

    def _arrived(self, now: float, event: ResourceCommitted) -> None:
        if self._open(event):
            self._note(self.area.step(event, "arrived", now), now)
            kind = KINDS.index(event.kind)
            mean, sigma = SERVICE[kind]
            key = (int(event.request[1:]) * 131 + (event.line - 1) * 17 + kind * 7 + self.seed) & 0x7FFFFFFF
            served = mean * float(np.exp(np.random.default_rng(key).normal(-sigma * sigma / 2, sigma)))
            self._later(now + served, "served", event)

    def _served(self, now: float, event: ResourceCommitted) -> None:
        if self._open(event) and event.to.point is not None:
            self._adopt(event.resource, event.to.point, now)
            self._note(self.area.step(event, "ready", now), now)
            home = self.area.state.of(Resource)[event.resource].entry.position
            if home is not None:
                law = self.law.at(AREA, "990000", "Asia/Shanghai", after(now))
                way = eta_ms(law, event.kind, event.to.point, home) / 1000
                self._later(now + way, "home", (event.resource, home))

    def _home(self, now: float, subject: tuple[str, Point]) -> None:
        if not self.area.state.of(Resource)[subject[0]].held:
            self._adopt(*subject, now)

    def _open(self, event: ResourceCommitted) -> bool:
        known = self.area.state.get(Commitment, event.commitment)
        return known is not None and known.open

    def _later(self, at_s: float, what: str, subject: Any) -> None:
        heapq.heappush(self.todo, (at_s, next(self.order), what, subject))

    def _adopt(self, resource: str, point: Point, now: float) -> None:
        seen = AdoptedPosition(resource=resource, point=point, observed_at=after(now))
        context = Context(
            AREA, "actual", after(now), self.area.policy, Happened(PositionsAdopted(positions=(seen,)), "bench")
        )
        list(cascade(self.area.state, context))

    def _note(self, events: Iterable[OutputEvent], now: float) -> None:
        for event in events:
            if isinstance(event, CommitmentPreempted):
                self.arrivals[event.request, event.line].pop(event.commitment, None)
            if isinstance(event, ResourceCommitted) and event.kind in KINDS[:UNIT_KINDS]:
                arrival = now + (event.eta_ms or 0) / 1000
                self.arrivals.setdefault((event.request, event.line), {})[event.commitment] = arrival
                self._later(arrival, "arrived", event)
                self._audit(event)

    def _audit(self, event: ResourceCommitted) -> None:
        index = self.area.state.derived["allocation"]
        pool, district = index.pool(event.kind), index.number(event.district)
        if event.tier == "above_floor" and pool.free[district] < pool.floor[district]:
            self.breaches += 1

    def responses(self) -> dict[int, list[float]]:
        """Seconds to the last unit of every line by class; a line that stayed short counts to the end of the run."""
        found: dict[int, list[float]] = {1: [], 2: [], 3: [], 4: []}
        for at_s, request in self.requests:
            for line in request.lines:
                if line.kind in KINDS[:UNIT_KINDS]:
                    there = self.arrivals.get((request.request, line.line), {}).values()
                    last = max(there) if len(there) >= line.quantity else HORIZON + GRACE
                    found[line.urgency or 4].append(last - at_s)
        return found


def late_share(days: list[Day]) -> float:
    """Share of class-1 lines that were late, mean over days."""
    return float(np.mean([np.mean(np.array(day.responses()[1]) > TARGET_S[1]) for day in days]))


def figures(*, quick: bool = False) -> dict[str, float]:
    """The bars of D3 that need a whole day."""
    surge = Surge(10 * HOUR, HOUR, 120)
    seeds = 1 if quick else 4
    ours = [Day(*proposed(), seed, 130.0, surge).run() for seed in range(seeds)]
    theirs = [Day(*first_come(), seed, 130.0, surge).run() for seed in range(seeds)]
    overload = [Day(*proposed(), seed, 160.0, surge).run() for seed in range(1 if quick else 3)]
    late, baseline = late_share(ours), late_share(theirs)
    print(f"  class-1 late share {late:.3f}, FIFO + nearest {baseline:.3f}")
    return {
        "allocation.late_ratio": late / baseline,
        "allocation.class4_longest_wait_h": max(max(day.responses()[4]) for day in overload) / HOUR,
        "allocation.floor_breaches": float(sum(day.breaches for day in (*ours, *overload))),
    }

"""D3: how near the engine comes to the exact optimum, and what it does to a day with a mass-casualty surge."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from schemas.inputs.requests import ResourceRequested
from streams.domain.allocation.desk import REPLAN
from streams.domain.allocation.entities import Commitment
from streams.policy.allocation import Allocation
from tests.allocation_reference import eta_ms
from tests.bench.allocation_problems import (
    AREA,
    EPOCH,
    KINDS,
    UNIT_KINDS,
    BenchCity,
    Surge,
    bench_law,
    make_city,
    make_requests,
)
from tests.bench.allocation_speed import BenchArea

Floats = NDArray[np.float64]
GRAIN_MS = 10_000
"""Times of the exact solution are compared in grains of so much: weights must fit the whole part of a float."""
LONGEST_GRAINS = 1000


class Problem(NamedTuple):
    """A batch problem of allocation.md: everything is asked for within about a second."""

    name: str
    units: int
    requests: int
    surge: int
    seeds: int


PROBLEMS = (Problem("medium", 1000, 150, 0, 6), Problem("scarce", 600, 80, 50, 6), Problem("large", 2000, 250, 110, 3))


@dataclass
class Outcome:
    """Filled quantity and sum of travel times (ms) by urgency class, and what class 1 asked for."""

    filled: dict[int, int] = field(default_factory=lambda: dict.fromkeys((1, 2, 3, 4), 0))
    time: dict[int, float] = field(default_factory=lambda: dict.fromkeys((1, 2, 3, 4), 0.0))

    def add(self, urgency: int, quantity: int, eta: float) -> None:
        """So much was filled after so long."""
        self.filled[urgency] += quantity
        self.time[urgency] += quantity * eta

    def mean(self, classes: tuple[int, ...]) -> float:
        """Mean travel time of a filled unit in minutes."""
        return sum(self.time[c] for c in classes) / max(sum(self.filled[c] for c in classes), 1) / 60_000


def greedy(city: BenchCity, requests: list[ResourceRequested], law: Allocation) -> BenchArea:
    """The engine, one request after the other in the order of urgency."""
    area = BenchArea(city, law)
    for request in sorted(requests, key=lambda one: (one.lines[0].urgency or 4, one.request)):
        area.send(request, 0.0)
    return area


def replan(area: BenchArea) -> int:
    """A dispatcher confirms every re-plan that is proposed until none is worth it any more; how many there were."""
    count = 0
    for kind in KINDS[:UNIT_KINDS]:
        while (asked := area.fire(REPLAN, kind, 0.0)) is not None:
            area.confirm(asked, 0.0)
            count += 1
    return count


def outcome_of(area: BenchArea) -> Outcome:
    """What the open orders of an area amount to."""
    outcome = Outcome()
    for one in area.state.of(Commitment).values():
        if one.open and one.kind in KINDS[:UNIT_KINDS]:
            outcome.add(one.urgency, one.quantity, one.eta_ms or 0)
    return outcome


def exact(city: BenchCity, requests: list[ResourceRequested], law: Allocation) -> Outcome:
    """Min-cost flow per kind, lexicographic: fill of class 1, its time, fills of 2, 3, 4, then their time."""
    outcome = Outcome()
    for kind in KINDS[:UNIT_KINDS]:
        _exact_kind(city, requests, law, kind, outcome)
    return outcome


def _exact_kind(
    city: BenchCity, requests: list[ResourceRequested], law: Allocation, kind: str, outcome: Outcome
) -> None:
    """The optimum of one kind as an assignment: a row for each unit that is asked for and for each that must stay."""
    rules = law.at(AREA, None, "Asia/Shanghai", EPOCH)
    units = [entry for entry in city.resources if entry.kind == kind and not entry.requisition_target]
    asked = [
        (request, line)
        for request in requests
        for line in request.lines
        if line.kind == kind
        for _ in range(line.quantity)
    ]
    stay = [floor.district for floor in city.floors if floor.kind == kind for _ in range(floor.floor)]
    if not asked:
        return
    times = np.full((len(asked), len(units)), np.inf)
    for row, (request, line) in enumerate(asked):
        for column, entry in enumerate(units):
            if set(line.requires) <= set(entry.capabilities) and entry.position and request.place.point:
                times[row, column] = eta_ms(rules, kind, entry.position, request.place.point)
    classes = np.array([line.urgency for _, line in asked])
    weights, unfilled = _weights(classes)
    never = unfilled.max() * 1000
    costs = np.full((len(asked) + len(stay), len(units) + len(asked)), never)
    grains = np.round(times / GRAIN_MS)
    costs[: len(asked), : len(units)] = np.where(np.isinf(times), never, grains * weights[:, None])
    costs[np.arange(len(asked)), len(units) + np.arange(len(asked))] = unfilled
    for row, district in enumerate(stay, start=len(asked)):
        costs[row, : len(units)] = [0.0 if entry.district == district else never for entry in units]
    for row, column in zip(*linear_sum_assignment(costs), strict=True):
        if row < len(asked) and column < len(units):
            outcome.add(int(classes[row]), 1, float(times[row, column]))


def _weights(classes: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Weight of a grain of time and cost of staying unfilled, by row: each objective outweighs all later ones."""
    counts = {urgency: int((classes == urgency).sum()) for urgency in (1, 2, 3, 4)}
    reach = float(LONGEST_GRAINS * sum(counts[urgency] for urgency in (2, 3, 4)) + 1)
    cost = {}
    for urgency in (4, 3, 2):
        cost[urgency] = reach
        reach *= counts[urgency] + 1
    cost[1] = reach * LONGEST_GRAINS * 10
    weights = np.where(classes == 1, reach, 1.0)
    return weights, np.array([cost[int(urgency)] for urgency in classes])


def batch_figures(problems: tuple[Problem, ...] = PROBLEMS, seeds: int | None = None) -> dict[str, float]:
    """Ratios of means over seeds, the worst of the problems; see allocation.md for how they are formed."""
    law = bench_law()
    one_by_one, again = Ratios(), Ratios()
    for problem in problems:
        engine, better, best, proposals = [], [], [], 0
        for seed in range(min(problem.seeds, seeds or problem.seeds)):
            city = make_city(problem.units, seed)
            surge = Surge(0.0, 1.0, problem.surge) if problem.surge else None
            draw = np.random.default_rng(100 + seed)
            requests = [one for _, one in make_requests(city, problem.requests, draw, problem.requests, surge)]
            area = greedy(city, requests, law)
            engine.append(outcome_of(area))
            proposals += replan(area)
            better.append(outcome_of(area))
            best.append(exact(city, requests, law))
        one_by_one.take(problem.name, engine, best)
        again.take(f"{problem.name}, {proposals} re-plans", better, best)
    return {
        "allocation.class1_fill_ratio": min(one_by_one.fill),
        "allocation.class1_eta_ratio": max(one_by_one.first),
        "allocation.total_eta_ratio": max(one_by_one.total),
        "allocation.replan_class1_eta_ratio": max(again.first),
        "allocation.replan_total_eta_ratio": max(again.total),
    }


@dataclass
class Ratios:
    """Figures of the engine in parts of the optimum's, a value for each problem."""

    fill: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)

    def take(self, name: str, engine: list[Outcome], best: list[Outcome]) -> None:
        """Add a problem's."""
        self.fill.append(sum(one.filled[1] for one in engine) / sum(one.filled[1] for one in best))
        self.first.append(_mean(engine, (1,)) / _mean(best, (1,)))
        self.total.append(_mean(engine, (1, 2, 3, 4)) / _mean(best, (1, 2, 3, 4)))
        figures = f"class-1 fill {self.fill[-1]:.3f}, class-1 time {self.first[-1]:.3f}, total {self.total[-1]:.3f}"
        print(f"  {name}: {figures}")


def _mean(outcomes: list[Outcome], classes: tuple[int, ...]) -> float:
    return float(np.mean([outcome.mean(classes) for outcome in outcomes]))

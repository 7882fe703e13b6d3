"""B5: grading decisions per second and core, in the pure core.

A decision is one follow-up report turned into figures, all families and the composite, through the cascade.
`history.cost_ratio` compares an area whose store holds 100,000 closed incidents with one that holds 1,000: what is
closed leaves the working state, so both should cost the same.
"""

import gc
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

from schemas.inputs import registers as reg
from schemas.inputs.reports import IncidentReported, Place
from schemas.outputs.incident_events import IncidentClosed
from streams.domain.cascade import cascade, evolve
from streams.domain.context import Context, Received
from streams.domain.core import Incident
from streams.domain.state import AreaState
from streams.policy.loader import bundled

AREA = "990100"
DISTRICTS = tuple(f"99010{n}" for n in range(1, 6))
START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
OPEN = 50
KINDS = (
    ("work_safety_accident", "mass_casualty"),
    ("food_poisoning",),
    ("natural_disaster",),
    ("cholera",),
    ("occupational_poisoning", "work_safety_accident"),
)
"""Kinds of the open incidents in turn: every family of the scenarios."""


def run(*, quick: bool) -> dict[str, float]:
    """Decisions per second (the median round) and the cost ratio of a long history to a short one."""
    seconds, rounds = (0.5, 3) if quick else (1.0, 5)
    few, many = _area(1_000), _area(3_000 if quick else 100_000)
    rates: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(rounds):
        for name, state in (("few", few), ("many", many)):
            rates[name].append(_rate(state, seconds / 2))
    return {
        "grading.decisions_per_s": statistics.median(rates["few"]),
        "grading.history_cost_ratio": statistics.median(rates["few"]) / statistics.median(rates["many"]),
    }


def _area(closed: int) -> AreaState:
    """An area with open incidents of all families and a history of closed ones."""
    state = AreaState(AREA, START)
    _play(state, reg.AreaRegistered(area=AREA, name="J"), START)
    for district in DISTRICTS:
        _play(state, reg.DistrictRegistered(area=AREA, district=district, name=district), START)
    for number in range(closed):
        _close(state, number)
    for number in range(OPEN):
        _play(state, _report(number, 0), START)
    state.settle()
    return state


def _close(state: AreaState, number: int) -> None:
    """An incident that is reported and closed: its cluster leaves the working state as in production."""
    _play(state, _report(number + OPEN, 0), START)
    incident = next(i for i in state.of(Incident).values() if i.status == "open")
    evolve(state, IncidentClosed(incident=incident.id))
    state.settle()


def _play(state: AreaState, event: object, now: datetime) -> int:
    context = Context(AREA, "actual", now, bundled(), Received(event, "bench", "1", b""))  # type: ignore[arg-type]
    return sum(1 for _ in cascade(state, context))


def _report(number: int, turn: int) -> IncidentReported:
    kinds = KINDS[number % len(KINDS)]
    figures = {"deaths": turn // 10 % 4, "serious": 3 + turn % 5, "cases": 40 + turn // 50, "people": 10 * turn % 900}
    when = START + timedelta(days=7, minutes=5 * turn)
    return IncidentReported(
        area=AREA,
        source="cad",
        external_id=f"X{number}",
        channel="cad",
        series="initial" if turn == 0 else "follow_up",
        reporter_unit="u-1",
        hazard_kinds=kinds,
        place=Place(district=DISTRICTS[number % len(DISTRICTS)]),
        occurred_at=START + timedelta(hours=3 * number),
        as_of=when,
        figures=figures,
    )


def _turns() -> Iterator[int]:
    turn = 1
    while True:
        yield turn
        turn += 1


TURNS = _turns()


def _rate(state: AreaState, seconds: float) -> float:
    """Follow-up reports decided per second; settling a batch of them is part of it, decoding is not."""
    done, spent = 0, 0.0
    gc.collect()
    while spent < seconds:
        turn = next(TURNS)
        batch = [_report(number, turn) for number in range(OPEN)]
        now = START + timedelta(days=7, minutes=5 * turn)
        began = perf_counter()
        for event in batch:
            _play(state, event, now)
        state.settle()
        spent += perf_counter() - began
        done += len(batch)
    return done / spent


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name} {value:.2f}")

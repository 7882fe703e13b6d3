"""B5: grading decisions per second and core, in the pure core.

A decision is one follow-up report turned into the figures that count, all families, the composite, reporting
thresholds, trend and response proposals, folded into the state. `grading.decisions_per_s` runs the concerns that do
that; `grading.cascade_per_s` every concern, with all that follows. `grading.history_cost_ratio` is the cost in an area
that has closed 100,000 incidents, in parts of the cost in one that has closed 1,000. The garbage collector is set as
the worker sets it; what it costs is part of the cost.
"""

import gc
import statistics
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from time import process_time

from schemas.base import InputEvent
from schemas.inputs import registers as reg
from schemas.inputs.reports import IncidentReported, Place
from schemas.outputs.incident_events import IncidentClosed, IncidentOpened
from streams.app import spare_collector
from streams.domain import cascade as core
from streams.domain.contents import CONCERNS
from streams.domain.context import Context, Received
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
DECIDING = frozenset({"registers", "directives", "intake", "grading", "escalation"})
TURNS = count(1)


def run(*, quick: bool = False, few: int = 1_000, many: int = 100_000) -> dict[str, float]:
    """Medians over alternating rounds; the short form takes fewer and shorter ones."""
    seconds, rounds = (0.2, 3) if quick else (0.5, 7)
    short, long = _area(few), _area(many)
    usual = gc.get_threshold()
    spare_collector()  # as a worker does once it has loaded its state
    rates: dict[str, list[float]] = {"short": [], "long": [], "all": []}
    for _ in range(rounds):
        with _only(DECIDING):
            rates["short"].append(_rate(short, seconds))
            rates["long"].append(_rate(long, seconds))
        rates["all"].append(_rate(short, seconds))
    gc.unfreeze()
    gc.set_threshold(*usual)
    ratios = [one / other for one, other in zip(rates["short"], rates["long"], strict=True)]
    return {
        "grading.decisions_per_s": statistics.median(rates["short"]),
        "grading.cascade_per_s": statistics.median(rates["all"]),
        "grading.history_cost_ratio": statistics.median(ratios),
    }


@contextmanager
def _only(names: frozenset[str]) -> Iterator[None]:
    """Lets only these concerns react."""
    everyone = dict(core.REACTIONS)
    allowed = core._reactions(tuple(concern for concern in CONCERNS if concern.name in names))
    core.REACTIONS.clear()
    core.REACTIONS.update(allowed)
    try:
        yield
    finally:
        core.REACTIONS.clear()
        core.REACTIONS.update(everyone)


def _area(closed: int) -> AreaState:
    """An area with open incidents of all families that has closed others before."""
    state = AreaState(AREA, START)
    _play(state, reg.AreaRegistered(area=AREA, name="J"), START)
    for district in DISTRICTS:
        _play(state, reg.DistrictRegistered(area=AREA, district=district, name=district), START)
    for number in range(1, closed + 1):
        _close(state, f"{AREA}-20260101-{number:03d}", number)
        if number % 500 == 0:
            state.settle()
    for number in range(OPEN):
        _play(state, _report(number, 0), START)
    state.settle()
    return state


def _close(state: AreaState, incident: str, number: int) -> None:
    """An incident that opened and closed: it leaves the working state as in production."""
    opened = IncidentOpened(
        incident=incident,
        source="cad",
        external_id=f"H{number}",
        hazard_kinds=KINDS[number % len(KINDS)],
        place=Place(district=DISTRICTS[number % len(DISTRICTS)]),
        setting="none",
        occurred_at=START - timedelta(days=60),
        opened_at=START - timedelta(days=60),
    )
    core.evolve(state, opened)
    core.evolve(state, IncidentClosed(incident=incident))


def _play(state: AreaState, event: InputEvent, now: datetime) -> None:
    deque(core.cascade(state, _context(event, now)), maxlen=0)


def _context(event: InputEvent, now: datetime) -> Context:
    return Context(AREA, "actual", now, bundled(), Received(event, "bench", "1", b""))


def _report(number: int, turn: int) -> IncidentReported:
    """Figures move with every report, grades with every tenth."""
    figures = {"deaths": turn // 10 % 4, "serious": 3 + turn % 5, "cases": 40 + turn // 50, "people": 10 * turn % 900}
    return IncidentReported(
        area=AREA,
        source="cad",
        external_id=f"X{number}",
        channel="cad",
        series="initial" if turn == 0 else "follow_up",
        reporter_unit="u-1",
        hazard_kinds=KINDS[number % len(KINDS)],
        place=Place(district=DISTRICTS[number % len(DISTRICTS)]),
        occurred_at=START + timedelta(hours=3 * number),
        as_of=_now(turn),
        figures=figures,
    )


def _now(turn: int) -> datetime:
    return START + timedelta(days=7, minutes=5 * turn)


def _rate(state: AreaState, seconds: float) -> float:
    """Follow-up reports decided and folded per second of one core; decoding and storing are the shell's."""
    done, spent = 0, 0.0
    while spent < seconds:
        turn = next(TURNS)
        batch = [_context(_report(number, turn), _now(turn)) for number in range(OPEN)]
        began = process_time()
        for context in batch:
            deque(core.cascade(state, context), maxlen=0)
        spent += process_time() - began
        state.settle()
        done += len(batch)
    return done / spent


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name} {value:.2f}")

"""Routed travel times on their way into a decision: the core says what it would ask, the shell asks (AL-TRAVEL).

The great circle's nearest is the road's nearest in one case of two, but the road's nearest is among the great
circle's twenty in 96-98 % (allocation.md). So the twenty nearest are asked about, in one call to a routing engine's
table service. Its answers become an event before the request is decided: replay needs no engine. Without an answer
the formula counts. A city's own table of district minutes goes before both.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from schemas.base import InputEvent, Point
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.outputs.catalogue_events import RoutedLine, TravelTimesAdopted
from streams.domain.allocation.entities import Position, Request, Resource, RoutedTimes
from streams.domain.allocation.index import AllocationIndex, index_of
from streams.domain.allocation.search import Search
from streams.domain.allocation.travel import travel_time
from streams.domain.core import area_of
from streams.domain.directives.refs import resolve_incident
from streams.domain.state import AreaState, Change, Drop, Put
from streams.policy.allocation import AllocationLaw
from streams.policy.model import Policy


class Question(NamedTuple):
    """How long from each of these units to the place? For one line of a request."""

    line: int
    kind: str
    units: tuple[tuple[str, Point], ...]
    """Resource and where it is believed to be."""
    to: Point


def routes_wanted(state: AreaState, event: InputEvent, policy: Policy, now: datetime) -> tuple[Question, ...]:
    """What a routing engine should be asked before this input is decided; nothing for most inputs."""
    if not isinstance(event, ResourceRequested) or event.place.point is None or event.request in state.of(Request):
        return ()
    named = event.incident_ref()
    if named is not None and resolve_incident(state, named) is None:
        return ()
    area = area_of(state)
    law = policy.allocation.at(area.id, area.province, area.timezone, now)
    index = index_of(state, law)
    spot = index.spot(event.place)
    if not spot.untabled:
        return ()
    now_ms = int(now.timestamp() * 1000)
    asked = (_question(state, index, line, event, now_ms) for line in event.lines)
    return tuple(question for question in asked if question is not None)


def _question(
    state: AreaState, index: AllocationIndex, line: RequestLine, event: ResourceRequested, now_ms: int
) -> Question | None:
    law, pool, to = index.law, index.pool(line.kind), event.place.point
    pool.widen(len(index.codes))
    pool.expire_fixes(now_ms - law.position_age_ms)
    fit = pool.fit(line.requires, (), line.minimum_type)
    free = pool.open[: pool.n] if fit.rows is None else pool.open[: pool.n] & fit.rows
    search = Search(pool, fit, index.spot(event.place), travel_time(law, line.kind))
    ranked, _ = search.best(free, law.travel.shortlist)
    units = []
    for _, _, resource, row, _ in ranked[: law.travel.shortlist]:
        entry, seen = state.of(Resource)[resource].entry, state.get(Position, resource)
        where = seen.point if seen is not None and row not in pool.stale else entry.position
        if where is not None:
            units.append((resource, where))
    return Question(line.line, line.kind, tuple(units), to) if len(units) > 1 and to is not None else None


def routes_adopted(
    event: ResourceRequested,
    provider: str,
    law: AllocationLaw,
    answers: Sequence[tuple[Question, Sequence[float | None]]],
) -> TravelTimesAdopted | None:
    """The event that brings a routing engine's seconds into the decision; None when it knew no way at all."""
    lines = []
    for question, seconds in answers:
        kind = law.kind(question.kind)
        start = kind.mobilisation_seconds * 1000
        times = {
            resource: start + round(drive * 1000 * law.travel.routed_factor / kind.speed)
            for (resource, _), drive in zip(question.units, seconds, strict=True)
            if drive is not None
        }
        if times:
            lines.append(RoutedLine(line=question.line, eta_ms=times))
    if not lines:
        return None
    return TravelTimesAdopted(request=event.request, provider=provider, lines=tuple(lines))


def evolve_routed(state: AreaState, event: TravelTimesAdopted) -> Iterator[Change]:
    """The next decision of these lines uses the times, and only that one: units move on.

    What an earlier request left is of one that was refused.
    """
    for left in tuple(state.of(RoutedTimes)):
        yield Drop(RoutedTimes, left)
    for line in event.lines:
        yield Put(RoutedTimes(id=f"{event.request}/{line.line}", provider=event.provider, eta_ms=line.eta_ms))

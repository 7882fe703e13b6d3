"""Whether a report that names no known incident is about one that is open (IN-7; design.md, intake).

The same hazard from another channel within the policy's metres and minutes attaches provisionally. Anything looser, or
a second report from the same channel, only proposes a merge: two explosions in one park are two incidents until a
person says otherwise. Reports without coordinates are as near as their districts are equal, which is loose.
"""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from schemas.base import Point
from schemas.inputs.reports import IncidentReported, Place
from streams.domain.core import Incident
from streams.domain.intake.entities import Source
from streams.domain.state import AreaState
from streams.policy.intake import Book, Linkage, Nearness

EARTH_METRES = 6_371_000.0


class Match(NamedTuple):
    """An open incident that a report may be about, how near it is, and the policy entry that says so."""

    incident: str
    how: Literal["same", "near", "linked"]
    rule: str
    metres: float | None
    minutes: float


def metres_between(one: Point, two: Point) -> float:
    """Great-circle distance in metres."""
    lat_one, lat_two = math.radians(one.lat), math.radians(two.lat)
    half_lat, half_lon = (lat_two - lat_one) / 2, math.radians(two.lon - one.lon) / 2
    a = math.sin(half_lat) ** 2 + math.cos(lat_one) * math.cos(lat_two) * math.sin(half_lon) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(a)))


def matches(state: AreaState, event: IncidentReported, kinds: tuple[str, ...], book: Book) -> list[Match]:
    """Open incidents that the report may be about, the nearest kind of match and the nearest in time first."""
    found = [match for incident in _open(state) for match in _match(state, incident, event, kinds, book)]
    order = {"same": 0, "near": 1, "linked": 2}
    return sorted(found, key=lambda match: (order[match.how], match.metres or 0.0, match.minutes, match.incident))


def _open(state: AreaState) -> Iterator[Incident]:
    return (incident for incident in state.of(Incident).values() if incident.status == "open")


def _match(
    state: AreaState,
    incident: Incident,
    event: IncidentReported,
    kinds: tuple[str, ...],
    book: Book,
) -> Iterator[Match]:
    shared = set(incident.hazard_kinds) & set(kinds)
    if not shared:
        return
    minutes = abs((incident.occurred_at - event.occurred_at).total_seconds()) / 60
    metres = _metres(incident.place, event.place)
    near = book.attachment
    if near is not None and _measured_within(metres, minutes, near):
        channels = {source.channel for source in state.of_incident(Source, incident.id)}
        yield Match(incident.id, "near" if event.channel in channels else "same", near.id, metres, minutes)
    elif book.proposal is not None and _loosely_within(incident.place, event.place, metres, minutes, book.proposal):
        yield Match(incident.id, "near", book.proposal.id, metres, minutes)
    elif book.linkage is not None and _linked(shared, minutes, book.linkage):
        yield Match(incident.id, "linked", book.linkage.id, metres, minutes)


def _metres(one: Place, two: Place) -> float | None:
    return metres_between(one.point, two.point) if one.point is not None and two.point is not None else None


def _measured_within(metres: float | None, minutes: float, near: Nearness) -> bool:
    return metres is not None and metres <= near.metres and minutes <= near.minutes


def _loosely_within(one: Place, two: Place, metres: float | None, minutes: float, near: Nearness) -> bool:
    here = one.district == two.district if metres is None else metres <= near.metres
    return here and minutes <= near.minutes


def _linked(shared: set[str], minutes: float, linkage: Linkage) -> bool:
    return minutes <= linkage.days * 1440 and not shared.isdisjoint(linkage.kinds)

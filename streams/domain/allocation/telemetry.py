"""Positions on their way into a decision: telemetry becomes an event only when a decision is about to use it."""

from collections.abc import Mapping
from datetime import datetime

from schemas.base import InputEvent, Point
from schemas.inputs.requests import ResourceRequested
from schemas.outputs.catalogue_events import AdoptedPosition, PositionsAdopted
from streams.domain.allocation.entities import Position, Resource
from streams.domain.state import AreaState


def kinds_wanted(event: InputEvent) -> tuple[str, ...]:
    """Kinds of resources that this input's decision will choose from."""
    if isinstance(event, ResourceRequested):
        return tuple(dict.fromkeys(line.kind for line in event.lines))
    return ()


def adopt_positions(
    state: AreaState, positions: Mapping[str, tuple[float, float, datetime]], kinds: tuple[str, ...]
) -> PositionsAdopted | None:
    """The event that brings newer positions of these kinds' resources into the state, None when there are none."""
    resources, adopted = state.of(Resource), state.of(Position)
    found: list[AdoptedPosition] = []
    for id in sorted(positions):
        resource = resources.get(id)
        if resource is None or resource.kind not in kinds:
            continue
        lat, lon, observed_at = positions[id]
        known = adopted.get(id)
        if known is None or known.observed_at < observed_at:
            point = Point(lat=lat, lon=lon)
            found.append(AdoptedPosition(resource=id, point=point, observed_at=observed_at))
    return PositionsAdopted(positions=tuple(found)) if found else None

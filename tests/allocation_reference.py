"""The allocation rules once more, slowly and from entities alone: what the engine must agree with (invariant 4)."""

import math
from dataclasses import dataclass

from schemas.base import Point
from streams.domain.allocation.entities import Floor, Line, Position, Request, Resource
from streams.domain.state import AreaState
from streams.policy.allocation import AllocationLaw

EARTH_KM = 6371.0088
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Taken:
    """What the reference would take."""

    resource: str
    quantity: int
    eta_ms: int
    score_ms: int


def eta_ms(law: AllocationLaw, kind: str, there: Point, here: Point) -> int:
    """Kolesar-Walker-Hausner over the chord, rounded to milliseconds."""
    entry = law.kind(kind)
    a, b = _sphere(there), _sphere(here)
    km = math.dist(a, b) * EARTH_KM
    v, acceleration = law.travel.cruise_kmh, law.travel.acceleration_kmh2
    hours = 2 * math.sqrt(km / acceleration) if km <= v * v / acceleration else v / acceleration + km / v
    return int(hours * HOUR_MS / entry.speed + entry.mobilisation_seconds * 1000 + 0.5)


def _sphere(point: Point) -> tuple[float, float, float]:
    lat, lon = math.radians(point.lat), math.radians(point.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def free(resource: Resource) -> int:
    """What nobody has, floors aside."""
    if resource.status != "ready" or resource.entry.requisition_target:
        return 0
    if resource.entry.form == "unit":
        return 0 if resource.held else 1
    return max(resource.quantity - resource.held, 0)


def floor_of(state: AreaState, kind: str, district: str) -> int:
    """Registered reserve floor."""
    own, every = (state.get(Floor, f"{kind}@{where}") for where in (district, "*"))
    found = own or every
    return found.entry.floor if found is not None else 0


def decide(state: AreaState, law: AllocationLaw, line: Line, limit_ms: int | None) -> list[Taken]:
    """Stage 1 for one line, without waivers and preemption."""
    place = state.of(Request)[line.request].place
    resources = [r for r in state.of(Resource).values() if r.kind == line.kind]
    head = {}
    for resource in resources:
        district = resource.entry.district
        head.setdefault(district, -floor_of(state, line.kind, district))
        head[district] += free(resource)
    penalty = {district: _penalty(state, law, line, district, resources) for district in head}
    ranked = []
    for resource in resources:
        entry = resource.entry
        level = entry.type_level
        if not set(line.requires) <= set(entry.capabilities) or resource.id in line.excluded:
            continue
        if line.minimum_type is not None and (level is None or level > line.minimum_type):
            continue
        position = state.get(Position, resource.id)
        where = position.point if position is not None else entry.position
        if where is None or place.point is None:
            continue
        eta = eta_ms(law, line.kind, where, place.point)
        if limit_ms is not None and eta > limit_ms:
            continue
        liked = len(set(line.prefers) & set(entry.capabilities))
        ranked.append((eta + penalty[entry.district], -liked, resource.id, eta, resource))
    ranked.sort(key=lambda entry: entry[:3])
    need, taken = line.need, []
    for score, _, id, eta, resource in ranked:
        lot = free(resource) - (0 if resource.entry.form == "unit" else resource.entry.floor)
        quantity = min(lot, head[resource.entry.district], need)
        if quantity > 0:
            taken.append(Taken(id, quantity, eta, score))
            head[resource.entry.district] -= quantity
            need -= quantity
    return taken


def _penalty(state: AreaState, law: AllocationLaw, line: Line, district: str, resources: list[Resource]) -> int:
    delta = law.balance_ms.get(line.urgency, 0)
    if not delta:
        return 0
    kept = floor_of(state, line.kind, district)
    capacity = available = 0
    for resource in resources:
        if resource.entry.district == district:
            unit = resource.entry.form == "unit"
            capacity += 1 if unit else resource.entry.quantity
            kept += 0 if unit else resource.entry.floor
            available += free(resource)
    above = capacity - kept
    return delta if above <= 0 else delta - delta * min(max(available - kept, 0), above) // above

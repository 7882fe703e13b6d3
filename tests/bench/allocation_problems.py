"""The measured problems of allocation.md, number for number: a city of seven districts and its requests.

The order of random draws is that of the research generator, so that its seeds give the same cities and requests here.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.base import Point
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceRegistered
from streams.policy.allocation import Allocation, load
from streams.policy.dated import Bilingual
from streams.policy.loader import bundled_documents

AREA = "990100"
EPOCH = datetime(2026, 3, 10, 0, 0, tzinfo=UTC)
KINDS = ("ambulance", "rescue_team", "medical_team", "fire_engine", "disinfect_team", "suits", "tents", "ventilators")
UNIT_KINDS = 5
"""The first five are units, the rest stock."""
CAPABILITIES: tuple[tuple[tuple[str, float], ...], ...] = (
    (("neg_pressure", 0.15), ("icu", 0.25), ("basic", 1.0)),
    (("collapse", 0.4), ("hazmat", 0.2), ("water", 0.3)),
    (("trauma", 0.5), ("infect", 0.3)),
    (("ladder", 0.3), ("foam", 0.25)),
    (("bio", 0.5),),
    (("n95grade", 0.6),),
    (),
    (("icu", 0.5),),
)
SHARE = (0.34, 0.12, 0.16, 0.16, 0.08, 0.07, 0.04, 0.03)
SPEED = (1.0, 0.85, 1.0, 0.9, 0.8, 0.7, 0.65, 0.8)
MOBILISATION_S = (60, 180, 90, 90, 240, 600, 900, 480)
STOCK_SIZES = {5: (4, 40), 6: (2, 20), 7: (1, 6)}
DISTRICTS = 7
CENTRES = np.array([[0, 0], [5, 4], [-6, 3], [18, -10], [-22, -12], [12, 24], [-15, 25]], dtype=float)
POPULATION = np.array([0.22, 0.2, 0.18, 0.13, 0.1, 0.1, 0.07])
URGENCY_SHARE = (0.12, 0.28, 0.40, 0.20)
SURGE_URGENCY = (0.4, 0.4, 0.2)

Floats = NDArray[np.float64]


def code(district: int) -> str:
    """District number to division code."""
    return f"99010{district + 1}"


@dataclass(frozen=True)
class Surge:
    """A mass-casualty event: so many more requests in `hours` from `at_s`, clustered around `centre` (km)."""

    at_s: float
    duration_s: float
    requests: int
    centre: tuple[float, float] = (18.0, -10.0)


@dataclass
class BenchCity:
    """Resources and floors of one city, and what its requests are drawn from."""

    resources: list[ResourceRegistered]
    floors: list[FloorRegistered]
    hubs: Floats
    weights: Floats
    spread: Floats
    demand: Any = field(default=None, repr=False)

    def points(self, count: int, weights: Floats, generator: np.random.Generator) -> Floats:
        chosen = generator.choice(len(weights), count, p=weights)
        drawn: Floats = self.hubs[chosen] + generator.normal(0, 1, (count, 2)) * self.spread[chosen][:, None]
        return drawn


def nearest_district(points: Floats) -> NDArray[np.int64]:
    """The district whose centre is nearest."""
    distances: NDArray[np.int64] = ((points[:, None] - CENTRES[None]) ** 2).sum(2).argmin(1)
    return distances


def point(km: Floats) -> Point:
    """Kilometres east and north of the centre as a position."""
    lat = 30.55 + float(km[1]) / 111.2
    return Point(lat=lat, lon=114.3 + float(km[0]) / (111.2 * float(np.cos(np.radians(30.55)))))


def make_city(units: int, seed: int = 0, floor_share: float = 0.2, targets: float = 0.05) -> BenchCity:
    """The city of a seed: `floor_share` of every district's capacity is reserve, `targets` are requisition targets."""
    draw = np.random.default_rng(seed)
    hubs, weights, home = [], [], []
    for district in range(DISTRICTS):
        count = 4 if district < 3 else 6
        hubs.append(CENTRES[district] + draw.normal(0, 2.0 if district < 3 else 6.0, (count, 2)))
        weights.append(POPULATION[district] * draw.dirichlet(np.ones(count) * 1.5))
        home += [district] * count
    all_weights = np.concatenate(weights)
    city = BenchCity([], [], np.vstack(hubs), all_weights, np.where(np.array(home) < 3, 1.2, 2.5))
    stations = 0.7 * all_weights + 0.3 / len(all_weights)
    free = np.zeros((len(KINDS), DISTRICTS), dtype=np.int64)
    for kind in range(len(KINDS)):
        free[kind] = _resources(city, kind, units, stations, targets, draw)
    floor = np.floor(free * floor_share).astype(np.int64)
    city.floors = [
        FloorRegistered(area=AREA, kind=KINDS[kind], district=code(district), floor=int(floor[kind, district]))
        for kind in range(len(KINDS))
        for district in range(DISTRICTS)
    ]
    return city


def _resources(
    city: BenchCity, kind: int, units: int, stations: Floats, targets: float, draw: np.random.Generator
) -> NDArray[np.int64]:
    count = max(7, round(units * SHARE[kind]))
    is_unit = kind < UNIT_KINDS
    places = city.points(max(7, int(count**0.5) * 3 if is_unit else count), stations, draw)
    located = places[draw.integers(0, len(places), count)] + (draw.normal(0, 0.05, (count, 2)) if is_unit else 0)
    has = [draw.random(count) < share for _, share in CAPABILITIES[kind]]
    low, high = STOCK_SIZES.get(kind, (1, 2))
    quantity = np.ones(count, dtype=int) if is_unit else draw.integers(low, high, count)
    districts = nearest_district(located)
    target = draw.random(count) < targets
    order = np.argsort(districts, kind="stable")
    names = [name for name, _ in CAPABILITIES[kind]]
    for number, row in enumerate(order.tolist()):
        city.resources.append(
            ResourceRegistered(
                area=AREA,
                resource=f"{KINDS[kind]}-{number:06}",
                category="ambulance" if kind == 0 else "rescue_equipment",
                kind=KINDS[kind],
                form="unit" if is_unit else "stock",
                quantity=int(quantity[row]),
                capabilities=tuple(name for name, flags in zip(names, has, strict=True) if flags[row]),
                owner_unit=f"OWNER-{districts[row]}",
                owner_department="health",
                district=code(int(districts[row])),
                position=point(located[row]),
                requisition_target=bool(target[row]),
            )
        )
    free = np.zeros(DISTRICTS, dtype=np.int64)
    np.add.at(free, districts[~target], quantity[~target])
    return free


def make_requests(
    city: BenchCity, count: int, draw: np.random.Generator, rate_per_s: float, surge: Surge | None = None
) -> list[tuple[float, ResourceRequested]]:
    """Requests with their seconds since the start: Poisson arrivals, 1.4 lines each; a surge adds clustered ones."""
    times = np.cumsum(draw.exponential(1 / rate_per_s, count))
    places = city.points(count, city.weights, draw)
    urgencies = draw.choice([1, 2, 3, 4], count, p=URGENCY_SHARE)
    rows = [(float(times[i]), places[i], int(urgencies[i]), False) for i in range(count)]
    if surge is not None:
        centre = np.array(surge.centre)
        rows += [
            (
                surge.at_s + float(draw.random() ** 2 * surge.duration_s),
                centre + draw.normal(0, 0.6, 2),
                int(draw.choice([1, 2, 3], p=SURGE_URGENCY)),
                True,
            )
            for _ in range(surge.requests)
        ]
    rows.sort(key=lambda row: row[0])
    districts = nearest_district(np.array([row[1] for row in rows]))
    found = []
    for number, (at_s, where, urgency, surging) in enumerate(rows):
        lines = _lines(draw, surging)
        place = Place(district=code(int(districts[number])), point=point(where))
        found.append((at_s, _request(number, urgency, lines, place)))
    return found


def _request(number: int, urgency: int, lines: list[tuple[int, str | None, int]], place: Place) -> ResourceRequested:
    return ResourceRequested(
        area=AREA,
        request=f"R{number:06}",
        unit="BENCH",
        department="health",
        place=place,
        lines=tuple(
            RequestLine(
                line=index,
                kind=KINDS[kind],
                quantity=quantity,
                requires=(capability,) if capability else (),
                urgency=urgency,  # type: ignore[arg-type]  # 1..4 by construction
            )
            for index, (kind, capability, quantity) in enumerate(lines, start=1)
        ),
    )


def _lines(draw: np.random.Generator, surging: bool) -> list[tuple[int, str | None, int]]:  # noqa: PLR0911
    """Kind, required capability, quantity of each line: one shape of request after another by its share."""
    shape = draw.random()

    def capability(kind: int, chance: float) -> str | None:
        if draw.random() < chance and CAPABILITIES[kind]:
            return CAPABILITIES[kind][int(draw.integers(0, min(2, len(CAPABILITIES[kind]))))][0]
        return None

    def upto(most: int, least: int = 1) -> int:
        return int(draw.integers(least, most))

    if surging:
        lines = [(0, capability(0, 0.25), upto(4)), (1, capability(1, 0.5), 1), (2, capability(2, 0.5), 1)]
        if draw.random() < 0.5:
            lines.append((5, None, upto(12, 2)))
        if draw.random() < 0.3:
            lines.append((3, None, 1))
        return lines
    if shape < 0.62:
        return [(0, capability(0, 0.2), 1)]
    if shape < 0.74:
        return [(0, capability(0, 0.2), upto(3)), (3, capability(3, 0.3), upto(3))]
    if shape < 0.82:
        return [(1, capability(1, 0.6), upto(3)), (0, None, 1)]
    if shape < 0.9:
        return [(2, capability(2, 0.4), 1), (5, capability(5, 0.3), upto(11))]
    if shape < 0.96:
        return [(4, capability(4, 0.5), 1), (5, None, upto(11))]
    return [(6, None, upto(6)), (7, capability(7, 0.4), upto(3))]


def bench_law(
    *, standing: dict[str, Any] | None = None, balance: bool = True, order: dict[str, Any] | None = None
) -> Allocation:
    """The bundled policy with the city's kinds, no first wave, and these standing orders."""
    section = load({"allocation.yaml": bundled_documents()["allocation.yaml"]})
    known = section.kinds[0]
    kinds = tuple(
        known.model_copy(
            update={
                "id": f"AK-{name}",
                "kind": name,
                "name": Bilingual(zh=name, en=name),
                "speed": SPEED[number],
                "mobilisation_seconds": MOBILISATION_S[number],
            }
        )
        for number, name in enumerate(KINDS)
    )
    choice: dict[str, Any] = {"first_wave_minutes": 100_000}
    if not balance:
        choice["balance_seconds"] = {}
    return Allocation(
        order=(section.order[0].model_copy(update=order or {}),),
        choice=(section.choice[0].model_copy(update=choice),),
        reserve=section.reserve,
        authorisation=section.authorisation,
        standing_orders=(section.standing_orders[0].model_copy(update=standing or {}),),
        preemption=section.preemption,
        replan=section.replan,
        travel=section.travel,
        kinds=kinds,
    )


def after(seconds: float) -> datetime:
    """Seconds since the start as an instant, to the millisecond."""
    return EPOCH + timedelta(milliseconds=round(seconds * 1000))

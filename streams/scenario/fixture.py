"""The world before the first step: a `fixture:` becomes names, and the records that register it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.base import INPUTS
from schemas.topics import LANE_ORDER
from streams.scenario.keys import key_of
from streams.scenario.model import Send
from streams.scenario.names import Names, nearest
from streams.scenario.reading import items, mapping, only, text
from streams.scenario.shapes import Shaper
from streams.scenario.tree import Map, Place, Problems, Scalar, Tree, made

SECTIONS = (
    "area", "partners", "cities", "districts", "travel_minutes", "units", "people", "resources", "floors",
    "agreements", "events",
)  # fmt: skip
AREA_KEYS = ("code", "name", "province", "timezone")
DISTRICT_KEYS = ("code", "name", "urban", "neighbours")
WITHIN = "within"
SOURCE = "fixture"
MOST = 9999
"""Units that one entry may stand for."""
HEALTH_KINDS = frozenset({"health", "hospital", "ems_centre", "cdc"})
CATEGORIES = {"beds": "bed", "stock": "medical_supply", "unit": "health_team", "capacity": "shelter"}


def department_of(unit_kind: str) -> str | None:
    """The department a unit of this kind belongs to, where the kind says it."""
    if unit_kind in HEALTH_KINDS:
        return "health"
    return "emergency_management" if unit_kind == "emergency_management" else None


def names_of(fixture: Map, problems: Problems) -> Names:
    """What the fixture calls things; checks its own keys and codes."""
    only(fixture, SECTIONS, "fixture", problems)
    names = Names()
    area = mapping(fixture.get("area"), "area", fixture.place, problems)
    only(area, AREA_KEYS, "area", problems)
    names.area = text(area, "code", problems, "990100")
    for short, node in _section(fixture, "partners", problems):
        names.areas[short] = str(node.plain())
    for short, node in _section(fixture, "districts", problems):
        entry = mapping(node, f"district {short}", node.place, problems)
        only(entry, DISTRICT_KEYS, f"district {short}", problems)
        code = text(entry, "code", problems)
        if code in names.districts.values():
            problems.add(entry.at("code"), f"code {code} is already another district's")
        names.districts[short] = code
    for unit, node in _section(fixture, "units", problems):
        names.units[unit] = text(mapping(node, f"unit {unit}", node.place, problems), "kind", problems, "")
    for person, node in _section(fixture, "people", problems):
        entry = mapping(node, f"person {person}", node.place, problems)
        names.people[person] = tuple(str(o.plain()) for o in items(entry.get("offices")))
    return names


def cities_of(fixture: Map, names: Names, problems: Problems) -> list[tuple[Map, Names]]:
    """Other cities that are played too: each with its own fixture; their names join the scenario's."""
    found = []
    for short, node in _section(fixture, "cities", problems):
        own = mapping(node, f"city {short}", node.place, problems)
        other = names_of(own.without("cities"), problems)
        names.areas |= other.areas | {short: other.area}
        for known, more in (
            (names.districts, other.districts),
            (names.units, other.units),
            (names.people, other.people),
        ):
            for name in more.keys() & known.keys():
                problems.add(node.place, f"{name!r} is already a name in another city")
            known.update(more)  # type: ignore[arg-type]
        names.homes |= dict.fromkeys(other.people, other.area)
        found.append((own, replace(names, area=other.area)))
    return found


def _section(fixture: Map, key: str, problems: Problems) -> Iterator[tuple[str, Tree]]:
    yield from mapping(fixture.get(key), key, fixture.place, problems).items.items()


@dataclass
class FixtureCompiler:
    """Turns a fixture into records, in the order in which they must be sent."""

    fixture: Map
    names: Names
    shaper: Shaper
    start: datetime
    problems: Problems
    prefix: str = SOURCE

    def sends(self) -> Iterator[Send]:
        """Registers first, then the catalogue, then the fixture's own events."""
        entries = sorted(self._entries(), key=lambda entry: LANE_ORDER[INPUTS[entry[0]].TOPIC])
        for number, (type_, data) in enumerate((*entries, *self._events()), start=1):
            shaped = self.shaper.shape(INPUTS[type_], data, self.start)
            yield Send(type_, shaped, SOURCE, f"{self.prefix}-{number:04d}", shaped.get("area", self.names.area))

    def _entries(self) -> Iterator[tuple[str, Map]]:
        yield self._area()
        yield from self._districts()
        yield from self._units()
        yield from self._people()
        yield from self._floors()
        yield from self._agreements()
        yield from self._resources()

    def _of(self, key: str) -> Iterator[tuple[str, Map]]:
        for name, node in _section(self.fixture, key, self.problems):
            yield name, mapping(node, name, node.place, self.problems)

    def _area(self) -> tuple[str, Map]:
        node = mapping(self.fixture.get("area"), "area", self.fixture.place, self.problems)
        zone = {"timezone": str(self.shaper.calendar.zone)}
        return "register.area.v1", node.without("code").over(_made({"name": self.names.area, **zone}, node.place))

    def _districts(self) -> Iterator[tuple[str, Map]]:
        table = self._travel()
        for short, node in self._of("districts"):
            extra: dict[str, Any] = {"district": short, "name": short}
            if table.get(short):
                extra["travel_minutes"] = table[short]
            yield "register.district.v1", node.without("code").over(_made(extra, node.place))

    def _travel(self) -> dict[str, dict[str, Any]]:
        node = mapping(self.fixture.get("travel_minutes"), "travel_minutes", self.fixture.place, self.problems)
        table: dict[str, dict[str, Any]] = {}
        within = node.get(WITHIN)
        if within is not None:
            table = {short: {short: within} for short in self.names.districts}
        for one, row in node.without(WITHIN).items.items():
            for other, minutes in mapping(row, "minutes", row.place, self.problems).items.items():
                for place, name in ((node.at(one), one), (row.place, other)):
                    if name not in self.names.districts:
                        hint = nearest(name, self.names.districts)
                        self.problems.add(place, f"unknown district {name!r}{hint}")
                table.setdefault(one, {})[other] = minutes
                table.setdefault(other, {}).setdefault(one, minutes)
        return table

    def _units(self) -> Iterator[tuple[str, Map]]:
        for unit, node in self._of("units"):
            base = {"unit": unit, "name": unit}
            yield "register.unit.v1", node.without("liaison", "duty").over(_made(base, node.place))
            liaison = node.get("liaison")
            if liaison is not None:
                yield "duty.liaison_registered.v1", self._liaison(unit, liaison)
            duty = node.get("duty")
            if duty is not None:
                yield "duty.roster_registered.v1", self._duty(unit, duty)

    def _duty(self, unit: str, node: Tree) -> Map:
        entry = node if isinstance(node, Map) else _made({"officer": node}, node.place)
        return entry.over(_made({"unit": unit, "on_from": "D0 00:00", "on_to": "D365 00:00"}, node.place))

    def _liaison(self, unit: str, node: Tree) -> Map:
        entry = node if isinstance(node, Map) else _made({"officer": node}, node.place)
        return entry.over(_made({"unit": unit, "observed_at": "D0 00:00"}, node.place))

    def _people(self) -> Iterator[tuple[str, Map]]:
        for person, node in self._of("people"):
            key = {"kid": key_of(person).kid, "x": key_of(person).x}
            base = {"person": person, "valid_from": "D0 00:00", "keys": [key]}
            yield "register.person.v1", node.over(_made(base, node.place))

    def _floors(self) -> Iterator[tuple[str, Map]]:
        for kind, node in _section(self.fixture, "floors", self.problems):
            if isinstance(node, Scalar):
                yield "register.floor.v1", _made({"kind": kind, "floor": node}, node.place)
                continue
            for short, floor in mapping(node, "floors", node.place, self.problems).items.items():
                yield "register.floor.v1", _made({"kind": kind, "floor": floor, "district": short}, floor.place)

    def _agreements(self) -> Iterator[tuple[str, Map]]:
        for agreement, node in self._of("agreements"):
            base = {"agreement": agreement, "valid_from": "D0 00:00"}
            yield "register.agreement.v1", node.over(_made(base, node.place))

    def _resources(self) -> Iterator[tuple[str, Map]]:
        for resource, node in self._of("resources"):
            for id_, district in self._expanded(resource, node):
                if id_ in self.names.resources:
                    self.problems.add(node.place, f"resource {id_!r} is there twice")
                self.names.resources[id_] = self.names.place(district) or district
                base = {"resource": id_, **({"district": district} if district else {}), **self._described(node)}
                yield "resource.registered.v1", node.without("count", "owner", "district").over(_made(base, node.place))

    def _described(self, node: Map) -> dict[str, Any]:
        owner = text(node, "owner", self.problems)
        department = department_of(self.names.units.get(owner, ""))
        form = text(node, "form", self.problems, "unit")
        ambulance = form == "unit" and text(node, "kind", self.problems, "") == "ambulance"
        category = "ambulance" if ambulance else CATEGORIES.get(form)
        known: dict[str, Any] = {"owner_unit": node.get("owner") or owner, "form": form, "category": category}
        return {**known, "owner_department": department} if department else known

    def _expanded(self, resource: str, node: Map) -> Iterator[tuple[str, str]]:
        count = node.get("count")
        if count is None:
            yield resource, text(node, "district", self.problems)
        elif isinstance(count, Map):
            for short, number in count.items.items():
                yield from _numbered(f"{resource}-{short}", short, number, self.problems)
        else:
            yield from _numbered(resource, text(node, "district", self.problems), count, self.problems)

    def _events(self) -> Iterator[tuple[str, Map]]:
        for node in items(self.fixture.get("events")):
            entry = mapping(node, "event", node.place, self.problems)
            only(entry, ("event", "data"), "a fixture event", self.problems)
            type_ = text(entry, "event", self.problems)
            if type_ in INPUTS:
                yield type_, mapping(entry.get("data"), "data", entry.place, self.problems)
            else:
                self.problems.add(entry.at("event"), f"unknown event type {type_!r}{nearest(type_, INPUTS)}")


def _numbered(stem: str, district: str, count: Tree, problems: Problems) -> Iterator[tuple[str, str]]:
    number = count.plain()
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MOST:
        problems.add(count.place, f"count must be a whole number from 0 to {MOST}")
        return
    for i in range(1, number + 1):
        yield f"{stem}-{i:02d}", district


def _made(value: dict[str, Any], place: Place) -> Map:
    tree = made({key: item for key, item in value.items() if item is not None}, place)
    return tree if isinstance(tree, Map) else Map({}, place)

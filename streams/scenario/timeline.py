"""The incident as it unfolds: from an output event to lines for people, in the city's own names."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Any

from rich.markup import escape

from streams.scenario import words
from streams.scenario.fold import Observed
from streams.scenario.renderers import RENDERERS
from streams.scenario.times import Calendar

EARTH_KM = 6371.0
NAMED = 4
"""More names than this in one line are only counted; groups of a task force are told in full."""
Spot = tuple[float, float]


@dataclass
class Memory:
    """What earlier events told: names of the registers, and where resources are."""

    names: dict[str, str] = field(default_factory=dict)
    spots: dict[str, Spot] = field(default_factory=dict)

    def learn(self, type_: str, data: dict[str, Any]) -> None:
        """Take notice of register and catalogue entries and of positions."""
        entry = data.get("entry")
        if isinstance(entry, dict):
            key = entry.get("resource") or entry.get("unit") or entry.get("district")
            if key and entry.get("name"):
                self.names[key] = entry["name"]
            if entry.get("resource") and entry.get("position"):
                self.spots[entry["resource"]] = _spot(entry["position"])
        if type_ == "area.opened.v1":
            self.names[data["area"]] = data["name"]
        if type_ == "resource.positions_adopted.v1":
            self.spots |= {one["resource"]: _spot(one["point"]) for one in data["positions"]}


class Scene:
    """One event with everything needed to tell it."""

    def __init__(self, data: dict[str, Any], memory: Memory, calendar: Calendar) -> None:
        self.data = data
        self._memory = memory
        self._calendar = calendar

    def __getitem__(self, key: str) -> Any:
        """A field of the event; None where it has none."""
        return self.data.get(key)

    def text(self, key: str) -> str:
        """A field as text that is safe in markup."""
        value = self[key]
        return escape("、".join(map(str, value)) if isinstance(value, list) else str(value or ""))

    def name(self, key: str | None) -> str:
        """What the city or the policy calls a district, unit, office, kind or group."""
        return escape(self._memory.names.get(key or "") or words.word(key or "-"))

    def names(self, key: str) -> str:
        """Several names, from a field."""
        many = list(self[key] or ())
        told = "、".join(self.name(one) for one in many[:NAMED])
        return told if len(many) <= NAMED else f"{told} 等 {len(many)} 家 in all"

    def all_names(self, key: str) -> str:
        """Several names, however many."""
        return "、".join(self.name(one) for one in self[key] or ())

    def when(self, key: str) -> str:
        """An instant from a field, as people read it."""
        value = self[key]
        return self._calendar.tell(self._calendar.instant(value)) if value else "-"

    def distance(self) -> str:
        """Great-circle kilometres from the resource to the place, where both positions are known."""
        point = (self["to"] or {}).get("point")
        spot = self._memory.spots.get(str(self["resource"]))
        return f"{_kilometres(spot, _spot(point)):.1f} km" if point and spot else ""


class Teller:
    """Tells a run event by event; feed it every event, in order."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._memory = Memory()
        self._last = ""

    def tell(self, seen: Observed) -> list[str]:
        """Lines (rich markup) for one event; none for what only machines care about."""
        self._memory.learn(seen.type, seen.data)
        renderer = RENDERERS.get(seen.type)
        texts = renderer(Scene(seen.data, self._memory, self._calendar)) if renderer else ()
        return list(self._stamped(self._calendar.tell(seen.time), texts))

    def _stamped(self, clock: str, texts: Any) -> Iterator[str]:
        for text in texts:
            stamp = clock if clock != self._last else ""
            self._last = clock
            yield f"[bold]{stamp:>14}[/]  {text}"


def _spot(point: dict[str, float]) -> Spot:
    return point["lat"], point["lon"]


def _kilometres(one: Spot, other: Spot) -> float:
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(chord))

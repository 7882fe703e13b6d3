"""One expectation at a time: does it hold, and if not, what was there instead."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from streams.domain.state import ENTITIES, AreaState, Entity
from streams.scenario.fold import Observed, incident_ids
from streams.scenario.match import MISSING, Matcher
from streams.scenario.model import AnyExpectation, EventExpected, Scenario, StateExpected, SumExpected

SOME = {"gte": 1}
SHOWN = 3
"""How many nearest candidates an unmet expectation shows."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """An expectation that does not hold, why, and what was seen instead."""

    expectation: AnyExpectation
    reason: str
    instead: tuple[str, ...] = ()


class Court:
    """Knows what was observed and how the scenario's words are to be read."""

    def __init__(self, scenario: Scenario, observed: list[Observed]) -> None:
        self.calendar = scenario.calendar
        self.codes = scenario.names.codes()
        self.shorts = {code: name for name, code in scenario.names.districts.items()}
        self.incidents = incident_ids(observed)
        self.homes = scenario.names.resources
        self.observed: dict[str, list[Observed]] = {}
        for one in observed:
            self.observed.setdefault(one.type, []).append(one)
        self.matcher = Matcher(scenario.calendar, self.alike)

    def alike(self, word: str) -> frozenset[str]:
        """Everything a written word may stand for besides itself."""
        code = self.codes.get(word)
        return frozenset(self.incidents.get(word, set()) | ({code} if code else set()))

    def events(self, wanted: EventExpected) -> Unmet | None:
        """Whether events of the type, inside the window, match often enough."""
        of_type = self.observed.get(wanted.type, [])
        inside = [one for one in of_type if self._in_reach(wanted, one)]
        hits = [one for one in inside if self.matcher.matches(wanted.data or {}, one.data)]
        count = {"gte": 1} if wanted.count is None else wanted.count
        if self.matcher.matches(count, len(hits)):
            return None
        when = wanted.window.tell(self.calendar)
        if hits:
            reason = f"{wanted.type} {when}: should be there {_times(wanted.count)}, was there {len(hits)} times"
            return Unmet(wanted, reason, tuple(self._line(one) for one in hits[:SHOWN]))
        return Unmet(wanted, f"{wanted.type} {when}: none matches", self._nearest(wanted, of_type))

    def _in_reach(self, wanted: EventExpected, one: Observed) -> bool:
        caused = wanted.step is None or one.data.get("input_id", one.cause) == wanted.step
        return caused and wanted.window.holds(one.time)

    def _nearest(self, wanted: EventExpected, of_type: list[Observed]) -> tuple[str, ...]:
        if not of_type:
            return (f"no {wanted.type} was seen at all",)
        ranked = sorted(of_type, key=lambda one: (self._distance(wanted, one), one.sequence))
        return tuple(self._why_not(wanted, one) for one in ranked[:SHOWN])

    def _distance(self, wanted: EventExpected, one: Observed) -> int:
        return 2 * len(self.matcher.differences(wanted.data or {}, one.data)) + (not self._in_reach(wanted, one))

    def _why_not(self, wanted: EventExpected, one: Observed) -> str:
        found = self.matcher.differences(wanted.data or {}, one.data)
        if not wanted.window.holds(one.time):
            found.append("outside the window")
        elif not self._in_reach(wanted, one):
            found.append("caused by another step")
        return f"{self._line(one)}\n    {'; '.join(found)}"

    def _line(self, one: Observed) -> str:
        return f"{self.calendar.tell(one.time)} {one.type} {brief(one.data)}"

    def standing(self, wanted: StateExpected | SumExpected, states: Mapping[str, AreaState]) -> Unmet | None:
        """Whether entities stand as they should; `states` are those of the expectation's instant."""
        entities = [entity.model_dump(mode="json") for entity in _of_kind(states.values(), wanted.kind)]
        if isinstance(wanted, StateExpected):
            return self._state(wanted, entities)
        if isinstance(wanted, SumExpected):
            return self._sum(wanted, entities)
        assert_never(wanted)

    def _state(self, wanted: StateExpected, entities: list[dict[str, Any]]) -> Unmet | None:
        when = self.calendar.tell(wanted.at)
        matching = [one for one in entities if self.matcher.matches(wanted.match or {}, one)]
        if wanted.count is not None:
            good = [one for one in matching if self.matcher.matches(wanted.fields or {}, one)]
            if self.matcher.matches(wanted.count, len(good)):
                return None
            if wanted.count == SOME and matching:
                return self._other(wanted, matching)
            if wanted.count == SOME:
                return self._none(wanted, entities)
            reason = f"{wanted.kind} at {when}: should be there {_times(wanted.count)}, was there {len(good)} times"
            return Unmet(wanted, reason, tuple(brief(one) for one in (good or matching or entities)[:SHOWN]))
        if not matching:
            return self._none(wanted, entities)
        wrong = [one for one in matching if not self.matcher.matches(wanted.fields or {}, one)]
        return self._other(wanted, wrong) if wrong else None

    def _none(self, wanted: StateExpected, entities: list[dict[str, Any]]) -> Unmet:
        reason = f"{wanted.kind} at {self.calendar.tell(wanted.at)}: none matches"
        ranked = sorted(entities, key=lambda one: len(self.matcher.differences(wanted.match or {}, one)))
        shown = tuple(self._differing(wanted.match or {}, one) for one in ranked[:SHOWN])
        return Unmet(wanted, reason, shown or (f"no {wanted.kind} was there",))

    def _other(self, wanted: StateExpected, wrong: list[dict[str, Any]]) -> Unmet:
        reason = f"{wanted.kind} at {self.calendar.tell(wanted.at)}: stands differently"
        ranked = sorted(wrong, key=lambda one: len(self.matcher.differences(wanted.fields or {}, one)))
        return Unmet(wanted, reason, tuple(self._differing(wanted.fields or {}, one) for one in ranked[:SHOWN]))

    def _differing(self, pattern: Any, one: dict[str, Any]) -> str:
        return f"{one.get('id')}: {'; '.join(self.matcher.differences(pattern, one))}\n    {brief(one)}"

    def _sum(self, wanted: SumExpected, entities: list[dict[str, Any]]) -> Unmet | None:
        matching = [one for one in entities if self.matcher.matches(wanted.match or {}, one)]
        sums: dict[str, float] = {}
        for one in matching:
            group = self._group(wanted.by, one)
            sums[group] = sums.get(group, 0) + _number(one.get(wanted.of, 1))
        told = {self.shorts.get(group, group): value for group, value in sums.items()}
        expected = wanted.equals if isinstance(wanted.equals, Mapping) and wanted.by else {"total": wanted.equals}
        if not wanted.by:
            told.setdefault("total", 0)
        complete = {**dict.fromkeys(told, 0), **{self.shorts.get(str(k), str(k)): v for k, v in expected.items()}}
        compare = self.matcher.differences
        differing = [text for key, value in complete.items() for text in compare(value, told.get(key, 0), key)]
        if not differing:
            return None
        title = wanted.label or f"sum of {wanted.of} of {wanted.kind}"
        reason = f"{title} at {self.calendar.tell(wanted.at)}: {'; '.join(differing)}"
        return Unmet(wanted, reason, (f"sums were {brief(told)}",))

    def _group(self, by: str | None, one: dict[str, Any]) -> str:
        if by is None:
            return "total"
        if by == "district" and by not in one:
            return self.homes.get(str(one.get("resource", one.get("id"))), MISSING)
        return str(one.get(by, MISSING))


def _of_kind(states: Iterable[AreaState], kind: str) -> Iterator[Entity]:
    cls = ENTITIES.get(kind)
    if cls is not None:
        for state in states:
            yield from state.of(cls).values()


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _times(count: Any) -> str:
    if count == 0:
        return "never"
    return f"{count} times" if count is not None else "at least once"


def brief(data: Any, room: int = 400) -> str:
    """A value on one line, without what is empty."""
    if isinstance(data, Mapping):
        data = {key: value for key, value in data.items() if value not in (None, [], {}, "")}
    text = str(data)
    return text if len(text) <= room else text[: room - 3] + "..."

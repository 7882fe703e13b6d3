"""Facts that nobody states: counted from line lists, from the districts affected, from what happened before.

Windows run by onset date (domain.md 2.2 note 3): local days back from the day of the newest figures, that day included.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from schemas.inputs.reports import FactValue
from streams.domain.core import District, Incident, area_of
from streams.domain.intake.entities import LineCase, LineList, Source, UrbanOccurrence
from streams.domain.state import AreaState
from streams.policy.dated import local_day
from streams.policy.facts import Fact, FirstUrban, LineListCount
from streams.policy.hazards import Hazard

_PREFIX = {"county": 6, "prefecture": 4, "province": 2}
"""Digits of a GB/T 2260 code that name the division."""


@dataclass(frozen=True, slots=True)
class Outbreak:
    """The public-health side of an incident: its kinds, the sources that state them, its line list."""

    incident: Incident
    kinds: tuple[Hazard, ...]
    sources: tuple[Source, ...]
    cases: tuple[LineCase, ...]
    newest: datetime
    """The instant of the newest figures: windows end with its day."""


def outbreak(
    state: AreaState, incident: Incident, sources: Iterable[Source], kinds: tuple[Hazard, ...], newest: datetime
) -> Outbreak:
    """The public-health side of an incident, of which `kinds` are the public-health ones."""
    words = {hazard.id for hazard in kinds}
    listed = state.get(LineList, incident.id)
    return Outbreak(
        incident,
        kinds,
        tuple(source for source in sources if source.refuted_at is None and not words.isdisjoint(source.hazard_kinds)),
        tuple(case for case in listed.cases.values() if case.status != "excluded") if listed is not None else (),
        newest,
    )


def derive(
    state: AreaState, about: Outbreak, facts: Iterable[Fact], stated: Mapping[str, FactValue]
) -> Iterator[tuple[str, FactValue]]:
    """Derived facts by name; `stated` are the figures that count.

    A line list replaces stated windows; of totals and of divisions affected the greater number counts.
    """
    for fact in facts:
        if fact.line_list is not None:
            count = _count(state, about, fact.line_list) if about.cases else None
            if count is not None:
                windowed = fact.line_list.days is not None
                yield fact.name, count if windowed else max(count, _number(stated.get(fact.name)))
        elif fact.districts is not None:
            divisions = len(_divisions(about, _PREFIX[fact.districts]))
            if divisions > max(0 if about.cases else 1, _number(stated.get(fact.name))):
                yield fact.name, divisions
        elif fact.first_urban is not None and fact.name not in stated and _first_urban(state, about, fact.first_urban):
            yield fact.name, True


def _number(value: FactValue | None) -> int:
    return value if isinstance(value, int) else 0


def _count(state: AreaState, about: Outbreak, how: LineListCount) -> int | None:
    days = _days(about, how)
    if days is None and how.days is not None:
        return None
    chosen = [case for case in about.cases if case.status in how.statuses]
    if days is not None:
        timezone = area_of(state).timezone
        last = local_day(about.newest, timezone).toordinal()
        chosen = [case for case in chosen if last - days < local_day(case.onset, timezone).toordinal() <= last]
    if how.over == "incident":
        return len(chosen)
    counties = Counter(case.district for case in chosen if case.district[:4] == state.area[:4])
    return sum(counties.values()) if how.over == "city" else max(counties.values(), default=0)


def _days(about: Outbreak, how: LineListCount) -> int | None:
    """The window's length; None for all cases, and where no kind has a mean incubation period."""
    if how.days != "mean_incubation":
        return how.days
    known = (hazard.mean_incubation_days for hazard in about.kinds)
    return max((days for days in known if days is not None), default=None)


def _divisions(about: Outbreak, digits: int) -> set[str]:
    """Divisions in which there is something: a district that reports no case is not affected."""
    named = {case.district for case in about.cases}
    for source in about.sources:
        somewhere = any(figure.value for figure in source.figures.values())
        named.update(source.affected or ((source.place.district,) if somewhere else ()))
    return {code[:digits] for code in named}


def _first_urban(state: AreaState, about: Outbreak, how: FirstUrban) -> bool:
    """Whether a kind occurs in the urban area for the first time in the look-back (CH-3c; note 5 [P])."""
    if not any(_urban(state, district) for district in affected(about, how.of)):
        return False
    timezone = area_of(state).timezone
    mine = (about.incident.occurred_at, about.incident.id)
    return not any(
        (at, other) < mine and _within(local_day(at, timezone), local_day(mine[0], timezone), how)
        for hazard in about.kinds
        if (known := state.get(UrbanOccurrence, hazard.id)) is not None
        for other, at in known.occurrences.items()
    )


def _within(earlier: date, day: date, how: FirstUrban) -> bool:
    return (day - earlier).days <= how.lookback if isinstance(how.lookback, int) else earlier.year == day.year


def affected(about: Outbreak, counts: tuple[str, ...]) -> tuple[str, ...]:
    """Districts in which there are cases: those of the line list, and of sources whose count is above zero."""
    named = dict.fromkeys(case.district for case in about.cases)
    named.update(dict.fromkeys(source.place.district for source in about.sources if _occurred(source, counts)))
    return tuple(named)


def _occurred(source: Source, counts: tuple[str, ...]) -> bool:
    return any(_number(source.figures[name].value) > 0 for name in counts if name in source.figures)


def _urban(state: AreaState, district: str) -> bool:
    entry = state.get(District, district)
    return entry is not None and entry.entry.urban


def may_be_urban(state: AreaState, incident: Incident) -> bool:
    """Whether the incident touches the urban area, or has a line list, which may."""
    return any(_urban(state, district) for district in incident.districts) or incident.id in state.of(LineList)


def unrecorded_occurrence(state: AreaState, about: Outbreak, how: FirstUrban) -> tuple[str, str] | None:
    """A kind and urban district that the register of urban occurrences does not have yet for this incident."""
    for hazard in about.kinds:
        known = state.get(UrbanOccurrence, hazard.id)
        if known is None or about.incident.id not in known.occurrences:
            for district in affected(about, how.of):
                if _urban(state, district):
                    return hazard.id, district
    return None

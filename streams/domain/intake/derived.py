"""Facts that nobody states: counted from line lists, from the districts affected, from what happened before.

Windows run by onset date (domain.md 2.2 note 3): local days back from the day of the newest figures, that day included.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from schemas.inputs.reports import FactValue
from streams.domain.core import District, Incident, area_of
from streams.domain.intake.entities import LineCase, LineList, Source, UrbanOccurrence
from streams.domain.state import AreaState
from streams.policy.dated import local_day
from streams.policy.facts import Fact, LineListCount
from streams.policy.hazards import Hazard

_PREFIX = {"county": 6, "prefecture": 4, "province": 2}
"""Digits of a GB/T 2260 code that name the division."""


def derive(
    state: AreaState,
    incident: Incident,
    sources: Iterable[Source],
    hazards: Mapping[str, Hazard],
    facts: Iterable[Fact],
    stated: Mapping[str, FactValue],
) -> Iterator[tuple[str, FactValue]]:
    """Derived facts of an incident with a public-health kind, by name; `stated` are the figures that count."""
    kinds = [hazards[kind] for kind in incident.hazard_kinds if kind in hazards]
    health = {hazard.id for hazard in kinds if hazard.group == "public_health"}
    if not health:
        return
    listed = state.get(LineList, incident.id)
    cases = tuple(case for case in listed.cases.values() if case.status != "excluded") if listed is not None else ()
    mine = tuple(source for source in sources if not health.isdisjoint(source.hazard_kinds))
    for fact in facts:
        if fact.line_list is not None and cases:
            count = _count(state, incident, cases, kinds, fact.line_list)
            if count is not None:
                windowed = fact.line_list.days is not None
                yield fact.name, count if windowed else max(count, _number(stated.get(fact.name)))
        elif fact.districts is not None:
            divisions = _divisions(mine, cases, _PREFIX[fact.districts])
            if divisions:
                yield fact.name, max(len(divisions), _number(stated.get(fact.name)))
        elif fact.first_urban is not None and fact.name not in stated:
            yield fact.name, _first_urban(state, incident, mine, cases, health, fact.first_urban.lookback)


def _number(value: FactValue | None) -> int:
    return value if isinstance(value, int) else 0


def _count(
    state: AreaState, incident: Incident, cases: tuple[LineCase, ...], kinds: list[Hazard], how: LineListCount
) -> int | None:
    days = how.days
    if days == "mean_incubation":
        days = max((hazard.mean_incubation_days or 0 for hazard in kinds), default=0) or None
        if days is None:
            return None
    chosen = [case for case in cases if case.status in how.statuses]
    if days is not None:
        timezone = area_of(state).timezone
        last = local_day(incident.figures_as_of or incident.occurred_at, timezone).toordinal()
        chosen = [case for case in chosen if last - days < local_day(case.onset, timezone).toordinal() <= last]
    if how.over == "incident":
        return len(chosen)
    counties = Counter(case.district for case in chosen if case.district[:4] == state.area[:4])
    return sum(counties.values()) if how.over == "city" else max(counties.values(), default=0)


def _divisions(sources: Iterable[Source], cases: Iterable[LineCase], digits: int) -> set[str]:
    named = {case.district for case in cases}
    named.update(source.place.district for source in sources if source.figures and source.refuted_at is None)
    return {code[:digits] for code in named}


def _first_urban(
    state: AreaState,
    incident: Incident,
    sources: Iterable[Source],
    cases: Iterable[LineCase],
    kinds: set[str],
    lookback: str | int,
) -> bool:
    """Whether a kind occurs in the urban area for the first time in the look-back (CH-3c; note 5 [P])."""
    if not any(urban(state, district) for district in affected(sources, cases)):
        return False
    timezone = area_of(state).timezone
    day = local_day(incident.occurred_at, timezone)
    return all(
        not _within(local_day(at, timezone), day, lookback)
        for kind in kinds
        if (known := state.get(UrbanOccurrence, kind)) is not None
        for other, at in known.occurrences.items()
        if other != incident.id
    )


def _within(earlier: date, day: date, lookback: str | int) -> bool:
    if earlier > day:
        return False
    return (day - earlier).days <= lookback if isinstance(lookback, int) else earlier.year == day.year


def affected(sources: Iterable[Source], cases: Iterable[LineCase]) -> tuple[str, ...]:
    """Districts in which there are cases."""
    named = dict.fromkeys(case.district for case in cases)
    named.update(dict.fromkeys(source.place.district for source in sources if _has_cases(source)))
    return tuple(named)


def _has_cases(source: Source) -> bool:
    return any(_number(figure.value) > 0 for name in ("cases", "confirmed") if (figure := source.figures.get(name)))


def urban(state: AreaState, district: str) -> bool:
    """Whether the register counts the district as city urban area 市区."""
    entry = state.get(District, district)
    return entry is not None and entry.entry.urban


def urban_occurrence(
    state: AreaState, incident: Incident, sources: Iterable[Source], kinds: Iterable[str]
) -> tuple[str, str, datetime] | None:
    """A kind, district and time that the register of urban occurrences does not have yet for this incident."""
    listed = state.get(LineList, incident.id)
    cases = tuple(case for case in listed.cases.values() if case.status == "confirmed") if listed is not None else ()
    for kind in kinds:
        known = state.get(UrbanOccurrence, kind)
        if known is not None and incident.id in known.occurrences:
            continue
        mine = tuple(source for source in sources if kind in source.hazard_kinds)
        for district in affected(mine, cases):
            if urban(state, district):
                return kind, district, incident.occurred_at
    return None

"""Section `grading`: the tables by which incidents are graded (GR-1, GR-2; domain.md 2.1-2.4)."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, Field, PrivateAttr

from schemas.base import Severity
from streams.policy import facts, hazards
from streams.policy.conditions import Facts
from streams.policy.dated import Entry, Strict, in_force, zone
from streams.policy.hazards import Hazards
from streams.policy.reader import Documents, Path, error_at, read
from streams.policy.rules import CompiledRule, GradeRule, compile_rules, most_severe

FILE = "grading.yaml"


class Family(Entry):
    """A grading family: one scale of its own."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    composite: bool = True
    initial: bool = False


class Choice(Entry):
    """Which wording of a family holds here."""

    family: str
    variant: str


class Table(Entry):
    """The rules of one family, for all kinds that name it or for some."""

    family: str
    kinds: tuple[str, ...] = ()
    variant: str | None = None
    rules: tuple[GradeRule, ...] = Field(min_length=1)

    def covers(self, kind: str) -> bool:
        """Whether the table speaks of this hazard kind."""
        return not self.kinds or kind in self.kinds


class Freeze(Entry):
    """After these days a change of these facts no longer changes the grade of these families (OB-07)."""

    kinds: tuple[str, ...] = Field(min_length=1)
    days: int = Field(ge=1)
    facts: tuple[str, ...] = Field(min_length=1)
    families: tuple[str, ...] = Field(min_length=1)

    @property
    def surely(self) -> timedelta:
        """A span after the occurrence that is inside the term whatever the hour."""
        return timedelta(days=self.days)

    def until(self, occurred_at: datetime, timezone: str) -> datetime:
        """The end of the last local day whose figures count; the day of the accident itself is not counted."""
        local = zone(timezone)
        last = occurred_at.astimezone(local).date() + timedelta(days=self.days + 1)
        return datetime.combine(last, time.min, local) - timedelta(microseconds=1)


class Trend(Entry):
    """When a growing count counts as a worsening trend [P]: it proposes (E10) and never grades."""

    fact: str
    families: tuple[str, ...] = Field(min_length=1)
    hours: float = Field(gt=0)
    growth: float = Field(gt=0)
    new: int = Field(ge=1)

    model_config = ConfigDict(ignored_types=(cached_property,))

    @cached_property
    def period(self) -> timedelta:
        """How far back the oldest count is looked for."""
        return timedelta(hours=self.hours)

    def worsening(self, base: int, count: int) -> bool:
        """Whether a count that stood at `base` in the period and stands at `count` now is worsening."""
        return count - base >= self.new and count - base >= self.growth * base


@dataclass(frozen=True, slots=True)
class FamilyProgram:
    """One family as it applies to an incident: the rules of all its kinds, the most severe first."""

    family: str
    in_composite: bool
    rules: tuple[CompiledRule, ...]
    names: frozenset[str]
    """Every fact that a rule looks at."""

    def grade(self, given: Facts) -> tuple[Severity | None, tuple[CompiledRule, ...]]:
        """The most severe grade of which a rule holds, and all rules that hold at it."""
        hits = most_severe(self.rules, given)
        return (hits[0].sev, hits) if hits else (None, ())


Within = tuple[str, ...]
Program = tuple[FamilyProgram, ...]


class Grading(Strict):
    """All grading tables, and for each day and place the program that they are."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    families: tuple[Family, ...] = ()
    choices: tuple[Choice, ...] = ()
    tables: tuple[Table, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    trends: tuple[Trend, ...] = ()
    _rules: dict[int, tuple[CompiledRule, ...]] = PrivateAttr(default_factory=dict)
    _hazards: Hazards = PrivateAttr(default_factory=Hazards)

    @cached_property
    def plans(self) -> dict[Any, Any]:
        """Cache of those who put together what this and other sections say about an incident: by day and place."""
        return {}

    @cached_property
    def memories(self) -> dict[Any, Any]:
        """Their memory of what followed from facts, by the rules from which it followed."""
        return {}

    def program(self, kinds: tuple[str, ...], day: date, within: Within) -> Program:
        """The families that apply to these hazard kinds under the law of this day and place."""
        return tuple(self._build(kinds, day, within))

    def _build(self, kinds: tuple[str, ...], day: date, within: Within) -> Iterator[FamilyProgram]:
        known = self._hazards.kinds(day, within)
        named = {kind: known[kind].families for kind in kinds if kind in known}
        for family in in_force(self.families, day, within):
            mine = tuple(kind for kind, families in named.items() if family.id in families)
            if mine:
                tables = dict.fromkeys(index for kind in mine for index in self._table(family.id, kind, day, within))
                rules = sorted(
                    (rule for index in tables for rule in self._rules[index]), key=lambda rule: rule.sev or 0
                )
                names = frozenset(name for rule in rules for name in rule.names)
                yield FamilyProgram(family.id, family.composite, tuple(rules), names)

    def _table(self, family: str, kind: str, day: date, within: Within) -> Iterator[int]:
        variant = self.variant(family, day, within)
        found = [
            (within.index(table.jurisdiction), index)
            for index, table in enumerate(self.tables)
            if table.family == family and table.covers(kind) and table.variant in {None, variant}
            if table.jurisdiction in within and table.in_force(day)
        ]
        if found:
            yield min(found)[1]

    def variant(self, family: str, day: date, within: Within) -> str | None:
        """The wording of a family that the narrowest jurisdiction has chosen."""
        chosen = [choice for choice in self.choices if choice.family == family and choice.in_force(day)]
        mine = [choice for choice in chosen if choice.jurisdiction in within]
        return min(mine, key=lambda choice: within.index(choice.jurisdiction)).variant if mine else None

    def rule(self, id: str, day: date, within: Within) -> tuple[Table, GradeRule] | None:
        """A rule by its id with its table, as in force on a day: what an explanation quotes."""
        tables = sorted(
            (table for table in self.tables if table.jurisdiction in within and table.in_force(day)),
            key=lambda table: within.index(table.jurisdiction),
        )
        return next(((table, rule) for table in tables for rule in table.rules if rule.id == id), None)

    def initial(self, family: str) -> bool:
        """Whether a family is an initial determination, which a re-assessment may replace."""
        return any(entry.id == family and entry.initial for entry in self.families)

    def freeze(self, kinds: tuple[str, ...], day: date, within: Within) -> Freeze | None:
        """The freeze for an incident of these kinds; of several the one that comes first."""
        mine = [entry for entry in in_force(self.freezes, day, within) if not set(entry.kinds).isdisjoint(kinds)]
        return min(mine, key=lambda entry: entry.days, default=None)

    def trends_of(self, program: Program, day: date, within: Within) -> tuple[Trend, ...]:
        """The trend rules for an incident to which this program applies."""
        families = {part.family for part in program}
        return tuple(trend for trend in in_force(self.trends, day, within) if not families.isdisjoint(trend.families))


def load(documents: Documents) -> Grading:
    """The grading tables, checked against the catalogue of facts and the hazard kinds.

    Raises:
        PolicyError: a document is wrong; a condition names an unknown fact or has a wrong type; a family or kind is
            unknown; two tables speak of the same family, kind and variant in one jurisdiction on the same day.
    """
    section = read(documents, FILE, Grading)
    section._hazards = hazards.load(documents)  # noqa: SLF001 - a section's own private caches
    vocabulary = facts.load(documents).vocabulary
    for index, table in enumerate(section.tables):
        path: Path = ("tables", index, "rules")
        rules = compile_rules(documents, FILE, path, table.rules, vocabulary)
        section._rules[index] = tuple(sorted(rules, key=lambda rule: rule.sev or 0))  # noqa: SLF001
    _check_references(documents, section, vocabulary.kinds)
    _check_overlaps(documents, section)
    return section


def _check_references(documents: Documents, section: Grading, known_facts: Mapping[str, object]) -> None:
    known: dict[str, Container[str | None]] = {
        "family": {family.id for family in section.families},
        "kind": {hazard.id for hazard in section._hazards.hazards},  # noqa: SLF001
        "fact": set(known_facts),
        "variant": {table.variant for table in section.tables},
    }
    for path, what, word in _references(section):
        if word not in known[what]:
            raise error_at(documents, FILE, path, f"unknown {what} {word!r}")
    for index, hazard in enumerate(section._hazards.hazards):  # noqa: SLF001
        for family in hazard.families:
            if family not in known["family"]:
                raise error_at(documents, hazards.FILE, ("hazards", index, "families"), f"unknown family {family!r}")


def _references(section: Grading) -> Iterator[tuple[Path, str, str]]:
    for index, table in enumerate(section.tables):
        yield ("tables", index, "family"), "family", table.family
        yield from ((("tables", index, "kinds"), "kind", kind) for kind in table.kinds)
    for index, choice in enumerate(section.choices):
        yield ("choices", index, "family"), "family", choice.family
        yield ("choices", index, "variant"), "variant", choice.variant
    for index, freeze in enumerate(section.freezes):
        yield from ((("freezes", index, "kinds"), "kind", kind) for kind in freeze.kinds)
        yield from ((("freezes", index, "facts"), "fact", fact) for fact in freeze.facts)
        yield from ((("freezes", index, "families"), "family", family) for family in freeze.families)
    for index, trend in enumerate(section.trends):
        yield ("trends", index, "fact"), "fact", trend.fact
        yield from ((("trends", index, "families"), "family", family) for family in trend.families)


def _check_overlaps(documents: Documents, section: Grading) -> None:
    for index, table in enumerate(section.tables):
        for other in section.tables[:index]:
            same = (table.family, table.variant, table.jurisdiction) == (
                other.family,
                other.variant,
                other.jurisdiction,
            )
            shared = not table.kinds or not other.kinds or not set(table.kinds).isdisjoint(other.kinds)
            if same and shared and _days_shared(table, other):
                message = (
                    f"{table.id} and {other.id} both grade {table.family} in {table.jurisdiction} on the same days"
                )
                raise error_at(documents, FILE, ("tables", index, "id"), message)


def _days_shared(one: Entry, two: Entry) -> bool:
    last_one, last_two = one.effective_to or date.max, two.effective_to or date.max
    return one.effective_from <= last_two and two.effective_from <= last_one

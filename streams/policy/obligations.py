"""Section `obligations`: who must tell whom, by when, once what has happened (domain.md 2.6, OB-01 to OB-40).

A rule has clauses. A clause is owed by a *debtor* as soon as its trigger, its hazards and its conditions hold
together, whatever came first; its clock starts when the last of them came about.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from schemas.base import Severity
from schemas.inputs.registers import UnitKind, UnitTier
from schemas.inputs.reports import ReportContent
from streams.policy.conditions import ConditionError, parse
from streams.policy.dated import Entry, EntryId, Strict, in_force
from streams.policy.evaluation import Predicate, compiled
from streams.policy.facts import load as load_facts
from streams.policy.hazards import Group, Hazard
from streams.policy.reader import Documents, error_at, read

FILE = "obligations.yaml"
TIERS: tuple[UnitTier, ...] = ("unit", "township", "district", "city", "province", "nation")
Trigger = Literal[
    "learned",  # a unit came to know: its own knowledge 发现/获知, or a report that it received 接到报告
    "standing",  # the conditions hold, whoever knows
    "changed",  # what the debtor last reported is no longer what counts
    "together",  # with another rule's report
    "upward",  # a department reports upward
    "activated",  # the joint mechanism runs
    "started",  # a response was started
    "ended",  # a response was ended
]


class Party(Strict):
    """Somebody to be found in the register of units, seen from the debtor or from the incident."""

    role: Literal[
        "unit", "superior", "peer", "sector_regulator", "members", "neighbours", "network", "unit_head", "authority"
    ]
    """`superior` in the debtor's own line; `peer` the other of the two departments, of the same tier and place;
    `network` the national online direct reporting 网络直报; `authority` the government that decided."""
    kind: UnitKind | None = None
    """For `unit`; the debtor's own kind where absent."""
    tier: UnitTier | Literal["same"] | None = None
    near: Literal["debtor", "incident"] = "debtor"
    """Whose district counts for a unit of district tier or below."""
    settings: tuple[str, ...] = ()
    """Only where the incident's setting is one of these."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.role == "unit" and self.tier is None:
            raise ValueError("a unit is named by kind and tier")
        return self


class Debtor(Strict):
    """Who owes it: a unit that learned and is of these kinds and tiers, or one party that is always the same."""

    kinds: tuple[UnitKind, ...] = ()
    tiers: tuple[UnitTier, ...] = ()
    basis: tuple[Literal["known", "received"], ...] = ("known", "received")
    """How it must have come to know for this duty."""
    party: Party | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.kinds) == (self.party is not None):
            raise ValueError("a debtor is either kinds of units that learn, or one party")
        return self


class When(Strict):
    """A condition on the incident: everything stated must hold. Several of them are alternatives."""

    facts: str | None = None
    """A condition on facts, in the language of grading rules."""
    families: tuple[str, ...] = ()
    """One of these families is graded, at `grade` or worse."""
    grade: Severity = 4
    composite: Severity | None = None
    threshold: bool | None = None
    """The reporting threshold is met (domain.md 2.2 note 9), graded or not."""
    settings: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Hazard kinds, of which the incident has one."""


class Clause(Strict):
    """One duty of a rule."""

    label: str = Field(default="", pattern=r"^[a-z_]*$")
    trigger: Trigger = "learned"
    debtor: Debtor
    recipients: tuple[Party, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = ()
    kinds: tuple[str, ...] = ()
    """Hazard groups and kinds: the incident must have one of either; empty: any incident."""
    when: tuple[When, ...] = ()
    due: Literal["at_once", "promptly", "instant", "daily"] | int
    """Minutes, a named term of this document, at the same instant, or every day at `at`."""
    start: Literal["clock", "occurrence"] = "clock"
    """`occurrence`: counted from when it happened; only where the debtor states when it knew."""
    at: str | None = Field(default=None, pattern=r"^[0-2][0-9]:[0-5][0-9]$")
    """Local time of day, for `daily`."""
    until: tuple[Literal["final_report", "response_ended"], ...] = ()
    """What ends a daily series."""
    after: tuple[EntryId, ...] = ()
    """`changed`, `together`: the rules whose reports it supplements or accompanies."""
    again_on_rise: str | None = None
    """A family: it is owed anew each time that this family's grade gets worse."""
    met_by: tuple[ReportContent, ...] = ()
    """Contents of a report that meets it; empty: any."""
    by_notice: str = ""
    """The system itself tells the recipients, at once, with a notice of this purpose (domain.md 5.2)."""
    may_skip: bool = False
    """A report to somebody above the recipient meets it as well (越级上报; AU-3)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.due == "daily") != (self.at is not None):
            raise ValueError("`daily` needs the time of day `at`, and only `daily` has one")
        if (self.trigger in {"changed", "together"}) != bool(self.after):
            raise ValueError("`changed` and `together` name the rules of `after`, other triggers do not")
        if self.trigger in {"learned", "changed", "together", "upward"} and self.debtor.party is not None:
            raise ValueError(f"a duty that is {self.trigger} is owed by kinds of units")
        return self


class Rule(Entry):
    """One obligation of the law."""

    clauses: tuple[Clause, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        labels = [clause.label for clause in self.clauses]
        if len(set(labels)) != len(labels):
            raise ValueError("clauses of one rule need different labels")
        return self


class Term(Entry):
    """A named term, where the law says no more than a word."""

    minutes: int = Field(ge=0)


class Share(Entry):
    """One of the share types between the two departments 通报内容 (NS-1, NS-2)."""

    by: Literal["health", "emergency_management"]
    content: ReportContent
    groups: tuple[Group, ...] = ()
    kinds: tuple[str, ...] = ()
    """Hazard groups and kinds; empty: any incident. Decides the content where a report does not state it."""
    when: tuple[When, ...] = ()
    inferred: bool = False
    """The content of a report upward that states none is this, where this holds."""
    unasked: bool = False
    """Shared by the system as soon as this holds, not only with a report upward."""


class Stranger(Entry):
    """What a reporter that is not in the register counts as, by the kind that its report states."""

    reporter_kind: str
    kind: UnitKind
    tier: UnitTier


class BoundClause:
    """A clause with its rule, its compiled conditions and its key."""

    __slots__ = ("clause", "rule", "source", "tests")

    def __init__(self, rule: Rule, clause: Clause, predicates: Mapping[str, Predicate]) -> None:
        self.rule = rule.id
        self.source = rule.source
        self.clause = clause
        self.tests = bound(clause.when, predicates)


class BoundShare:
    """A share type with its compiled conditions."""

    __slots__ = ("share", "tests")

    def __init__(self, share: Share, predicates: Mapping[str, Predicate]) -> None:
        self.share = share
        self.tests = bound(share.when, predicates)


Tests = tuple[tuple[When, Predicate | None], ...]


def bound(alternatives: tuple[When, ...], predicates: Mapping[str, Predicate]) -> Tests:
    """The alternatives with their conditions on facts as functions."""
    return tuple((when, predicates[when.facts] if when.facts else None) for when in alternatives)


class ObligationLaw:
    """What holds on one day in one city, indexed for the decisions."""

    def __init__(self, section: "Obligations", day: date, within: tuple[str, ...]) -> None:
        predicates = section.predicates
        rules = in_force(section.rules, day, within)
        clauses = [BoundClause(rule, clause, predicates) for rule in rules for clause in rule.clauses]
        self.clauses = {(one.rule, one.clause.label): one for one in clauses}
        self.by_trigger: dict[Trigger, tuple[BoundClause, ...]] = {}
        for one in clauses:
            trigger = one.clause.trigger
            self.by_trigger[trigger] = (*self.by_trigger.get(trigger, ()), one)
        self._groups: dict[tuple[str, ...], frozenset[str]] = {}
        self._learned: dict[tuple[str, str], tuple[BoundClause, ...]] = {}
        self.terms = {term.id: term.minutes for term in in_force(section.terms, day, within)}
        self.shares = tuple(BoundShare(share, predicates) for share in in_force(section.shares, day, within))
        self.strangers = {one.reporter_kind: (one.kind, one.tier) for one in in_force(section.strangers, day, within)}

    def groups(self, kinds: tuple[str, ...], book: Mapping[str, Hazard]) -> frozenset[str]:
        """Hazard groups of these kinds; `book` is the same for all calls."""
        found = self._groups.get(kinds)
        if found is None:
            if len(self._groups) > REMEMBERED_KINDS:
                self._groups.clear()
            found = self._groups[kinds] = frozenset(book[kind].group for kind in kinds if kind in book)
        return found

    def owed_by(self, kind: str, tier: str) -> tuple[BoundClause, ...]:
        """Clauses that a unit of this kind and tier owes once it has learned."""
        found = self._learned.get((kind, tier))
        if found is None:
            found = self._learned[kind, tier] = tuple(
                one
                for one in self.by_trigger.get("learned", ())
                if kind in one.clause.debtor.kinds and (not one.clause.debtor.tiers or tier in one.clause.debtor.tiers)
            )
        return found

    def minutes(self, due: str | int) -> int:
        """A term in minutes; `daily` has none of its own and uses `promptly` where it is resumed."""
        if isinstance(due, int):
            return due
        return 0 if due == "instant" else self.terms["promptly" if due == "daily" else due]


class Obligations(Strict):
    """The section `obligations`."""

    terms: tuple[Term, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    shares: tuple[Share, ...] = ()
    rules: tuple[Rule, ...] = ()
    _predicates: dict[str, Predicate] = PrivateAttr(default_factory=dict)
    _laws: dict[tuple[date, tuple[str, ...]], ObligationLaw] = PrivateAttr(default_factory=dict)

    @property
    def predicates(self) -> dict[str, Predicate]:
        """Compiled conditions on facts, by their text; filled at load."""
        return self._predicates

    def at(self, day: date, within: tuple[str, ...]) -> ObligationLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = ObligationLaw(self, day, within)
        return law


REMEMBERED_KINDS = 4096
"""Size at which the cache of hazard groups by kinds starts anew."""
REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> Obligations:
    """The obligations.

    Raises:
        PolicyError: the document is wrong, a condition does not read, or a rule or term is named that does not exist.
    """
    section = read(documents, FILE, Obligations)
    vocabulary = load_facts(documents).vocabulary
    for path, when in _conditions(section):
        if when.facts is not None and when.facts not in section.predicates:
            try:
                section.predicates[when.facts] = compiled(parse(when.facts, vocabulary))
            except ConditionError as error:
                raise error_at(documents, FILE, (*path, "facts"), str(error)) from error
    _check_names(documents, section)
    return section


def _conditions(section: Obligations) -> list[tuple[tuple[Any, ...], When]]:
    found: list[tuple[tuple[Any, ...], When]] = []
    for r, rule in enumerate(section.rules):
        for c, clause in enumerate(rule.clauses):
            found += [(("rules", r, "clauses", c, "when", w), when) for w, when in enumerate(clause.when)]
    for s, share in enumerate(section.shares):
        found += [(("shares", s, "when", w), when) for w, when in enumerate(share.when)]
    return found


def _check_names(documents: Documents, section: Obligations) -> None:
    rules = {rule.id for rule in section.rules}
    terms = {term.id for term in section.terms}
    for r, rule in enumerate(section.rules):
        for c, clause in enumerate(rule.clauses):
            path = ("rules", r, "clauses", c)
            for name in clause.after:
                if name not in rules:
                    raise error_at(documents, FILE, (*path, "after"), f"unknown rule {name}")
            if clause.due in {"at_once", "promptly"} and clause.due not in terms:
                raise error_at(documents, FILE, (*path, "due"), f"no term {clause.due} is defined")


def day_time(text: str) -> time:
    """A time of day written HH:MM."""
    return time(int(text[:2]), int(text[3:]))

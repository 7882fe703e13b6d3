"""The form of obligations: rules with clauses, parties, conditions, terms, share types (domain.md 2.6, OB-01 to OB-40).

A rule has clauses. A clause is owed by a *debtor* as soon as its trigger, its hazards and its conditions hold
together, whatever came first; its clock starts when the last of them came about.
"""

from datetime import time
from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.base import Severity
from schemas.inputs.registers import UnitKind, UnitTier
from schemas.inputs.reports import ReportContent
from streams.policy.dated import Entry, EntryId, Strict
from streams.policy.hazards import Group

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


def day_time(text: str) -> time:
    """A time of day written HH:MM."""
    return time(int(text[:2]), int(text[3:]))

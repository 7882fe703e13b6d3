"""Who may decide what: offices, the authority matrix, and who is asked about a proposal until when.

应对法 Art. 17-19, 71-72, 86; domain.md 2.5 and 3.0 "Authority register".
"""

from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.base import Department, ResponseLevel
from schemas.outputs.command_events import Tier
from streams.policy.dated import Bilingual, Entry, EntryId, Strict, in_force
from streams.policy.laws import Laws
from streams.policy.reader import Documents, error_at, read

FILE = "authority.yaml"
Scope = Literal["district", "area"]
"""Whether a zone is one district, or the whole city."""


class Office(Entry):
    """An office that persons of the authority register hold."""

    name: Bilingual
    tier: Tier
    bound: bool = False
    """Its holder decides only for the holder's own district."""
    superior: EntryId | None = None
    """The office that is asked when this one does not answer."""


class Grant(Entry):
    """One cell of the authority matrix: these offices may do this, under these conditions."""

    actions: tuple[str, ...] = Field(min_length=1)
    """`action` of directives, e.g. start_response."""
    offices: tuple[EntryId, ...] = Field(min_length=1)
    levels: tuple[ResponseLevel, ...] = ()
    """Response levels it holds for: the wanted one for start and raise, the running one for lower and end."""
    zone: Scope | None = None
    """Only for a zone of this kind."""
    delegates: tuple[EntryId, ...] = ()
    """Offices that may act in place of `offices` when a holder of one of them has delegated."""
    trades: tuple[Department, ...] = ()
    """Departments whose resources it may dispose of; empty: all."""

    def covers(self, action: str, level: int | None, zone: Scope | None) -> bool:
        """Whether this cell speaks about the matter."""
        return (
            action in self.actions
            and (not self.levels or level in self.levels)
            and (self.zone is None or zone == self.zone)
        )


class Term(Entry):
    """Who is asked about a kind of proposal, and for how long."""

    kinds: tuple[str, ...] = Field(min_length=1)
    """Kinds of proposals, or rules (W2, E10, D3) of which one is meant."""
    offices: tuple[EntryId, ...] = ()
    """Empty: whoever the matrix lets do what is proposed."""
    needs: Literal["any", "all"] = "any"
    substitutes: tuple[EntryId, ...] = ()
    minutes: int = Field(gt=0)
    next_minutes: int = Field(gt=0)
    """Term of each further authority after the first."""
    late_answers: bool = True
    on_expiry: Literal["escalate", "expire"] = "escalate"


class Signature(Entry):
    """How a directive's own times are judged."""

    future_tolerance_s: int = Field(ge=0)
    """How far ahead of our clock `issued_at` may be."""
    longest_validity_minutes: int = Field(gt=0)


class AuthorityLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "Authority", day: date, within: tuple[str, ...]) -> None:
        self.offices = {office.id: office for office in in_force(section.offices, day, within)}
        self.matrix = in_force(section.matrix, day, within)
        self.terms = in_force(section.terms, day, within)
        signatures = in_force(section.signatures, day, within)
        self.signature = signatures[0] if signatures else None

    def grants(self, action: str, level: int | None = None, zone: Scope | None = None) -> tuple[Grant, ...]:
        """The matrix entries about a matter."""
        return tuple(grant for grant in self.matrix if grant.covers(action, level, zone))

    def deciders(self, action: str, level: int | None, zone: Scope | None) -> tuple[str, ...]:
        """Offices that may do this, each once, in the matrix' order."""
        return tuple(dict.fromkeys(office for grant in self.grants(action, level, zone) for office in grant.offices))

    def term(self, kind: str, rule: str) -> Term | None:
        """Who is asked: an entry for the rule goes before one for the kind."""
        by_kind = next((term for term in self.terms if kind in term.kinds), None)
        return next((term for term in self.terms if rule in term.kinds), by_kind)

    def superiors(self, offices: tuple[str, ...]) -> tuple[str, ...]:
        """The next authority above these offices; empty where none stands above."""
        above = (self.offices[office].superior for office in offices if office in self.offices)
        return tuple(dict.fromkeys(office for office in above if office is not None and office not in offices))

    def bound(self, office: str) -> bool:
        """Whether its holders decide only for their own district."""
        return office in self.offices and self.offices[office].bound


class Authority(Strict):
    """The section `authority`."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    offices: tuple[Office, ...] = ()
    matrix: tuple[Grant, ...] = ()
    terms: tuple[Term, ...] = ()
    signatures: tuple[Signature, ...] = ()

    @cached_property
    def laws(self) -> Laws[AuthorityLaw]:
        """What holds on the days that were asked for."""
        return Laws(lambda day, within: AuthorityLaw(self, day, within))

    def at(self, day: date, within: tuple[str, ...]) -> AuthorityLaw:
        """What holds on this local day in these jurisdictions."""
        return self.laws.at(day, within)

    @model_validator(mode="after")
    def _superiors_lead_upward(self) -> Self:
        above = {office.id: office.superior for office in self.offices}
        for office in self.offices:
            seen = {office.id}
            step = office.superior
            while step is not None:
                if step in seen:
                    raise ValueError(f"{office.id} is in a circle of superiors")
                seen.add(step)
                step = above.get(step)
        return self


def load(documents: Documents) -> Authority:
    """The authority matrix.

    Raises:
        PolicyError: the document is wrong, or names an office that it does not define.
    """
    section = read(documents, FILE, Authority)
    known = {office.id for office in section.offices}
    for index, office in enumerate(section.offices):
        if office.superior is not None and office.superior not in known:
            raise error_at(documents, FILE, ("offices", index, "superior"), f"unknown office {office.superior}")
    named = [("matrix", index, (*grant.offices, *grant.delegates)) for index, grant in enumerate(section.matrix)]
    named += [("terms", index, (*term.offices, *term.substitutes)) for index, term in enumerate(section.terms)]
    for part, index, offices in named:
        for name in offices:
            if name not in known:
                raise error_at(documents, FILE, (part, index, "offices"), f"unknown office {name}")
    return section

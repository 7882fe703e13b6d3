"""The authority matrix: whether this person, in this office, may decide this matter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.base import Department
from schemas.inputs.directives import DecideProposal, DirectiveIssued
from streams.domain.core import Person
from streams.domain.directives.entities import Proposal
from streams.domain.directives.matter import Matter, home_of
from streams.domain.directives.refs import RISES
from streams.domain.directives.refusals import Refusal
from streams.domain.escalation.running import scope
from streams.domain.state import AreaState
from streams.policy.authority import AuthorityLaw, Grant


@dataclass(frozen=True, slots=True)
class Power:
    """The policy entry that gives the power, and its limits."""

    rule: str
    trades: tuple[Department, ...] = ()
    district: str | None = None
    delegated_by: str | None = None


def power_of(
    state: AreaState, rules: AuthorityLaw, event: DirectiveIssued, person: Person, matter: Matter
) -> Power | Refusal:
    """What lets the person decide this, or why nothing does."""
    foreign = _outside_home(state, rules, event.office, person, matter)
    if foreign is not None:
        return foreign
    home = home_of(state, person) or (person.entry.district if rules.bound(event.office) else None)
    if isinstance(matter.command, DecideProposal) and matter.proposal is not None:
        rule = _asked(matter.proposal, event.office)
        return rule if isinstance(rule, Refusal) else Power(rule, district=home)
    zone = scope(state, matter.zone) if matter.zone is not None else None
    grants = rules.grants(matter.command.action, matter.level, zone)
    for grant in grants:
        if event.office in grant.offices:
            return Power(grant.id, grant.trades, home)
        delegator = _delegator(state, grant, event, person)
        if delegator is not None:
            return Power(grant.id, grant.trades, home, delegator)
    escalated = _escalated(state, event.office, matter)
    if escalated is not None:
        return Power(escalated.decision_rule, district=home)
    return _not_authorised(event.office, grants, matter)


def valid(person: Person, at: datetime) -> bool:
    """Whether the person holds the registered offices at this instant."""
    entry = person.entry
    return entry.valid_from <= at and (entry.valid_to is None or at <= entry.valid_to)


def _outside_home(state: AreaState, rules: AuthorityLaw, office: str, person: Person, matter: Matter) -> Refusal | None:
    """A district's office decides for its own district only; so does whoever works in a district's unit."""
    home = home_of(state, person)
    if rules.bound(office):
        home = home or person.entry.district
        if home is None:
            return Refusal(
                "NOT_AUTHORISED", f"{office} is a district's, and no district is registered", {"reason": "no_district"}
            )
    if home is None:
        return None
    places = (matter.zone,) if matter.zone is not None else matter.districts
    if places and home not in places:
        details = {
            "reason": "other_district",
            "district": home,
            "zone": matter.zone,
            "districts": list(matter.districts),
        }
        return Refusal("NOT_AUTHORISED", f"{office} of {home} decides for {home} only", details)
    return None


def _asked(proposal: Proposal, office: str) -> str | Refusal:
    """The entry under which this office may answer the proposal."""
    if office in (*proposal.offices, *proposal.substitutes):
        return proposal.decision_rule
    if office in proposal.asked_before:
        if proposal.late_answers:
            return proposal.decision_rule
        details: dict[str, object] = {"proposal": proposal.id, "decides_now": list(proposal.offices)}
        return Refusal("DEADLINE_PASSED", f"the term of {office} has passed; another authority decides now", details)
    details = {"reason": "not_asked", "proposal": proposal.id, "offices": list(proposal.offices)}
    return Refusal("NOT_AUTHORISED", f"{office} does not decide this proposal", details)


def _delegator(state: AreaState, grant: Grant, event: DirectiveIssued, person: Person) -> str | None:
    if event.office not in grant.delegates or person.entry.delegated_by is None:
        return None
    delegator = state.get(Person, person.entry.delegated_by)
    if delegator is None or not valid(delegator, event.issued_at):
        return None
    return delegator.id if set(grant.offices) & set(delegator.entry.offices) else None


def _escalated(state: AreaState, office: str, matter: Matter) -> Proposal | None:
    """A proposal for the same act that has gone up to this office: the superior takes over (应对法 Art. 17)."""
    if matter.incident_id is None or matter.level is None:
        return None
    action = matter.command.action
    kinds = RISES if action in RISES else {action}
    wanted = getattr(matter.command, "level", matter.level)
    for proposal in state.of_incident(Proposal, matter.incident_id):
        same = proposal.kind in kinds and proposal.level == wanted and proposal.zone == matter.zone
        if same and proposal.status == "escalated" and office in proposal.offices:
            return proposal
    return None


def _not_authorised(office: str, grants: tuple[Grant, ...], matter: Matter) -> Refusal:
    deciders = list(dict.fromkeys(name for grant in grants for name in grant.offices))
    delegable = any(office in grant.delegates for grant in grants)
    reason: Literal["no_delegation", "wrong_office"] = "no_delegation" if delegable else "wrong_office"
    details = {"reason": reason, "action": matter.command.action, "level": matter.level, "offices": deciders}
    return Refusal("NOT_AUTHORISED", f"{office} may not decide this", details)

"""What every directive must pass, in this order, before any concern acts on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from schemas.base import OutputEvent
from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.context import Context, Received
from streams.domain.core import Person
from streams.domain.directives import signing
from streams.domain.directives.authority import Power, power_of, valid
from streams.domain.directives.days import law
from streams.domain.directives.entities import Directive
from streams.domain.directives.matter import Matter, matter_of
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.state import AreaState
from streams.policy.authority import AuthorityLaw


@dataclass(frozen=True, slots=True)
class Case:
    """One directive under examination."""

    state: AreaState
    context: Context
    event: DirectiveIssued
    rules: AuthorityLaw


def decide_directive(state: AreaState, event: DirectiveIssued, context: Context) -> Iterator[OutputEvent]:
    """Accept the directive, or refuse it with the first check that it fails (design rule 5)."""
    case = Case(state, context, event, law(state, context.policy.authority, context.now))
    for check in CHECKS:
        refusal = check(case)
        if refusal is not None:
            incident = resolve_incident(state, event.incident_ref())
            yield refused(context, refusal, incident.id if incident is not None else None)
            return
    yield from _judged(case)


def _judged(case: Case) -> Iterator[OutputEvent]:
    """Signed and in order: now whether this office has the power."""
    state, event = case.state, case.event
    person = state.of(Person)[event.issuer]
    matter = matter_of(state, case.context.policy, event)
    if isinstance(matter, Refusal):
        yield refused(case.context, matter)
        return
    power = power_of(state, case.rules, event, person, matter)
    if isinstance(power, Refusal):
        yield refused(case.context, power, matter.incident_id)
        return
    yield _accepted(event, matter, power)


def _accepted(event: DirectiveIssued, matter: Matter, power: Power) -> DirectiveAccepted:
    return DirectiveAccepted(
        incident=matter.incident_id,
        directive=event.directive,
        issuer=event.issuer,
        office=event.office,
        issued_at=event.issued_at,
        legal_basis=event.legal_basis,
        command=matter.command,
        authority_rule=power.rule,
        trades=power.trades,
        district=power.district,
        delegated_by=power.delegated_by,
    )


def _realm(case: Case) -> Refusal | None:
    if case.event.realm != case.context.realm:
        return Refusal("WRONG_REALM", "signed for another realm", {"signed_for": case.event.realm})
    return None


def _area(case: Case) -> Refusal | None:
    if case.event.area != case.context.area:
        return Refusal("WRONG_AREA", "signed for another area", {"signed_for": case.event.area})
    return None


def _times(case: Case) -> Refusal | None:
    event, now = case.event, case.context.now
    if event.expires_at < event.issued_at or now > event.expires_at:
        return Refusal("EXPIRED", "the directive's own term has passed", {"expires_at": event.expires_at.isoformat()})
    limits = case.rules.signature
    if limits is None:
        return None
    if event.issued_at > now + timedelta(seconds=limits.future_tolerance_s):
        return Refusal("NOT_YET_VALID", "issued in the future", {"issued_at": event.issued_at.isoformat()})
    if event.expires_at - event.issued_at > timedelta(minutes=limits.longest_validity_minutes):
        details = {"longest_validity_minutes": limits.longest_validity_minutes}
        return Refusal("VALIDITY_TOO_LONG", "valid for longer than any directive may be", details)
    return None


def _replay(case: Case) -> Refusal | None:
    if case.state.get(Directive, case.event.directive) is not None:
        return Refusal("REPLAYED", "a directive with this id was accepted before", {"directive": case.event.directive})
    return None


def _issuer(case: Case) -> Refusal | None:
    event = case.event
    person = case.state.get(Person, event.issuer)
    if person is None:
        return Refusal("UNKNOWN_ISSUER", "not in the authority register", {"issuer": event.issuer})
    if event.office not in person.entry.offices:
        return Refusal("NOT_AUTHORISED", f"does not hold the office {event.office}", {"reason": "office_not_held"})
    if not valid(person, event.issued_at):
        return Refusal(
            "NOT_AUTHORISED", "did not hold the office when the directive was issued", {"reason": "not_in_office"}
        )
    return None


def _signature(case: Case) -> Refusal | None:
    """A stolen key could be backdated: once revoked it signs nothing that arrives later, whatever time it states."""
    trigger = case.context.trigger
    signature = trigger.signature if isinstance(trigger, Received) else None
    if not signature or not isinstance(trigger, Received):
        return Refusal("UNSIGNED", "the record carries no signature")
    try:
        kid = signing.key_id(signature)
    except signing.UnreadableSignatureError as error:
        return Refusal("BAD_SIGNATURE", str(error), {"reason": "unreadable"})
    keys = case.state.of(Person)[case.event.issuer].entry.keys
    key = next((key for key in keys if key.kid == kid), None)
    if key is None:
        return Refusal("UNKNOWN_KEY", "the issuer has no such key", {"kid": kid})
    if key.revoked_at is not None and key.revoked_at <= max(case.event.issued_at, case.context.now):
        return Refusal("KEY_REVOKED", "the key was revoked", {"kid": kid, "revoked_at": key.revoked_at.isoformat()})
    if not signing.verify(trigger.value, signature, key.x):
        return Refusal("BAD_SIGNATURE", "the signature does not cover this record", {"reason": "mismatch", "kid": kid})
    return None


CHECKS: tuple[Callable[[Case], Refusal | None], ...] = (_realm, _area, _times, _replay, _issuer, _signature)

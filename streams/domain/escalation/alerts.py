"""Alerts: the alert state, the consultation by level, and what a grave alert proposes (RL-2, RL-3, SC-4)."""

from collections.abc import Iterator
from datetime import timedelta

from schemas.base import OutputEvent, RuleHit
from schemas.inputs.alerts import AlertIssued, AlertLevel
from schemas.outputs.command_events import AlertStateChanged, ConsultationConvened
from schemas.outputs.response_events import ResponseProposed
from streams.domain.context import Context, TimerFired
from streams.domain.core import Timer, Unit, timer
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, decided, proposed
from streams.domain.escalation.commanding import recommand
from streams.domain.escalation.entities import Alert, Response
from streams.domain.escalation.running import scope
from streams.domain.state import AreaState, Change, Drop, Put

TIMER = "alert_expiry"


def decide_alert(state: AreaState, event: AlertIssued, context: Context) -> Iterator[OutputEvent]:
    """Take the alert as it stands now; an older message about the same alert says nothing new."""
    known = state.get(Alert, event.alert)
    if known is not None and event.issued_at < known.issued_at:
        return
    expired = event.expires_at is not None and event.expires_at < context.now
    yield AlertStateChanged(
        alert=event.alert,
        hazard_kind=event.hazard_kind,
        alert_level=event.alert_level,
        previous=known.alert_level if known is not None and known.status == "active" else None,
        status="cancelled" if event.message_type == "cancel" else ("expired" if expired else "active"),
        districts=event.districts,
        issued_by=event.issued_by,
        issued_at=event.issued_at,
        expires_at=event.expires_at,
        text=event.text,
    )


def decide_expiry(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """The alert's own term is over. A response that it triggered stays until an authority ends it."""
    known = state.get(Alert, fired.ref)
    if known is not None and known.status == "active":
        yield AlertStateChanged(
            alert=known.id,
            hazard_kind=known.hazard_kind,
            alert_level=known.alert_level,
            previous=known.alert_level,
            status="expired",
            districts=known.districts,
            issued_by=known.issued_by,
            issued_at=known.issued_at,
            expires_at=known.expires_at,
        )


def on_alert(state: AreaState, event: AlertStateChanged, context: Context) -> Iterator[OutputEvent]:
    """Consult and propose when a level is new; withdraw what was proposed when the alert is over."""
    if event.status != "active":
        for proposal in _open(state, event.alert):
            yield decided(proposal, "superseded", f"the alert is {event.status}")
    elif event.previous != event.alert_level:
        yield from _consult(state, event, context)
        yield from _propose(state, event, context)
    yield from recommand(state, event.alert, context)


def _consult(state: AreaState, event: AlertStateChanged, context: Context) -> Iterator[OutputEvent]:
    rule = law(state, context.policy.responses, event.issued_at).consultations.get(event.alert_level)
    if rule is None:
        return
    units = tuple(unit.id for unit in state.of(Unit).values() if unit.entry.member_unit) if rule.member_units else ()
    yield ConsultationConvened(
        consultation=f"{event.alert}/{event.alert_level}",
        alert=event.alert,
        alert_level=event.alert_level,
        convened_by=rule.convened_by,
        attendees=(*rule.attendees, *units),
        due=context.now + timedelta(minutes=rule.minutes),
        rule=rule.id,
    )


def _propose(state: AreaState, event: AlertStateChanged, context: Context) -> Iterator[OutputEvent]:
    for rule in law(state, context.policy.responses, event.issued_at).alert_proposals:
        level = rule.levels.get(event.alert_level)
        if level is None:
            continue
        for zone in (state.area,) if rule.zone == "area" else event.districts or (state.area,):
            if _runs(state, event.hazard_kind, zone, level) or _waits(state, event.alert, zone, level):
                continue
            draft = Draft(
                kind="start_response",
                rule=rule.id,
                about=event.alert,
                zone=zone,
                level=level,
                hits=(_hit(rule.id, event.alert_level, rule.mark),),
                authority=("start_response", level, scope(state, zone)),
            )
            opened = proposed(state, context, draft, ResponseProposed, change="start")
            if opened is not None:
                yield opened


def _hit(rule: str, level: AlertLevel, mark: str | None) -> RuleHit:
    return RuleHit(rule=rule, inputs={"alert_level": level}, mark=mark)


def _runs(state: AreaState, hazard_kind: str, zone: str, level: int) -> bool:
    """Whether a response to this hazard runs there already, no less severe."""
    return any(
        response.running()
        and hazard_kind in response.hazard_kinds
        and response.zone in {zone, state.area}
        and response.level <= level
        for response in state.of(Response).values()
    )


def _open(state: AreaState, alert: str) -> tuple[Proposal, ...]:
    return tuple(item for item in state.of(Proposal).values() if item.about == alert and item.waiting())


def _waits(state: AreaState, alert: str, zone: str, level: int) -> bool:
    return any(proposal.zone == zone and proposal.level == level for proposal in _open(state, alert))


def evolve_alert(state: AreaState, event: AlertStateChanged) -> Iterator[Change]:
    """The alert as it stands, with the timer of its term."""
    yield Put(
        Alert(
            id=event.alert,
            hazard_kind=event.hazard_kind,
            alert_level=event.alert_level,
            status=event.status,
            districts=event.districts,
            issued_by=event.issued_by,
            issued_at=event.issued_at,
            expires_at=event.expires_at,
        )
    )
    if event.status == "active" and event.expires_at is not None:
        yield Put(timer(TIMER, event.alert, event.expires_at, None))
    else:
        yield Drop(Timer, f"{TIMER}:{event.alert}")

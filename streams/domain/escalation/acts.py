"""Acts of government: starting, raising, lowering and ending a response. Never by formula (domain.md 5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.base import OutputEvent, ResponseLevel
from schemas.inputs import directives as cmd
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.response_events import ResponseChanged, ResponseEnded, ResponseMismatched, ResponseStarted
from streams.domain.context import Context
from streams.domain.core import Incident, number
from streams.domain.directives.answers import RESPONSE_KINDS, cannot_answer
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.escalation import guards
from streams.domain.escalation.assessment import assessment_of
from streams.domain.escalation.entities import Alert, Response
from streams.domain.escalation.opinions import record_opinion
from streams.domain.escalation.running import addressed, alert_responses, covers, natural_zone, own_responses
from streams.domain.escalation.settling import settle
from streams.domain.state import AreaState
from streams.policy.responses import ResponseLaw


@dataclass(frozen=True, slots=True)
class Act:
    """An accepted directive about a response, with what it is judged by."""

    state: AreaState
    context: Context
    event: DirectiveAccepted
    incident: Incident | None
    rules: ResponseLaw


def act(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Carry out what an authority decided about a response, within the guards of the law."""
    command = event.command
    if isinstance(command, cmd.ExpertOpinion):
        yield from record_opinion(state, event, command, context)
        return
    if isinstance(command, cmd.DecideProposal):
        proposal = state.of(Proposal)[command.proposal]
        if command.action != "confirm" or proposal.kind not in RESPONSE_KINDS or cannot_answer(proposal, event):
            return
        command = _confirmed(proposal, command)
    if not isinstance(command, cmd.StartResponse | cmd.ChangeResponse | cmd.EndResponse):
        return
    incident = state.get(Incident, event.incident)
    rules = law(state, context.policy.responses, incident.occurred_at if incident else event.issued_at)
    decision = Act(state, context, event, incident, rules)
    match command:
        case cmd.StartResponse():
            yield from _start(decision, command)
        case cmd.ChangeResponse(action="raise_response"):
            yield from _raise(decision, command)
        case cmd.ChangeResponse():
            yield from _lower(decision, command)
        case cmd.EndResponse():
            yield from _end(decision, command)


def _confirmed(proposal: Proposal, answer: cmd.DecideProposal) -> cmd.Action:
    """The act that confirming a proposal is."""
    where: dict[str, Any] = {"incident": proposal.incident, "zone": proposal.zone, "proposal": proposal.id}
    level = proposal.level or 4
    if proposal.kind in {"start_response", "raise_response"}:
        return cmd.StartResponse(level=level, notice=answer.notice, **where)
    if proposal.kind == "lower_response":
        return cmd.ChangeResponse(
            action="lower_response", level=level, notice=answer.notice, expert_opinion=answer.expert_opinion, **where
        )
    return cmd.EndResponse(
        expert_opinion=answer.expert_opinion, hazard_removed=answer.hazard_removed, reason=answer.reason, **where
    )


def _start(decision: Act, command: cmd.StartResponse) -> Iterator[OutputEvent]:
    """RL-9, RL-10. Where a less severe level runs in the same zone, a start is a raise of that response."""
    state, event, context = decision.state, decision.event, decision.context
    zone = command.zone or natural_zone(state, decision.incident, command.level, decision.rules)
    standing = _standing(decision, zone, command.proposal)
    if standing is not None:
        if standing.level <= command.level:
            details = {"response": standing.id, "level": standing.level, "zone": zone}
            yield _refuse(decision, Refusal("ALREADY_RUNNING", f"level {standing.level} runs there", details))
            return
        yield from _risen(decision, standing, zone, command.level, command.notice, command.proposal)
        return
    refusal = guards.notice_missing(decision.rules, command.action, command.notice, context.now)
    notice = guards.measures_of(command.notice)
    if refusal is not None or notice is None:
        missing = Refusal("NOTICE_INCOMPLETE", "there is no notice", {"missing": ["notice"]})
        yield _refuse(decision, refusal or missing)
        return
    alert = _alert(decision, command.proposal, zone)
    kinds = decision.incident.hazard_kinds if decision.incident else ((alert.hazard_kind,) if alert else ())
    started = ResponseStarted(
        **_said(decision, command.proposal),
        response=f"{state.area}-R{number(state, 'response')}",
        zone=zone,
        level=command.level,
        notice=notice,
        hazard_kinds=kinds,
        about=alert.id if alert is not None and decision.incident is None else None,
    )
    yield started
    yield from settle(state, event, state.of(Response)[started.response], command.proposal)
    yield from _mismatch(decision, started.response)


def _raise(decision: Act, command: cmd.ChangeResponse) -> Iterator[OutputEvent]:
    response = addressed(decision.state, decision.event.incident, command)
    if response is None:
        yield _no_response(decision)
        return
    yield from _risen(
        decision, response, command.zone or response.zone, command.level, command.notice, command.proposal
    )


def _risen(
    decision: Act,
    response: Response,
    zone: str,
    level: ResponseLevel,
    notice: cmd.Notice | None,
    proposal: str | None,
) -> Iterator[OutputEvent]:
    """RL-10: raised at once when an authority says so; the notice that runs stays where no new one is given."""
    if level >= response.level:
        details = {"response": response.id, "level": response.level}
        yield _refuse(decision, Refusal("NOT_MORE_SEVERE", f"level {response.level} runs already", details))
        return
    refusal = guards.notice_missing(decision.rules, "raise_response", notice, decision.context.now)
    if refusal is not None:
        yield _refuse(decision, refusal)
        return
    yield ResponseChanged(
        **_said(decision, proposal),
        response=response.id,
        zone=zone,
        previous_zone=response.zone if response.zone != zone else None,
        previous=response.level,
        level=level,
        notice=guards.measures_of(notice),
    )
    yield from settle(decision.state, decision.event, decision.state.of(Response)[response.id], proposal)
    yield from _mismatch(decision, response.id)


def _lower(decision: Act, command: cmd.ChangeResponse) -> Iterator[OutputEvent]:
    """RL-10, SC-8: only by directive, with an expert opinion, by the government of the level that runs."""
    state, now = decision.state, decision.context.now
    response = addressed(state, decision.event.incident, command)
    if response is None:
        yield _no_response(decision)
        return
    if command.level <= response.level:
        details = {"response": response.id, "level": response.level}
        yield _refuse(decision, Refusal("NOT_LESS_SEVERE", f"level {response.level} runs", details))
        return
    refusal = guards.opinion_lacking(
        state, decision.rules, command.action, command.expert_opinion, response, now
    ) or guards.notice_missing(decision.rules, command.action, command.notice, now)
    if refusal is not None:
        yield _refuse(decision, refusal)
        return
    yield ResponseChanged(
        **_said(decision, command.proposal),
        response=response.id,
        zone=response.zone,
        previous=response.level,
        level=command.level,
        notice=guards.measures_of(command.notice),
        expert_opinion=command.expert_opinion,
    )
    yield from settle(state, decision.event, state.of(Response)[response.id], command.proposal)
    yield from _mismatch(decision, response.id)


def _end(decision: Act, command: cmd.EndResponse) -> Iterator[OutputEvent]:
    """RL-10, SC-8: with an expert opinion, and not before the longest incubation period has passed.

    Ending the response of a wider zone ends those of its parts: the common superior lifts what it took over.
    """
    state, now = decision.state, decision.context.now
    response = addressed(state, decision.event.incident, command)
    if response is None:
        yield _no_response(decision)
        return
    refusal = guards.opinion_lacking(state, decision.rules, command.action, command.expert_opinion, response, now)
    if refusal is None and not command.hazard_removed:
        hazards = decision.context.policy.hazards
        refusal = guards.incubation_not_passed(state, decision.rules, hazards, decision.incident, now)
    if refusal is not None:
        yield _refuse(decision, refusal)
        return
    for ended in (response, *_parts(state, response)):
        yield ResponseEnded(
            **_said(decision, command.proposal),
            response=ended.id,
            zone=ended.zone,
            level=ended.level,
            expert_opinion=command.expert_opinion,
            hazard_removed=command.hazard_removed,
            reason=command.reason,
        )
    yield from settle(state, decision.event, state.of(Response)[response.id], command.proposal)


def _parts(state: AreaState, response: Response) -> tuple[Response, ...]:
    """Running responses of the same incident in parts of the zone, at most as severe."""
    if response.incident is None:
        return ()
    return tuple(
        other
        for other in own_responses(state, response.incident)
        if other.id != response.id and covers(state, response.zone, other.zone) and other.level >= response.level
    )


def _standing(decision: Act, zone: str, proposal: str | None) -> Response | None:
    """The running response of this incident, or of this alert, in exactly this zone."""
    state = decision.state
    if decision.incident is not None:
        running = tuple(own_responses(state, decision.incident.id))
    else:
        alert = _alert(decision, proposal, zone)
        about = alert.id if alert is not None else None
        running = tuple(item for item in alert_responses(state) if item.about == about)
    return min((item for item in running if item.zone == zone), key=lambda item: item.level, default=None)


def _alert(decision: Act, proposal: str | None, zone: str) -> Alert | None:
    """The alert that a start without an incident answers: its proposal's, or the gravest that is active there."""
    state = decision.state
    known = state.get(Proposal, proposal)
    if known is not None and known.about is not None:
        return state.get(Alert, known.about)
    active = [
        alert
        for alert in state.of(Alert).values()
        if alert.status == "active" and any(covers(state, zone, district) for district in alert.districts or (zone,))
    ]
    return min(
        active, key=lambda alert: (("red", "orange", "yellow", "blue").index(alert.alert_level), alert.id), default=None
    )


def _said(decision: Act, proposal: str | None) -> dict[str, Any]:
    """What every act states: subject, basis, time, assessment (GR-5, VE-3)."""
    event = decision.event
    return {
        "incident": event.incident,
        "issuer": event.issuer,
        "office": event.office,
        "directive": event.directive,
        "legal_basis": event.legal_basis,
        "authority_rule": event.authority_rule,
        "at": decision.context.now,
        "proposal": proposal,
        "assessment": assessment_of(decision.state, decision.incident, decision.context),
    }


def _mismatch(decision: Act, response: str) -> Iterator[OutputEvent]:
    """GR-4: level against grade; a warning to whoever decided, nothing more."""
    incident, rules = decision.incident, decision.rules
    standing = decision.state.get(Response, response)
    if incident is None or standing is None or rules.mismatch is None:
        return
    entry = rules.levels.get(incident.composite) if incident.composite is not None else None
    if entry is None or entry.level != standing.level:
        yield ResponseMismatched(
            incident=incident.id, response=response, level=standing.level, composite=incident.composite
        )


def _no_response(decision: Act) -> OutputEvent:
    return _refuse(decision, Refusal("NO_RESPONSE", "no response of this incident runs there"))


def _refuse(decision: Act, refusal: Refusal) -> OutputEvent:
    return refused(decision.context, refusal, decision.event.incident)

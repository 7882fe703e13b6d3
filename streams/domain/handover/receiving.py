"""The city that the incident belongs to: it takes the case in at once and asks its authority to take responsibility."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.handovers import HandoverOffer
from schemas.outputs.handover_events import HandoverAnswered, HandoverReceived
from schemas.outputs.incident_events import IncidentClosed
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.context import Context
from streams.domain.core import ExternalRef, Incident
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, proposed
from streams.domain.escalation.running import own_responses
from streams.domain.handover.entities import Handover
from streams.domain.intake.reports import decide_report
from streams.domain.state import AreaState, Change, Put

KIND = "handover"


def decide_offer(state: AreaState, event: HandoverOffer, context: Context) -> Iterator[OutputEvent]:
    """Open or continue the incident with what the other city knows; a repeated offer changes nothing."""
    if state.get(Handover, event.handover) is not None or not event.reports:
        return
    for report in event.reports:
        yield from decide_report(state, report, context)
    first = event.reports[0]
    ours = state.get(ExternalRef, f"{first.source}|{first.external_id}")
    if ours is None or ours.incident is None:
        return
    yield HandoverReceived(
        incident=ours.incident,
        handover=event.handover,
        from_area=event.from_area,
        their_incident=event.incident,
        owed=event.owed,
        responses=event.responses,
        reason=event.reason,
        at=context.now,
    )
    payload = {"from_area": event.from_area, "their_incident": event.incident, "issuer": event.issuer}
    draft = Draft(kind=KIND, rule=KIND, incident=ours.incident, about=event.handover, payload=payload)
    opened = proposed(state, context, draft, ProposalOpened)
    if opened is not None:
        yield opened


def on_decided(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """Our authority has answered: tell the other city. A declined case closes here where nothing runs for it."""
    handover = _asked(state, event)
    if handover is None or event.status not in {"confirmed", "rejected"}:
        return
    accepted = event.status == "confirmed"
    yield HandoverAnswered(
        incident=handover.incident,
        area=handover.other_area,
        from_area=state.area,
        handover=handover.id,
        answer="accepted" if accepted else "declined",
        decided_by=event.decided_by,
        reason=event.reason,
        at=context.now,
    )
    incident = state.get(Incident, handover.incident)
    if not accepted and incident is not None and incident.resident() and not any(own_responses(state, incident.id)):
        yield IncidentClosed(incident=incident.id, reason=f"declined: {event.reason}")


def _asked(state: AreaState, event: ProposalDecided) -> Handover | None:
    proposal = state.get(Proposal, event.proposal) if event.kind == KIND else None
    handover = state.get(Handover, proposal.about) if proposal is not None else None
    return handover if handover is not None and handover.status == "offered" else None


def evolve_received(state: AreaState, event: HandoverReceived) -> Iterator[Change]:
    """The case is here; the answer is not given yet."""
    yield Put(
        Handover(
            id=event.handover,
            incident=event.incident,
            direction="in",
            other_area=event.from_area,
            their_incident=event.their_incident,
            owed=event.owed,
        )
    )


def evolve_answered(state: AreaState, event: HandoverAnswered) -> Iterator[Change]:
    """Our answer is given."""
    known = state.of(Handover)[event.handover]
    yield Put(known.model_copy(update={"status": event.answer, "reason": event.reason}))

"""The city that hands over: it offers the case, and keeps every obligation until the other city has answered."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.directives import TransferIncident
from schemas.inputs.handovers import HandoverAnswer
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.handover_events import HandoverConcluded, HandoverOffered
from schemas.outputs.incident_events import IncidentClosed
from schemas.outputs.obligation_events import ObligationWithdrawn
from streams.domain.context import Context
from streams.domain.core import Incident, counted, number
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.escalation.running import own_responses
from streams.domain.handover.casefile import owed, owed_of, reports_of, responses_of
from streams.domain.handover.entities import Handover, waiting
from streams.domain.state import AreaState, Change, Put


def on_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Offer the incident to the city that it belongs to."""
    command = event.command
    incident = state.get(Incident, event.incident)
    if not isinstance(command, TransferIncident) or incident is None:
        return
    refusal = _cannot(state, incident, command)
    if refusal is not None:
        yield refused(context, refusal, incident.id)
        return
    yield HandoverOffered(
        incident=incident.id,
        area=command.to_area,
        from_area=state.area,
        handover=f"{incident.id}.H{number(state, 'handover')}",
        reports=reports_of(state, incident, command, context),
        owed=owed_of(state, incident.id),
        responses=responses_of(state, incident.id),
        composite=incident.composite,
        reason=command.reason,
        issuer=event.issuer,
        office=event.office,
        at=context.now,
    )


def decide_answer(state: AreaState, event: HandoverAnswer, context: Context) -> Iterator[OutputEvent]:
    """Accepted: our obligations end with the other city's responsibility. Declined: everything stays ours.

    A response that runs here stays until its own government ends it; the incident closes with the last of them.
    """
    handover = state.get(Handover, event.handover)
    if handover is None or handover.status != "offered" or handover.direction != "out":
        return
    incident = handover.incident or ""
    yield HandoverConcluded(
        incident=incident,
        handover=handover.id,
        to_area=event.from_area,
        their_incident=event.incident,
        answer=event.answer,
        decided_by=event.decided_by,
        reason=event.reason,
        at=context.now,
    )
    if event.answer == "declined":
        return
    for duty in tuple(owed(state, incident)):
        yield ObligationWithdrawn(
            incident=incident,
            obligation=duty.id,
            rule=duty.rule,
            debtor=duty.debtor,
            reason="transferred",
            at=context.now,
        )
    if not any(own_responses(state, incident)):
        yield IncidentClosed(incident=incident, reason=f"handed over to {event.from_area} as {event.incident}")


def _cannot(state: AreaState, incident: Incident, command: TransferIncident) -> Refusal | None:
    if command.to_area == state.area:
        return Refusal("SAME_AREA", "the incident is here already", {"to_area": command.to_area})
    if not command.to_area.endswith("00"):
        return Refusal("UNKNOWN_AREA", f"{command.to_area} is no commanding city", {"to_area": command.to_area})
    if incident.status != "open":
        return Refusal("INCIDENT_NOT_OPEN", f"{incident.id} is {incident.status}")
    pending = waiting(state, incident.id)
    if pending is not None:
        details = {"handover": pending.id, "to_area": pending.other_area}
        return Refusal("HANDOVER_PENDING", f"{pending.other_area} has not answered yet", details)
    return None


def evolve_offered(state: AreaState, event: HandoverOffered) -> Iterator[Change]:
    """The offer stands."""
    yield Put(Handover(id=event.handover, incident=event.incident, direction="out", other_area=event.area))
    yield Put(counted(state, "handover"))


def evolve_concluded(state: AreaState, event: HandoverConcluded) -> Iterator[Change]:
    """The other city's answer."""
    known = state.of(Handover)[event.handover]
    update = {"status": event.answer, "their_incident": event.their_incident, "reason": event.reason}
    yield Put(known.model_copy(update=update))

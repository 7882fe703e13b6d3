"""What an act of government means for the proposals that wait."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.directives.answers import RESPONSE_KINDS
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import decided, waiting_for
from streams.domain.directives.refs import RISES
from streams.domain.escalation.entities import Response
from streams.domain.escalation.running import covers
from streams.domain.state import AreaState


def settle(
    state: AreaState, event: DirectiveAccepted, response: Response, proposal: str | None
) -> Iterator[OutputEvent]:
    """Confirm the proposals that the act answers, and close those that it makes pointless."""
    for candidate in _about(state, response):
        if candidate.kind not in RESPONSE_KINDS:
            continue
        if candidate.id == proposal or _answers(response, candidate):
            yield decided(
                candidate,
                "confirmed",
                decided_by=(event.issuer,),
                directive=event.directive,
                reason=event.command.action,
            )
        elif _pointless(state, response, candidate):
            yield decided(
                candidate, "superseded", f"{event.command.action} by {event.office}", directive=event.directive
            )


def _about(state: AreaState, response: Response) -> tuple[Proposal, ...]:
    if response.incident is not None:
        return waiting_for(state, response.incident)
    waiting = (proposal for proposal in state.of(Proposal).values() if proposal.waiting())
    return tuple(proposal for proposal in waiting if proposal.about is not None and proposal.about == response.about)


def _answers(response: Response, proposal: Proposal) -> bool:
    """Whether what runs now is what was proposed."""
    if proposal.kind == "end_response":
        return not response.running() and proposal.zone == response.zone
    return response.running() and proposal.level == response.level and proposal.zone == response.zone


def _pointless(state: AreaState, response: Response, proposal: Proposal) -> bool:
    if not response.running():
        return proposal.kind not in RISES and covers(state, response.zone, proposal.zone or state.area)
    if proposal.kind in RISES:
        return (proposal.level or 4) >= response.level and covers(state, response.zone, proposal.zone or state.area)
    return (proposal.level or 4) <= response.level or proposal.kind == "end_response"

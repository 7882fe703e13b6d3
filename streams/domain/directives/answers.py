"""Confirming and rejecting proposals, seat by seat."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.directives import DecideProposal
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalAnswered
from streams.domain.context import Context
from streams.domain.directives.entities import Answer, Proposal
from streams.domain.directives.proposals import decided
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.state import AreaState

RESPONSE_KINDS = frozenset({"start_response", "raise_response", "lower_response", "end_response"})
"""A confirmation of these is itself an act of government with guards of its own: escalation decides it."""


def answer_proposal(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """One seat confirms or rejects; the proposal is settled when its offices have said what it needs."""
    command = event.command
    if not isinstance(command, DecideProposal):
        return
    proposal = state.of(Proposal)[command.proposal]
    refusal = cannot_answer(proposal, event)
    if refusal is not None:
        yield refused(context, refusal, proposal.incident)
        return
    if command.action == "confirm" and proposal.kind in RESPONSE_KINDS:
        return
    yield ProposalAnswered(
        incident=proposal.incident,
        proposal=proposal.id,
        kind=proposal.kind,
        rule=proposal.rule,
        answer=command.action,
        office=event.office,
        issuer=event.issuer,
        directive=event.directive,
        reason=command.reason,
    )
    proposal = state.of(Proposal)[command.proposal]
    if command.action == "reject":
        yield decided(proposal, "rejected", command.reason, decided_by=(event.issuer,), directive=event.directive)
    elif complete(proposal):
        persons = tuple(dict.fromkeys(answer.issuer for answer in proposal.answers))
        yield decided(proposal, "confirmed", command.reason, decided_by=persons, directive=event.directive)


def cannot_answer(proposal: Proposal, event: DirectiveAccepted) -> Refusal | None:
    """Why this directive cannot answer the proposal."""
    if not proposal.waiting():
        details = {"proposal": proposal.id, "status": proposal.status}
        return Refusal("PROPOSAL_CLOSED", f"the proposal is {proposal.status}", details)
    if any(answer.office == event.office for answer in proposal.answers):
        return Refusal("ALREADY_ANSWERED", f"{event.office} has answered", {"proposal": proposal.id})
    if proposal.needs == "all" and any(answer.issuer == event.issuer for answer in proposal.answers):
        details = {"reason": "one_person_one_seat", "proposal": proposal.id}
        return Refusal("NOT_AUTHORISED", "the other seat must be another person's", details)
    return None


def complete(proposal: Proposal) -> bool:
    """Whether the confirmations suffice: one, or every seat, of which a substitute may take one (TF-1)."""
    confirmed = [answer for answer in proposal.answers if answer.answer == "confirm"]
    if proposal.needs == "any":
        return any(_counts(proposal, answer) for answer in confirmed)
    missing = set(proposal.offices) - {answer.office for answer in confirmed}
    substitutes = [answer for answer in confirmed if answer.office in proposal.substitutes]
    present = len(proposal.offices) - len(missing)
    return not missing or (present >= 1 and len(missing) == 1 and bool(substitutes))


def _counts(proposal: Proposal, answer: Answer) -> bool:
    """A seat that spoke for a proposal that needed both does not decide it alone once it has gone up."""
    return answer.office in proposal.offices or (proposal.late_answers and answer.office in proposal.asked_before)

"""Concern `mutual_aid`: a city that is short borrows from a partner, and only the home lends (MA-1)."""

from schemas.inputs import aid as inp
from schemas.outputs import aid_events as out
from schemas.outputs import allocation_events as alloc
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.context import Concern, Decide
from streams.domain.mutual_aid import asking, borrowing, lending, records
from streams.domain.mutual_aid.entities import ASK, LEND
from streams.domain.mutual_aid.reacting import react_changed

_CHANGED: dict[type, Decide] = dict.fromkeys(
    (
        alloc.CommitmentAdvanced,
        alloc.CommitmentDeclined,
        alloc.CommitmentUnanswered,
        alloc.CommitmentDisplaced,
        alloc.CommitmentPreempted,
        alloc.CommitmentEnded,
    ),
    react_changed,
)

MUTUAL_AID = Concern(
    name="mutual_aid",
    inputs={
        inp.AidRequest: lending.decide_request,
        inp.AidConfirmation: lending.decide_confirmation,
        inp.AidReturn: lending.decide_return,
        inp.AidAnswer: borrowing.decide_answer,
    },
    timers={ASK: borrowing.decide_timer, LEND: lending.decide_timer},
    reactions={
        alloc.LineDecided: asking.react_short,
        ProposalDecided: asking.react_decided,
        alloc.RequestWithdrawn: borrowing.react_withdrawn,
        **_CHANGED,
    },
    evolve={
        out.AidRequested: records.evolve_requested,
        out.AidConfirmed: records.evolve_confirmed,
        out.AidReturned: records.evolve_returned,
        out.AidAnswered: records.evolve_answered,
        out.AidEnded: records.evolve_ended,
        out.ResourceBorrowed: records.evolve_borrowed,
        out.ResourceGivenBack: records.evolve_given_back,
    },
)

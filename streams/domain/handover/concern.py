"""Concern `handover`: an incident that belongs to another city goes there with its clocks (issue 4, item 6)."""

from schemas.inputs.handovers import HandoverAnswer, HandoverOffer
from schemas.outputs import handover_events as out
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.context import Concern
from streams.domain.handover import receiving, sending

HANDOVER = Concern(
    name="handover",
    inputs={HandoverOffer: receiving.decide_offer, HandoverAnswer: sending.decide_answer},
    timers={},
    reactions={DirectiveAccepted: sending.on_directive, ProposalDecided: receiving.on_decided},
    evolve={
        out.HandoverOffered: sending.evolve_offered,
        out.HandoverReceived: receiving.evolve_received,
        out.HandoverAnswered: receiving.evolve_answered,
        out.HandoverConcluded: sending.evolve_concluded,
    },
)

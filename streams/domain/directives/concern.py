"""Concern `directives`: who commands, whether they may, and what waits for somebody's decision (design rule 5)."""

from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalAnswered, ProposalDecided, ProposalEscalated, ProposalOpened
from schemas.outputs.refusals import CommandRefused
from streams.domain.context import Concern
from streams.domain.directives.answers import answer_proposal
from streams.domain.directives.checks import decide_directive
from streams.domain.directives.proposals import (
    TIMER,
    decide_expiry,
    evolve_answered,
    evolve_decided,
    evolve_escalated,
    evolve_opened,
)
from streams.domain.directives.records import evolve_accepted, evolve_refused

DIRECTIVES = Concern(
    name="directives",
    inputs={DirectiveIssued: decide_directive},
    timers={TIMER: decide_expiry},
    reactions={DirectiveAccepted: answer_proposal},
    evolve={
        DirectiveAccepted: evolve_accepted,
        CommandRefused: evolve_refused,
        ProposalOpened: evolve_opened,
        ProposalAnswered: evolve_answered,
        ProposalDecided: evolve_decided,
        ProposalEscalated: evolve_escalated,
    },
)

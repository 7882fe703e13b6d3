"""A person confirmed what was proposed: a diversion (AL-PREEMPT), the clearing of beds (BD-1), a re-plan."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import CommitmentEnded
from schemas.outputs.bed_events import BedTierOpened
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.allocation.beds import decided_tier
from streams.domain.allocation.changes import ended
from streams.domain.allocation.choose import Pick
from streams.domain.allocation.decision import commitment, crossed
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.divert import PREEMPTION, still_divertible
from streams.domain.allocation.entities import BEFORE_ARRIVAL, Commitment, Line, Resource
from streams.domain.allocation.lines import Events, preempted, serve
from streams.domain.allocation.replan import react_replanned
from streams.domain.allocation.shortage import REQUISITION, ordered
from streams.domain.context import Context
from streams.domain.directives.entities import Proposal
from streams.domain.state import AreaState


def react_decided(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """Carry out a confirmed diversion; the victims' lines are served anew, at their age."""
    yield from decided_tier(state, event, context)
    yield from react_replanned(state, event, context)
    proposal = state.get(Proposal, event.proposal)
    if event.kind == REQUISITION and event.status == "confirmed" and proposal is not None:
        yield from ordered(state, event, proposal)
        yield from serve(desk(state, context), (proposal.payload["kind"],), "requisitioned")
        return
    if event.kind != PREEMPTION or event.status != "confirmed" or proposal is None:
        return
    at = desk(state, context)
    line = state.get(Line, proposal.payload["line"])
    if line is None:
        return
    for swap in proposal.payload["swaps"]:
        yield from _swap(at, line.id, swap["commitment"], swap["instead_of"], swap["eta_ms"], event.directive or "")
    yield from serve(at, (line.kind,), "preempted")


def react_opened(state: AreaState, event: BedTierOpened, context: Context) -> Iterator[OutputEvent]:
    """A tier that a person had cleared serves who waits; one that opened by itself does so in its own decision."""
    if event.directive is not None:
        yield from serve(desk(state, context), (event.kind,), "tier_opened")


def _swap(at: Desk, line_id: str, victim: str, instead_of: str | None, eta_ms: int, directive: str) -> Events:
    line = at.state.of(Line)[line_id]
    lost = at.state.get(Commitment, victim)
    if lost is None or not still_divertible(at, line, lost):
        return
    slower = _slower(at, line, instead_of)
    if line.need <= 0 and slower is None:
        return
    pick = Pick(at.state.of(Resource)[lost.resource].entry, 1, eta_ms, eta_ms, "preempted")
    authorisation = at.authorisation(line)
    if crossed(at, line, (pick,)) and authorisation is None:
        return
    if line.need <= 0 and slower is not None:
        yield ended(at, slower, CommitmentEnded, "recalled", at.now, f"replaced by {lost.resource}", reopen=True)
    yield preempted(at, victim, directive)
    yield commitment(at, at.state.of(Line)[line_id], pick, authorisation)


def _slower(at: Desk, line: Line, resource: str | None) -> Commitment | None:
    """The line's own commitment that the diverted unit was to replace, while it can be recalled."""
    if resource is None:
        return None
    for id in at.index.holdings(resource):
        commitment = at.state.of(Commitment)[id]
        if commitment.line == line.id and commitment.stage in BEFORE_ARRIVAL:
            return commitment
    return None

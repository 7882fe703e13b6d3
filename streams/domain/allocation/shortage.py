"""A line that stays short where social supplies could serve it: requisition is proposed, last of all (ST-9, RQ-1)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from schemas.outputs.supply_events import RequisitionChanged
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.entities import Line, Resource
from streams.domain.allocation.pool import CODE
from streams.domain.allocation.search import Search
from streams.domain.allocation.travel import travel_time
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, proposed, waiting_for
from streams.domain.state import AreaState

REQUISITION = "requisition"
"""Kind of the proposals; `about` is the line that is short."""
RULE = "ST-9"
LEGAL_BASIS = "应对法 Art. 12, 76"
ONLY_BY_REQUISITION = CODE["requisition_only"]


def propose_requisition(at: Desk, line: Line) -> OutputEvent | None:
    """Ask the government for the nearest pre-registered targets that would serve the line, unless it is being asked."""
    if line.incident is None:
        return None
    if any(one.kind == REQUISITION and one.about == line.id for one in waiting_for(at.state, line.incident)):
        return None
    targets = _targets(at, line)
    if not targets:
        return None
    draft = Draft(
        kind=REQUISITION,
        rule=RULE,
        incident=line.incident,
        about=line.id,
        payload={"kind": line.kind, "short": line.need, "targets": targets},
    )
    return proposed(at.state, at.context, draft, ProposalOpened)


def _targets(at: Desk, line: Line) -> list[str]:
    """Targets with the required capabilities, the nearest first, until they cover the need."""
    pool = at.index.pool(line.kind)
    fit = pool.fit(line.requires, (), line.minimum_type)
    rows = (pool.why[: pool.n] == ONLY_BY_REQUISITION) & (pool.available[: pool.n] > 0)
    if fit.rows is not None:
        rows &= fit.rows
    search = Search(pool, fit, at.index.spot(at.request_of(line).place), travel_time(at.law, line.kind))
    ranked, _ = search.best(rows, int(rows.sum()) or 1)
    targets, need = [], line.need
    for _, _, resource, row, _ in ranked:
        if need <= 0:
            break
        targets.append(resource)
        need -= pool.state(row)[1]
    return targets


def ordered(state: AreaState, event: ProposalDecided, proposal: Proposal) -> Iterator[OutputEvent]:
    """The targets of a confirmed proposal that are still to be had, as orders of requisition."""
    answer = next((one for one in reversed(proposal.answers) if one.answer == "confirm"), None)
    for number, target in enumerate(proposal.payload["targets"], start=1):
        resource = state.get(Resource, target)
        if resource is None or resource.requisitioned or not resource.entry.requisition_target:
            continue
        yield RequisitionChanged(
            incident=event.incident,
            requisition=f"{event.proposal}-{number}",
            status="ordered",
            item=target,
            owner=resource.entry.owner_unit,
            resource=target,
            legal_basis=LEGAL_BASIS,
            issuer=answer.issuer if answer is not None else proposal.offices[0],
            office=answer.office if answer is not None else proposal.offices[0],
            directive=event.directive or event.proposal,
        )

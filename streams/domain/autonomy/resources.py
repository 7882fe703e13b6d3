"""Commitments of a node in the city: kept where the resource was delegated; what stood against them is replanned."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.nodes import CommittedThere, LogEntry, SteppedThere
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from streams.domain.allocation.changes import ended
from streams.domain.allocation.decision import FIRST_STAGE
from streams.domain.allocation.desk import Desk, open_commitments
from streams.domain.allocation.entities import BEFORE_ARRIVAL, OPEN_STAGES, PROGRESS, Commitment, Line, Resource
from streams.domain.allocation.lines import serve
from streams.domain.autonomy.delegating import delegated, district_of
from streams.domain.autonomy.entities import Delegation
from streams.domain.directives.days import law

Events = Iterator[OutputEvent]
LOSSES: dict[str, type[alloc.CommitmentChanged]] = {
    "declined": alloc.CommitmentDeclined,
    "unanswered": alloc.CommitmentUnanswered,
    "displaced": alloc.CommitmentDisplaced,
    "preempted": alloc.CommitmentPreempted,
}
"""The event of each way to lose a commitment; every other end is CommitmentEnded."""


def committed(at: Desk, node: str, entry: LogEntry, what: CommittedThere) -> Events:
    """Keep the commitment of a delegated resource; of two claims to one that was not, the city's own stands."""
    id = f"{node}:{what.commitment}"
    resource = at.state.of(Resource)[what.resource]
    rivals = _rivals(at, node, resource, what.quantity)
    own = _delegated(at, node, resource, entry)
    for rival in rivals:
        mirror = rival.id.startswith(f"{node}:")
        if mirror:
            yield ended(at, rival, alloc.CommitmentEnded, "released", entry.logged_at, "log of the node", reopen=False)
            continue
        kept, lost = (id, rival.id) if own else (rival.id, id)
        yield out.ConflictSettled(
            incident=rival.incident, node=node, resource=resource.id, kept=kept, replanned=lost, delegated=own
        )
        if not own:
            return
        reason = f"committed by {node} while cut off"
        yield ended(at, rival, alloc.CommitmentDisplaced, "displaced", entry.logged_at, reason, reopen=True)
    yield _mirror(at, node, entry, what)
    yield from serve(at, {rival.kind: None for rival in rivals}, "displaced")


def _rivals(at: Desk, node: str, resource: Resource, quantity: int) -> list[Commitment]:
    """Open commitments that leave too little for the node's: of a unit all, of a lot the least urgent and youngest."""
    claims = list(open_commitments(at.state, at.index, resource.id))
    if resource.entry.form == "unit":
        return claims
    short = resource.held + quantity - resource.quantity
    found: list[Commitment] = []
    city = (one for one in claims if one.stage in BEFORE_ARRIVAL and not one.id.startswith(f"{node}:"))
    for claim in sorted(city, key=lambda one: (-one.urgency, -one.committed_at.timestamp(), one.id)):
        if short <= 0:
            break
        if claim.stage != "shipped":
            short -= claim.quantity
            found.append(claim)
    return found


def _delegated(at: Desk, node: str, resource: Resource, entry: LogEntry) -> bool:
    delegation = at.state.get(Delegation, node)
    if delegation is not None:
        return resource.id in delegation.resources
    mode = law(at.state, at.context.policy.autonomy, entry.logged_at).mode
    district = district_of(at.state, node)
    return mode is not None and district is not None and resource.id in delegated(at.state, node, district, mode)


def _mirror(at: Desk, node: str, entry: LogEntry, what: CommittedThere) -> OutputEvent:
    line = at.state.of(Line)[f"{node}:{what.request}/{what.line}"]
    catalogued = at.state.of(Resource)[what.resource].entry
    return alloc.ResourceCommitted(
        incident=line.incident,
        commitment=f"{node}:{what.commitment}",
        request=line.request,
        line=line.number,
        kind=line.kind,
        resource=catalogued.resource,
        owner_unit=catalogued.owner_unit,
        owner_department=catalogued.owner_department,
        district=catalogued.district,
        quantity=1 if catalogued.form == "unit" else what.quantity,
        stage=FIRST_STAGE[catalogued.form],
        urgency=line.urgency,
        tier="by_node",
        eta_ms=what.eta_ms,
        score_ms=None,
        committed_at=entry.logged_at,
        to=at.request_of(line).place,
        reason=what.reason or f"committed by {node} while cut off",
    )


def stepped(at: Desk, node: str, what: SteppedThere) -> Events:
    """A step of a commitment that the node made: what it meant there, it means here."""
    commitment = at.state.get(Commitment, f"{node}:{what.commitment}")
    if commitment is None or not commitment.open:
        yield alloc.DeploymentContradicted(
            incident=commitment.incident if commitment is not None else None,
            resource=what.resource,
            commitment=f"{node}:{what.commitment}",
            step=what.stage,
            stage=commitment.stage if commitment is not None else None,
            observed_at=what.observed_at,
            reason=f"step of {node} on a commitment that does not stand here",
        )
        return
    goes_on = what.stage in OPEN_STAGES
    if goes_on and PROGRESS[what.stage] <= PROGRESS.get(commitment.stage, 0):
        return
    kind = at.law.kind(commitment.kind)
    yield (alloc.CommitmentAdvanced if goes_on else LOSSES.get(what.stage, alloc.CommitmentEnded))(
        incident=commitment.incident,
        commitment=commitment.id,
        request=commitment.request,
        line=int(commitment.line.rpartition("/")[2]),
        kind=commitment.kind,
        resource=commitment.resource,
        quantity=commitment.quantity,
        previous=commitment.stage,
        stage=what.stage,
        observed_at=what.observed_at,
        reason=what.reason,
        freed=min(what.freed, commitment.quantity),
        on_hand=what.on_hand,
        reopened=min(what.reopened, commitment.quantity),
        resource_status=what.resource_status,
        excluded=what.excluded,
        rest_until=at.after(kind.rest_minutes) if what.resource_status == "rest" else None,
        heard_by=at.after(kind.heartbeat_minutes) if what.stage == "en_route" else None,
    )

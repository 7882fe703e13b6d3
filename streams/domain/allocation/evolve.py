"""What allocation events mean for the state."""

from collections.abc import Iterator

from schemas.outputs import allocation_events as out
from schemas.outputs import catalogue_events as cat
from streams.domain.allocation.desk import REPLAN
from streams.domain.allocation.entities import (
    OPEN_STAGES,
    Authorisation,
    Commitment,
    Floor,
    Line,
    Position,
    Request,
    Resource,
    RoutedTimes,
    Waiver,
)
from streams.domain.core import Timer, timer
from streams.domain.fast import changed, made
from streams.domain.state import AreaState, Change, Drop, Put

ACCEPT = "allocation.accept"
HOLD = "allocation.hold"
WAVE = "allocation.wave"
REST = "allocation.rest"
EXPIRY = "allocation.expiry"
HEARTBEAT = "allocation.heartbeat"
MOVING = ("en_route", "shipped")


def evolve_catalogued(state: AreaState, event: cat.ResourceCatalogued) -> Iterator[Change]:
    entry = event.entry
    known = state.get(Resource, entry.resource)
    if known is None:
        yield Put(Resource(id=entry.resource, entry=entry, quantity=event.quantity, readiness=entry.readiness))
    else:
        status = "ready" if known.status == "expired" else known.status
        readiness = entry.readiness or known.readiness
        yield Put(changed(known, entry=entry, quantity=event.quantity, readiness=readiness, status=status))
    if entry.expires_at is not None:
        yield Put(timer(EXPIRY, entry.resource, entry.expires_at, None))


def evolve_floor(state: AreaState, event: cat.FloorTaken) -> Iterator[Change]:
    yield Put(Floor(id=event.subject(), entry=event.entry))


def evolve_status(state: AreaState, event: cat.ResourceStatusChanged) -> Iterator[Change]:
    resource = state.of(Resource)[event.resource]
    yield Put(changed(resource, status=event.status, observed_at=event.observed_at))
    if event.status != "rest":
        yield from _without_timer(state, REST, event.resource)


def evolve_counted(state: AreaState, event: cat.ResourceCounted) -> Iterator[Change]:
    resource = state.of(Resource)[event.resource]
    yield Put(changed(resource, quantity=event.quantity, counted_at=event.observed_at))


def evolve_readiness(state: AreaState, event: cat.ReadinessReported) -> Iterator[Change]:
    yield Put(changed(state.of(Resource)[event.resource], readiness=event.readiness))


def evolve_positions(state: AreaState, event: cat.PositionsAdopted) -> Iterator[Change]:
    for position in event.positions:
        yield Put(
            made(Position, id=position.resource, incident=None, point=position.point, observed_at=position.observed_at)
        )


def evolve_admitted(state: AreaState, event: out.RequestAdmitted) -> Iterator[Change]:
    ids = tuple(f"{event.request}/{line.line}" for line in event.lines)
    yield Put(
        made(
            Request,
            id=event.request,
            incident=event.incident,
            unit=event.unit,
            department=event.department,
            for_task_force=event.for_task_force,
            place=event.place,
            needed_by=event.needed_by,
            asked_at=event.asked_at,
            lines=ids,
            text=event.text,
        )
    )
    asked_ms = int(event.asked_at.timestamp() * 1000)
    for id, line in zip(ids, event.lines, strict=True):
        yield Put(
            made(
                Line,
                id=id,
                incident=event.incident,
                request=event.request,
                number=line.line,
                kind=line.kind,
                quantity=line.quantity,
                need=line.quantity,
                urgency=line.urgency,
                requires=line.requires,
                prefers=line.prefers,
                minimum_type=line.minimum_type,
                asked_ms=asked_ms,
                department=event.department,
                withheld=event.node is not None,
            )
        )


def evolve_amended(state: AreaState, event: out.RequestChanged) -> Iterator[Change]:
    for number, quantity in event.quantities.items():
        line = state.of(Line)[f"{event.request}/{number}"]
        promised = line.quantity - line.need
        stage = "cancelled" if quantity == 0 else line.stage
        need = max(quantity - promised, 0)
        yield Put(changed(line, quantity=quantity, need=need, stage=stage, told=-1))
        if need == 0:
            yield from _without_timer(state, WAVE, line.id)
    yield from _settled(state, event.request)


def evolve_withdrawn(state: AreaState, event: out.RequestWithdrawn) -> Iterator[Change]:
    request = state.of(Request)[event.request]
    yield Put(changed(request, cancelled=True))
    for id in request.lines:
        line = state.get(Line, id)
        if line is not None:
            yield Put(changed(line, need=0, stage="cancelled"))
            yield from _without_timer(state, WAVE, id)
    yield from _settled(state, event.request)


def evolve_decided(state: AreaState, event: out.LineDecided) -> Iterator[Change]:
    line = state.of(Line)[event.subject()]
    told = -1 if event.outcome == "pending_authorization" else event.short
    if event.outcome not in ("committed", "partly_committed") or event.short:
        yield Put(changed(line, stage=event.outcome, told=told))
    if line.id in state.of(RoutedTimes):
        yield Drop(RoutedTimes, line.id)
    if event.second_wave_at is not None:
        yield Put(timer(WAVE, line.id, event.second_wave_at, event.incident))


def evolve_committed(state: AreaState, event: out.ResourceCommitted) -> Iterator[Change]:
    line = state.of(Line)[f"{event.request}/{event.line}"]
    resource = state.of(Resource)[event.resource]
    yield Put(
        made(
            Commitment,
            id=event.commitment,
            incident=event.incident,
            request=event.request,
            line=line.id,
            kind=event.kind,
            resource=event.resource,
            form=resource.entry.form,
            quantity=event.quantity,
            stage=event.stage,
            urgency=event.urgency,
            tier=event.tier,
            eta_ms=event.eta_ms,
            to=event.to,
            committed_at=event.committed_at,
            accept_by=event.accept_by,
            hold_until=event.hold_until,
        )
    )
    yield Put(changed(resource, held=resource.held + event.quantity))
    need = max(line.need - event.quantity, 0)
    yield Put(
        changed(
            line,
            need=need,
            stage="partly_committed" if need else "committed",
            told=need or -1,
            commitments=line.commitments + 1 if event.tier != "by_node" else _last_number(line, event.commitment),
            under_way=line.under_way + 1,
        )
    )
    if need == 0:
        yield from _without_timer(state, WAVE, line.id)
    if event.replan_at is not None:
        yield Put(timer(REPLAN, event.kind, event.replan_at, None))
    if event.accept_by is not None:
        yield Put(timer(ACCEPT, event.commitment, event.accept_by, event.incident))
    if event.hold_until is not None:
        yield Put(timer(HOLD, event.commitment, event.hold_until, event.incident))


def _last_number(line: Line, commitment: str) -> int:
    """A node's commitments keep the numbers that the node gave them, in whatever order they come."""
    return max(line.commitments, int(commitment.rpartition("/")[2]))


def evolve_changed(state: AreaState, event: out.CommitmentChanged) -> Iterator[Change]:
    commitment = state.of(Commitment)[event.commitment]
    departed = event.observed_at if event.stage in MOVING else commitment.departed_at
    yield Put(changed(commitment, stage=event.stage, departed_at=departed))
    if event.heard_by is not None:
        yield Put(timer(HEARTBEAT, event.commitment, event.heard_by, event.incident))
    elif event.stage not in ("en_route", "on_scene"):
        yield from _without_timer(state, HEARTBEAT, event.commitment)
    yield from _of_resource(state, event)
    yield from _of_line(state, event, over=event.stage not in OPEN_STAGES)
    yield from _without_timer(state, ACCEPT, event.commitment)
    if event.stage not in ("accepted", "en_route"):
        yield from _without_timer(state, HOLD, event.commitment)


def _of_resource(state: AreaState, event: out.CommitmentChanged) -> Iterator[Change]:
    resource = state.of(Resource)[event.resource]
    if not (event.freed or event.on_hand or event.resource_status):
        return
    yield Put(
        changed(
            resource,
            held=resource.held - event.freed,
            quantity=max(resource.quantity + event.on_hand, 0),
            status=event.resource_status or resource.status,
            observed_at=event.observed_at if event.resource_status else resource.observed_at,
        )
    )
    if event.rest_until is not None:
        yield Put(timer(REST, event.resource, event.rest_until, None))


def _of_line(state: AreaState, event: out.CommitmentChanged, *, over: bool) -> Iterator[Change]:
    if not (event.reopened or over):
        return
    line = state.of(Line)[f"{event.request}/{event.line}"]
    excluded = (*line.excluded, event.resource) if event.excluded else line.excluded
    yield Put(
        changed(
            line,
            need=line.need + event.reopened,
            told=-1 if event.reopened else line.told,
            under_way=line.under_way - over,
            excluded=excluded,
            losses=line.losses + (event.stage == "preempted"),
        )
    )
    yield from _settled(state, event.request)


def _settled(state: AreaState, request_id: str) -> Iterator[Change]:
    """A request is history once none of its lines waits or has anything under way."""
    request = state.of(Request)[request_id]
    lines = (state.get(Line, id) for id in request.lines)
    closed = not any(line is not None and line.resident() for line in lines)
    if closed != request.closed:
        yield Put(changed(request, closed=closed))


def evolve_authorised(state: AreaState, event: out.AllocationAuthorised) -> Iterator[Change]:
    yield Put(Authorisation(id=event.authorisation, incident=event.incident, kinds=event.kinds, until=event.until))


def evolve_waived(state: AreaState, event: out.FloorWaived) -> Iterator[Change]:
    yield Put(
        Waiver(
            id=event.waiver,
            incident=event.incident,
            kinds=event.kinds,
            districts=event.districts,
            until=event.until,
        )
    )


def evolve_heard(state: AreaState, event: out.CommitmentHeard) -> Iterator[Change]:
    commitment = state.of(Commitment)[event.commitment]
    yield Put(changed(commitment, heard_at=event.observed_at))
    if event.next_by is not None:
        yield Put(timer(HEARTBEAT, event.commitment, event.next_by, event.incident))


def evolve_nothing(state: AreaState, event: out.DeploymentContradicted | out.OrdersReplanned) -> Iterator[Change]:
    yield from ()


def _without_timer(state: AreaState, kind: str, ref: str) -> Iterator[Change]:
    id = f"{kind}:{ref}"
    if id in state.of(Timer):
        yield Drop(Timer, id)

"""The catalogue as its owners keep it: entries, floors, status, counts (RC-1..RC-5). Facts always apply."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.resources import ResourceQuantityReported, ResourceRegistered, ResourceStatusReported
from schemas.outputs import allocation_events as out
from schemas.outputs import catalogue_events as cat
from streams.domain.allocation.changes import Step, changed_by, ended
from streams.domain.allocation.desk import Desk, desk, open_commitments
from streams.domain.allocation.entities import BEFORE_ARRIVAL, Commitment, Resource
from streams.domain.allocation.lifecycle import displace, status_change
from streams.domain.allocation.lines import Events, serve
from streams.domain.context import Context, TimerFired
from streams.domain.state import AreaState

OUT_OF_HAND = ("out_of_service", "quarantined")


def decide_entry(state: AreaState, event: ResourceRegistered, context: Context) -> Iterator[OutputEvent]:
    """Take an entry. Its quantity is a new count only where it differs from the entry's before."""
    at = desk(state, context)
    known = state.get(Resource, event.resource)
    told_again = known is not None and known.entry.quantity == event.quantity and known.entry.form == event.form
    quantity = known.quantity if known is not None and told_again else event.quantity
    yield cat.ResourceCatalogued(entry=event, quantity=1 if event.form == "unit" else quantity)
    yield from _keep_promises(at, event.resource, "catalogue entry replaced")
    yield from serve(at, (event.kind,), "freed")


def decide_floor(state: AreaState, event: FloorRegistered, context: Context) -> Iterator[OutputEvent]:
    """Take a reserve floor; a lower one may let somebody be served."""
    yield cat.FloorTaken(entry=event)
    yield from serve(desk(state, context), (event.kind,), "freed")


def decide_status(state: AreaState, event: ResourceStatusReported, context: Context) -> Iterator[OutputEvent]:
    """Take an owner's word on availability; a resource that is gone displaces what it was promised to."""
    at = desk(state, context)
    resource = state.get(Resource, event.resource)
    if resource is None or (resource.observed_at is not None and event.observed_at < resource.observed_at):
        return
    if event.readiness is not None and event.readiness != resource.readiness:
        yield cat.ReadinessReported(resource=resource.id, readiness=event.readiness, observed_at=event.observed_at)
    if event.status != resource.status:
        yield status_change(resource, event.status, event.observed_at, event.reason)
    yield from _follow_status(at, event)
    if event.status == "ready":
        yield from serve(at, (resource.kind,), "freed")


def _follow_status(at: Desk, event: ResourceStatusReported) -> Events:
    """What the status says about open commitments of a unit, or of everything the owner can no longer give."""
    resource = at.state.of(Resource)[event.resource]
    if event.status in OUT_OF_HAND:
        yield from displace(at, resource.id, event.observed_at, event.reason or event.status, None)
        return
    if resource.entry.form != "unit":
        return
    for commitment in open_commitments(at.state, at.index, resource.id):
        under_way = commitment.stage in ("en_route", "on_scene")
        if under_way and event.status in ("ready", "rest"):
            yield changed_by(at, commitment, Step("released", status=event.status), event.observed_at, event.reason)
        elif not under_way and (event.status == "rest" or (event.status == "busy" and commitment.stage == "committed")):
            yield from displace(at, resource.id, event.observed_at, event.reason or event.status, None)


def decide_quantity(state: AreaState, event: ResourceQuantityReported, context: Context) -> Iterator[OutputEvent]:
    """Take an owner's count; promises that it no longer covers are displaced, the least urgent and youngest first."""
    at = desk(state, context)
    resource = state.get(Resource, event.resource)
    if resource is None or resource.entry.form == "unit":
        return
    if resource.counted_at is not None and event.observed_at < resource.counted_at:
        return
    yield cat.ResourceCounted(
        resource=resource.id,
        previous=resource.quantity,
        quantity=event.quantity,
        observed_at=event.observed_at,
        reason=event.reason,
    )
    yield from _keep_promises(at, resource.id, "counted lower than promised")
    yield from serve(at, (resource.kind,), "freed")


def _keep_promises(at: Desk, resource_id: str, reason: str) -> Events:
    """Displace commitments until what is promised is on hand."""
    promised = sorted(
        (one for one in open_commitments(at.state, at.index, resource_id) if one.stage in BEFORE_ARRIVAL),
        key=_first_to_lose,
    )
    displaced = False
    for commitment in promised:
        resource = at.state.get(Resource, resource_id)
        if resource is None or resource.held <= resource.quantity or commitment.stage == "shipped":
            continue
        displaced = True
        yield ended(at, commitment, out.CommitmentDisplaced, "displaced", at.now, reason, reopen=True)
    if displaced:
        yield from serve(at, (promised[0].kind,), "displaced")


def _first_to_lose(commitment: Commitment) -> tuple[int, float, int, str]:
    number = int(commitment.id.rpartition("/")[2])
    return -commitment.urgency, -commitment.committed_at.timestamp(), -number, commitment.id


def decide_expiry(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Stock past its date serves nobody (ST-5)."""
    resource = state.get(Resource, fired.ref)
    expires_at = resource.entry.expires_at if resource is not None else None
    if resource is None or expires_at is None or expires_at > context.now or resource.status == "expired":
        return
    yield status_change(resource, "expired", context.now, "past its date")
    yield from displace(desk(state, context), resource.id, context.now, "past its date", None)

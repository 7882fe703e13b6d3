"""The life of a commitment (AL-10): what owners report as it happens, and what follows when it contradicts us.

Observations are never refused (design rule 4). What each step means for a unit, for beds and for stock stands in
STEPS, one line each.
"""

from collections.abc import Generator, Iterator
from datetime import datetime
from typing import Literal

from schemas.base import OutputEvent
from schemas.inputs.resources import ResourceDeploymentReported
from schemas.outputs import allocation_events as out
from schemas.outputs.catalogue_events import ResourceStatus, ResourceStatusChanged
from streams.domain.allocation.changes import Step, changed_by, ended
from streams.domain.allocation.desk import Desk, desk, open_commitments
from streams.domain.allocation.entities import BEFORE_ARRIVAL, OPEN_STAGES, PROGRESS, Commitment, Line, Resource
from streams.domain.allocation.lines import Events, serve
from streams.domain.context import Context, TimerFired
from streams.domain.directives.refs import resolve_incident
from streams.domain.state import AreaState

Form = Literal["unit", "beds", "stock", "capacity"]


STEPS: dict[Form, dict[str, Step]] = {
    "unit": {
        "accepted": Step("accepted"),
        "departed": Step("en_route"),
        "arrived": Step("on_scene"),
        "released": Step("released", status="rest"),
        "returned": Step("released", status="rest"),
        "ready": Step("released", status="ready"),
    },
    "stock": {
        "accepted": Step("accepted"),
        "departed": Step("shipped", leaves=True),
        "arrived": Step("delivered", leaves=True),
        "delivered": Step("delivered", leaves=True),
        "consumed": Step("consumed", leaves=True),
        "returned": Step("returned", comes_back=True),
        "released": Step("released"),
    },
    "beds": {
        "accepted": Step("accepted"),
        "departed": Step("en_route"),
        "arrived": Step("occupied", leaves=True),
        "released": Step("released", comes_back=True),
        "returned": Step("released", comes_back=True),
        "ready": Step("released", comes_back=True),
    },
}
STEPS["capacity"] = STEPS["beds"]


def decide_deployment(state: AreaState, event: ResourceDeploymentReported, context: Context) -> Iterator[OutputEvent]:
    """Take a step of a commitment as it happened."""
    at = desk(state, context)
    resource = state.get(Resource, event.resource)
    commitment = _meant(at, event)
    if resource is None or commitment is None or not commitment.open:
        yield from _unmatched(at, event, resource, commitment)
    elif event.step == "declined":
        yield ended(at, commitment, out.CommitmentDeclined, "declined", event.observed_at, event.reason, reopen=True)
        yield from serve(at, (commitment.kind,), "declined")
    elif event.step == "self_dispatched":
        yield from _self_dispatched(at, event, resource, commitment)
    elif event.step == "heartbeat":
        yield out.CommitmentHeard(
            incident=commitment.incident,
            commitment=commitment.id,
            resource=commitment.resource,
            observed_at=event.observed_at,
            next_by=at.after(at.law.kind(commitment.kind).heartbeat_minutes),
        )
    else:
        yield from _step(at, event, resource, commitment)


def _meant(at: Desk, event: ResourceDeploymentReported) -> Commitment | None:
    """The commitment that is reported on: the one it names, else the resource's oldest open one for the incident."""
    if event.commitment is not None:
        return at.state.get(Commitment, event.commitment)
    open_ones = open_commitments(at.state, at.index, event.resource)
    incident = resolve_incident(at.state, event.incident)
    same = [one for one in open_ones if incident is not None and one.incident == incident.id]
    return next(iter(same or open_ones), None)


def _step(at: Desk, event: ResourceDeploymentReported, resource: Resource, commitment: Commitment) -> Events:
    step = STEPS[resource.entry.form].get(event.step)
    if step is None:
        yield contradicted(event, commitment, "no such step for a resource of this form")
        return
    if step.stage in OPEN_STAGES and PROGRESS[step.stage] <= PROGRESS.get(commitment.stage, 0):
        return
    change = changed_by(at, commitment, step, event.observed_at, event.reason, event.quantity)
    yield change
    if change.stage not in OPEN_STAGES or change.reopened or change.on_hand > 0:
        yield from serve(at, (commitment.kind,), "freed")


def _self_dispatched(at: Desk, event: ResourceDeploymentReported, resource: Resource, commitment: Commitment) -> Events:
    """The 120 centre sent the unit by itself: for our incident that is our order's departure, else it displaces it."""
    incident = resolve_incident(at.state, event.incident)
    if incident is not None and incident.id == commitment.incident:
        if commitment.stage in BEFORE_ARRIVAL and commitment.stage != "en_route":
            yield changed_by(at, commitment, Step("en_route"), event.observed_at, event.reason or "self-dispatched")
        return
    yield from displace(at, resource.id, event.observed_at, event.reason or "self-dispatched", "busy")


def displace(at: Desk, resource: str, observed_at: datetime, reason: str, status: ResourceStatus | None) -> Events:
    """A fact takes the resource away from all its open commitments; their lines are decided anew."""
    kinds: dict[str, None] = {}
    for commitment in open_commitments(at.state, at.index, resource):
        kinds[commitment.kind] = None
        yield ended(
            at, commitment, out.CommitmentDisplaced, "displaced", observed_at, reason, reopen=True, status=status
        )
    yield from serve(at, kinds, "displaced")


def _unmatched(
    at: Desk, event: ResourceDeploymentReported, resource: Resource | None, commitment: Commitment | None
) -> Events:
    """A report that fits no open commitment still tells where a unit is."""
    if resource is None:
        yield contradicted(event, commitment, "no such resource in the catalogue")
        return
    unit = resource.entry.form == "unit"
    if unit and event.step in ("departed", "arrived", "self_dispatched"):
        if event.step != "self_dispatched":
            yield contradicted(event, commitment, "under way without an open commitment")
        if open_commitments(at.state, at.index, resource.id):
            yield from displace(at, resource.id, event.observed_at, "under way elsewhere", "busy")
        elif resource.status != "busy":
            yield status_change(resource, "busy", event.observed_at, event.reason or event.step)
    elif unit and event.step in ("returned", "released") and resource.status == "busy":
        yield status_change(resource, "rest", event.observed_at, event.reason)
    elif unit and event.step == "ready":
        if resource.status != "ready":
            yield status_change(resource, "ready", event.observed_at, event.reason)
            yield from serve(at, (resource.kind,), "freed")
    elif event.step != "heartbeat":
        yield contradicted(event, commitment, "no open commitment")


def status_change(resource: Resource, status: ResourceStatus, observed_at: datetime, reason: str) -> OutputEvent:
    """The event of a new status."""
    return ResourceStatusChanged(
        resource=resource.id, previous=resource.status, status=status, observed_at=observed_at, reason=reason
    )


def contradicted(
    event: ResourceDeploymentReported, commitment: Commitment | None, reason: str
) -> out.DeploymentContradicted:
    """The event of a report that cannot be right."""
    return out.DeploymentContradicted(
        incident=commitment.incident if commitment else None,
        resource=event.resource,
        commitment=event.commitment,
        step=event.step,
        stage=commitment.stage if commitment else None,
        observed_at=event.observed_at,
        reason=reason,
    )


def recall_line(at: Desk, line_id: str, keep: int, reason: str) -> Generator[OutputEvent, None, bool]:
    """Recall commitments of a line that has more than `keep`: the youngest first, never what has arrived."""
    line = at.state.of(Line)[line_id]
    promised = [
        commitment
        for number in range(line.commitments, 0, -1)
        if (commitment := at.state.get(Commitment, f"{line_id}/{number}")) is not None and commitment.open
    ]
    surplus = sum(commitment.quantity for commitment in promised) - keep
    freed = False
    for commitment in promised:
        if commitment.quantity > surplus or commitment.arrived:
            continue
        surplus -= commitment.quantity
        freed = True
        yield ended(at, commitment, out.CommitmentEnded, "recalled", at.now, reason, reopen=False)
    return freed


def decide_silence(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """The owner did not answer in time: the line is decided anew without this resource."""
    commitment = state.get(Commitment, fired.ref)
    if commitment is None or commitment.stage not in ("committed", "reserved", "ordered"):
        return
    at = desk(state, context)
    yield ended(at, commitment, out.CommitmentUnanswered, "unanswered", at.now, "no answer in time", reopen=True)
    yield from serve(at, (commitment.kind,), "unanswered")


def decide_lapse(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Nobody came for a reserved bed in time: it is free again, and the need is taken to be over."""
    commitment = state.get(Commitment, fired.ref)
    if commitment is None or not commitment.open or commitment.stage == "occupied":
        return
    at = desk(state, context)
    yield ended(at, commitment, out.CommitmentEnded, "lapsed", at.now, "reservation ran out", reopen=False)
    yield from serve(at, (commitment.kind,), "freed")


def decide_wave(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """The second wave opens for a line that is still short."""
    line = state.get(Line, fired.ref)
    if line is not None:
        yield from serve(desk(state, context), (line.kind,), "second_wave")


def decide_rested(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """A unit's rest is over."""
    resource = state.get(Resource, fired.ref)
    if resource is not None and resource.status == "rest":
        yield status_change(resource, "ready", context.now, "rested")
        yield from serve(desk(state, context), (resource.kind,), "freed")

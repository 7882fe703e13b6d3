"""The events of a commitment's life: what a step or a fact means for the line and for the resource."""

from datetime import datetime
from typing import NamedTuple

from schemas.outputs import allocation_events as out
from schemas.outputs.catalogue_events import ResourceStatus
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.entities import BEFORE_ARRIVAL, OPEN_STAGES, Commitment, Line

LEFT = ("shipped", "delivered", "occupied")
"""Stages in which the promised quantity is no longer on hand."""

ARRIVALS = ("on_scene", "delivered", "occupied")


class Step(NamedTuple):
    """What a reported step makes of a commitment."""

    stage: out.CommitmentStage
    leaves: bool = False
    """What was promised leaves the owner's hand: shipped stock, an occupied bed."""
    comes_back: bool = False
    """What had left is there again."""
    status: ResourceStatus | None = None


def changed_by(
    at: Desk, commitment: Commitment, step: Step, observed_at: datetime, reason: str, reported: int | None = None
) -> out.CommitmentChanged:
    """The event that a step makes; `reported` is the quantity that really came or came back, where told."""
    over = step.stage not in OPEN_STAGES
    quantity = commitment.quantity
    had_left = commitment.stage in LEFT
    leaves = step.leaves and not had_left
    back = (quantity if reported is None else min(reported, quantity)) if step.comes_back and had_left else 0
    missing = max(quantity - reported, 0) if step.stage == "delivered" and reported is not None else 0
    status = step.status
    if over and status == "rest" and commitment.stage in BEFORE_ARRIVAL and commitment.stage != "en_route":
        status = "ready"
    rest = at.after(at.law.kind(commitment.kind).rest_minutes) if status == "rest" else None
    return (out.CommitmentEnded if over else out.CommitmentAdvanced)(
        incident=commitment.incident,
        commitment=commitment.id,
        request=commitment.request,
        line=int(commitment.line.rpartition("/")[2]),
        kind=commitment.kind,
        resource=commitment.resource,
        quantity=quantity,
        previous=commitment.stage,
        stage=step.stage,
        observed_at=observed_at,
        reason=reason,
        freed=quantity if (leaves or over) and not had_left else 0,
        on_hand=back - quantity if leaves else back,
        reopened=missing,
        resource_status=status,
        rest_until=rest,
        after_s=_after(commitment, step.stage, observed_at),
        heard_by=at.after(at.law.kind(commitment.kind).heartbeat_minutes) if step.stage == "en_route" else None,
    )


def _after(commitment: Commitment, stage: str, observed_at: datetime) -> int | None:
    if stage not in ARRIVALS:
        return None
    return max(round((observed_at - commitment.committed_at).total_seconds()), 0)


def ended(
    at: Desk,
    commitment: Commitment,
    event: type[out.CommitmentChanged],
    stage: out.CommitmentStage,
    observed_at: datetime,
    reason: str,
    *,
    reopen: bool,
    status: ResourceStatus | None = None,
) -> out.CommitmentChanged:
    """The event that ends a commitment before it was fulfilled."""
    had_left = commitment.stage in LEFT
    cancelled = at.request_of(at.state.of(Line)[commitment.line]).cancelled
    return event(
        incident=commitment.incident,
        commitment=commitment.id,
        request=commitment.request,
        line=int(commitment.line.rpartition("/")[2]),
        kind=commitment.kind,
        resource=commitment.resource,
        quantity=commitment.quantity,
        previous=commitment.stage,
        stage=stage,
        observed_at=observed_at,
        reason=reason,
        freed=0 if had_left else commitment.quantity,
        reopened=commitment.quantity if reopen and not cancelled else 0,
        resource_status=status,
        excluded=stage in ("declined", "unanswered"),
    )

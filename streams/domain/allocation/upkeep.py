"""What is watched besides requests: stock norms (ST-1), readiness (TM-1, TM-11), contact (DU-8), requisition (RQ-*)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.base import OutputEvent
from schemas.inputs.directives import Requisition as Order
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.catalogue_events import ReadinessReported, ResourceCatalogued, ResourceCounted
from schemas.outputs.supply_events import (
    ContactLost,
    ReadinessJudged,
    RequisitionChanged,
    StockCoverageJudged,
    StockNormJudged,
)
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import Commitment, Requisition, Resource, StockCoverage, TeamStrength
from streams.domain.allocation.lines import Events, serve
from streams.domain.context import Context, TimerFired
from streams.domain.core import area_of
from streams.domain.directives.refs import resolve_incident
from streams.domain.state import AreaState, Change, Put

HEALTH_TEAM = "health_team"


def react_catalogued(state: AreaState, event: ResourceCatalogued, context: Context) -> Iterator[OutputEvent]:
    """A new entry is judged at once."""
    at = desk(state, context)
    yield from _judge_stock(at, event.entry.resource)
    yield from _judge_coverage(at, event.entry.resource)
    yield from _judge_team(at, event.entry.resource)


def react_counted(state: AreaState, event: ResourceCounted, context: Context) -> Iterator[OutputEvent]:
    """A count is what days of supply are made of."""
    at = desk(state, context)
    yield from _judge_stock(at, event.resource)
    yield from _judge_coverage(at, event.resource)


def react_readiness(state: AreaState, event: ReadinessReported, context: Context) -> Iterator[OutputEvent]:
    """Headcount, posts and training are what readiness is made of."""
    yield from _judge_team(desk(state, context), event.resource)


def _judge_stock(at: Desk, resource_id: str) -> Events:
    """ST-1: so many days of normal use; in the season, of full load."""
    resource = at.state.of(Resource)[resource_id]
    entry, norm = resource.entry, at.law.norm
    month = at.now.astimezone(ZoneInfo(area_of(at.state).timezone)).month
    basis: Literal["normal_use", "full_load"] = "full_load" if month in norm.season_months else "normal_use"
    use = entry.daily_use_full_load if basis == "full_load" else entry.daily_use
    if not use:
        return
    norm_days = norm.season_days if basis == "full_load" else norm.days
    days = resource.quantity / use
    if (days < norm_days) != resource.below_norm:
        yield StockNormJudged(
            resource=resource_id,
            breached=days < norm_days,
            days=round(days, 2),
            norm_days=norm_days,
            basis=basis,
            rule=norm.id,
        )


def _judge_coverage(at: Desk, resource_id: str) -> Events:
    """ST-2: of how many kinds of the reserve catalogue a unit has something on hand."""
    entry, norm = at.state.of(Resource)[resource_id].entry, at.law.norm
    if not norm.catalogue or entry.kind not in norm.catalogue or entry.form != "stock":
        return
    own = (at.state.of(Resource)[id] for id in at.index.owned(entry.owner_unit))
    has = {one.kind for one in own if one.entry.form == "stock" and one.quantity > 0 and one.status == "ready"}
    missing = tuple(kind for kind in norm.catalogue if kind not in has)
    share = 1 - len(missing) / len(norm.catalogue)
    known = at.state.get(StockCoverage, entry.owner_unit)
    if (share < norm.coverage) != (known is not None and known.breached):
        yield StockCoverageJudged(
            owner_unit=entry.owner_unit,
            breached=share < norm.coverage,
            share=round(share, 3),
            norm=norm.coverage,
            missing=missing,
            rule=norm.id,
        )


def _judge_strength(at: Desk, resource_id: str) -> Events:
    """TM-1: a team counts all its sub-units' people; city teams need 60, county teams 20."""
    entry = at.state.of(Resource)[resource_id].entry
    team, needed = entry.reserve_group or entry.resource, at.law.readiness.team_headcount.get(entry.team_level or "")
    if needed is None:
        return
    members = [one for one in at.state.of(Resource).values() if (one.entry.reserve_group or one.id) == team]
    counts = [one.readiness.headcount if one.readiness is not None else None for one in members]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return
    total, before = sum(known), at.state.get(TeamStrength, team)
    if (total >= needed) != (before is None or before.ready):
        yield ReadinessJudged(
            resource=team,
            whole_team=True,
            headcount=total,
            ready=total >= needed,
            gaps=() if total >= needed else ("headcount",),
            rule=at.law.readiness.id,
        )


def _judge_team(at: Desk, resource_id: str) -> Events:
    """TM-1, TM-11: every post has an A and a B person, and the team was trained within the year."""
    resource = at.state.of(Resource)[resource_id]
    readiness, rule = resource.readiness, at.law.readiness
    if resource.entry.category != HEALTH_TEAM or readiness is None:
        return
    yield from _judge_strength(at, resource_id)
    gaps: list[Literal["headcount", "posts_without_b", "training"]] = []
    if readiness.headcount is not None and readiness.headcount < rule.least_headcount:
        gaps.append("headcount")
    if readiness.posts_without_b > 0:
        gaps.append("posts_without_b")
    if readiness.trained_at is not None and at.now - readiness.trained_at > timedelta(days=rule.training_days):
        gaps.append("training")
    if bool(gaps) != resource.unready:
        yield ReadinessJudged(resource=resource_id, ready=not gaps, gaps=tuple(gaps), rule=rule.id)


def decide_contact(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """A deployed force is silent (DU-8): told, not acted upon."""
    commitment = state.get(Commitment, fired.ref)
    if commitment is not None and commitment.stage in ("en_route", "on_scene"):
        yield ContactLost(
            incident=commitment.incident,
            commitment=commitment.id,
            resource=commitment.resource,
            since=commitment.heard_at or commitment.departed_at or commitment.committed_at,
        )


def requisition(at: Desk, event: DirectiveAccepted, command: Order) -> Events:
    """Order, return or pay for social supplies; a pre-registered target serves who waits (RQ-1..RQ-3)."""
    incident = resolve_incident(at.state, command.incident)
    known = at.state.get(Requisition, command.requisition)
    if incident is None or (known is None) != (command.step == "order"):
        code = "UNKNOWN_INCIDENT" if incident is None else "REQUISITION_EXISTS" if known else "UNKNOWN_REQUISITION"
        yield at.refuse(incident.id if incident else None, code, f"requisition {command.requisition}: {command.step}")
        return
    target = at.state.get(Resource, known.resource if known else command.item)
    if known is None and target is not None and not target.entry.requisition_target:
        yield at.refuse(incident.id, "NO_REQUISITION_TARGET", f"{target.id} belongs to the catalogue's own owners")
        return
    status = {"order": "ordered", "return": "returned", "compensate": "compensated"}[command.step]
    yield RequisitionChanged(
        incident=incident.id,
        requisition=command.requisition,
        status=status,  # type: ignore[arg-type]  # one of the three by construction
        item=command.item,
        owner=command.owner,
        resource=target.id if target is not None else None,
        legal_basis=command.legal_basis,
        valuation_yuan=command.valuation_yuan,
        return_by=command.return_by,
        issuer=event.issuer,
        office=event.office,
        directive=event.directive,
    )
    if target is not None and status == "ordered":
        yield from serve(at, (target.kind,), "requisitioned")


def evolve_norm(state: AreaState, event: StockNormJudged) -> Iterator[Change]:
    """Whether the lot is below its norm is told once."""
    yield Put(state.of(Resource)[event.resource].model_copy(update={"below_norm": event.breached}))


def evolve_team(state: AreaState, event: ReadinessJudged) -> Iterator[Change]:
    """Whether the team lacks something is told once."""
    if event.whole_team:
        yield Put(TeamStrength(id=event.resource, ready=event.ready))
    else:
        yield Put(state.of(Resource)[event.resource].model_copy(update={"unready": not event.ready}))


def evolve_coverage(state: AreaState, event: StockCoverageJudged) -> Iterator[Change]:
    """Whether the unit's stock covers the catalogue is told once."""
    yield Put(StockCoverage(id=event.owner_unit, breached=event.breached))


def evolve_lost(state: AreaState, event: ContactLost) -> Iterator[Change]:
    """The event itself is what is remembered."""
    yield from ()


def evolve_requisition(state: AreaState, event: RequisitionChanged) -> Iterator[Change]:
    """An ordered target may be used until it is given back."""
    yield Put(
        Requisition(
            id=event.requisition,
            incident=event.incident,
            status=event.status,
            item=event.item,
            owner=event.owner,
            resource=event.resource,
        )
    )
    resource = state.get(Resource, event.resource)
    if resource is not None:
        yield Put(resource.model_copy(update={"requisitioned": event.status == "ordered"}))

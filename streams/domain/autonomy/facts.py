"""What one entry of a node's log means in the city: facts always apply; what contradicts them is replanned (AU-1).

Requests and commitments of a node are called `<node>:<its own id>` here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.base import OutputEvent
from schemas.inputs import nodes as log
from schemas.inputs.reports import IncidentReported
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.bed_events import BedTierClosed, BedTierOpened
from streams.domain.allocation.catalogue import decide_quantity, decide_status
from streams.domain.allocation.desk import desk
from streams.domain.allocation.entities import Commitment, Line, Request, Resource
from streams.domain.autonomy import resources
from streams.domain.autonomy.delegating import district_of, ended, told_late
from streams.domain.autonomy.entities import Autonomy, NodeLog, Overruled
from streams.domain.context import Context
from streams.domain.core import District
from streams.domain.directives.days import law
from streams.domain.directives.refs import resolve_incident
from streams.domain.intake.reports import decide_report
from streams.domain.state import AreaState

Events = Iterator[OutputEvent]


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, by whom it was told, and where it is merged."""

    state: AreaState
    context: Context
    node: str
    entry: log.LogEntry


def happened(state: AreaState, context: Context, node: str, entry: log.LogEntry) -> Events:
    """Let an entry count."""
    what = entry.entry
    check = CHECKS.get(type(what))
    aside = check(state, what) if check is not None else None
    if aside is not None:
        yield out.EntrySetAside(node=node, reason=aside, entry=entry)
        return
    yield from MEANINGS[type(what)](Told(state, context, node, entry), what)


# ---- what can have no effect here


def lacks_request(state: AreaState, node: str, entry: log.LogEntry) -> bool:
    """Whether an entry is about a request or commitment of the node that has not come yet."""
    what = entry.entry
    if isinstance(what, log.SteppedThere):
        id = f"{node}:{what.commitment}"
        return state.get(Commitment, id) is None and state.get(Overruled, id) is None
    if isinstance(what, log.CommittedThere):
        return state.get(Line, f"{node}:{what.request}/{what.line}") is None
    if isinstance(what, log.RequestChangedThere):
        lines = (f"{node}:{what.request}/{number}" for number in what.quantities)
        return any(state.get(Line, line) is None for line in lines)
    return False


def _misplaced(state: AreaState, report: IncidentReported) -> out.AsideReason | None:
    if report.area != state.area:
        return "foreign_area"
    return _placed(state, report.place.district)


def _placed(state: AreaState, district: str) -> out.AsideReason | None:
    known = district == state.area or state.get(District, district) is not None
    return None if known else "unknown_division"


def _unknown(state: AreaState, area: str, resource: str) -> out.AsideReason | None:
    if area != state.area:
        return "foreign_area"
    return None if state.get(Resource, resource) is not None else "unknown_resource"


# ---- what it means


def _begun(at: Told, what: log.AutonomyBegun) -> Events:
    if at.state.of(NodeLog)[at.node].merged > at.entry.sequence:
        return  # Told after its end: it is not entered anew.
    mode = law(at.state, at.context.policy.autonomy, what.since).mode
    yield out.AutonomyEntered(
        node=at.node,
        district=district_of(at.state, at.node) or at.state.area,
        reason=what.reason,
        since=what.since,
        here=False,
        rule=mode.id if mode is not None else "",
    )
    yield from told_late(at.state, at.context, at.node, what.since)


def _over(at: Told, what: log.AutonomyOver) -> Events:
    """The end of the log: the city takes over what is open, and disposes of the resources again."""
    known = at.state.get(Autonomy, at.node)
    yield out.AutonomyExited(
        node=at.node,
        district=district_of(at.state, at.node) or at.state.area,
        reason=what.reason,
        since=known.since if known is not None and known.active else what.until,
        until=what.until,
        here=False,
    )
    yield from ended(at.state, at.context, at.node, "log_merged")


def _skipped(at: Told, what: log.LinkSkipped) -> Events:
    skip = law(at.state, at.context.policy.autonomy, at.entry.logged_at).skip
    rule = skip.id if skip is not None else ""
    yield out.ReportEscalatedPast(
        node=at.node, unit=what.unit, past=what.past, to=what.to, rule=rule, at=at.entry.logged_at
    )


def _requested(at: Told, what: log.RequestTaken) -> Events:
    """The node's request, with what it asked for; nobody serves it here while the log goes on."""
    request = f"{at.node}:{what.request}"
    if at.state.get(Request, request) is not None:
        return
    incident = resolve_incident(at.state, what.about)
    allocation = desk(at.state, at.context).law
    yield alloc.RequestAdmitted(
        incident=incident.id if incident is not None else None,
        request=request,
        unit=what.unit,
        department=what.department,
        for_task_force=False,
        place=what.place,
        needed_by=None,
        asked_at=at.entry.logged_at,
        lines=tuple(
            alloc.AdmittedLine(
                line=line.line,
                kind=line.kind,
                quantity=line.quantity,
                urgency=line.urgency or allocation.kind(line.kind).urgency,
                requires=line.requires,
                prefers=line.prefers,
                minimum_type=line.minimum_type,
            )
            for line in what.lines
        ),
        node=at.node,
    )


def _changed(at: Told, what: log.RequestChangedThere) -> Events:
    request = at.state.of(Request)[f"{at.node}:{what.request}"]
    yield alloc.RequestChanged(
        incident=request.incident,
        request=request.id,
        quantities=dict(sorted(what.quantities.items())),
        by=at.node,
        reason=what.reason,
    )


def _tier(at: Told, what: log.TierMoved) -> Events:
    if not what.open:
        yield BedTierClosed(owner_unit=what.owner_unit, kind=what.bed_kind, tier=what.tier)
        return
    short = f"{at.node}:{what.request or what.owner_unit}/{what.line}"
    line = at.state.get(Line, short)
    yield BedTierOpened(
        incident=line.incident if line is not None else None,
        owner_unit=what.owner_unit,
        kind=what.bed_kind,
        tier=what.tier,
        line=short,
    )


def _measured(at: Told, what: log.MeasureTaken) -> Events:
    yield out.MeasureReported(node=at.node, measure=what.measure, unit=what.unit, text=what.text, at=at.entry.logged_at)


CHECKS: dict[type[Any], Callable[[AreaState, Any], out.AsideReason | None]] = {
    log.ReportTaken: lambda state, what: _misplaced(state, what.report),
    log.StatusSeen: lambda state, what: _unknown(state, what.status.area, what.status.resource),
    log.QuantitySeen: lambda state, what: _unknown(state, what.quantity.area, what.quantity.resource),
    log.RequestTaken: lambda state, what: _placed(state, what.place.district),
    log.CommittedThere: lambda state, what: _unknown(state, state.area, what.resource),
}
"""Why an entry that is believed can have no effect here; what is not listed always can."""
MEANINGS: dict[type[Any], Callable[[Told, Any], Events]] = {
    log.AutonomyBegun: _begun,
    log.AutonomyOver: _over,
    log.LinkSkipped: _skipped,
    log.ReportTaken: lambda at, what: decide_report(at.state, what.report, at.context),
    log.StatusSeen: lambda at, what: decide_status(at.state, what.status, at.context),
    log.QuantitySeen: lambda at, what: decide_quantity(at.state, what.quantity, at.context),
    log.RequestTaken: _requested,
    log.RequestChangedThere: _changed,
    log.CommittedThere: lambda at, what: resources.committed(desk(at.state, at.context), at.node, at.entry, what),
    log.SteppedThere: lambda at, what: resources.stepped(desk(at.state, at.context), at.node, what),
    log.TierMoved: _tier,
    log.MeasureTaken: _measured,
}
"""What each kind of entry means, one line each."""

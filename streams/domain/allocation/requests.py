"""Requests: admitted, amended, withdrawn (EDXL-RM RequestResource; AL-10)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.requests import RequestAmended, RequestCancelled, RequestLine, ResourceRequested
from schemas.outputs.allocation_events import AdmittedLine, RequestAdmitted, RequestChanged, RequestWithdrawn
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import Line, Request
from streams.domain.allocation.lifecycle import recall_line
from streams.domain.allocation.lines import decide_lines, serve
from streams.domain.autonomy.entities import acting, this_node
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.refs import resolve_incident
from streams.domain.fast import made
from streams.domain.state import AreaState


def decide_request(state: AreaState, event: ResourceRequested, context: Context) -> Iterator[OutputEvent]:
    """Give the request its number and serve its lines at once, as far as the rules permit."""
    at = desk(state, context)
    incident = _incident(state, event)
    named = event.incident or event.external_id
    if this_node(state) is not None and acting(state) is None:
        yield at.refuse(None, "NODE_NOT_AUTONOMOUS", "the city commands: a node acts by itself only when it is cut off")
        return
    if event.request in state.of(Request):
        yield at.refuse(None, "REQUEST_EXISTS", "a request with this number was admitted", request=event.request)
        return
    if incident is None and named:
        yield at.refuse(None, "UNKNOWN_INCIDENT", f"no incident {event.incident_ref()} in this area")
        return
    if incident is not None and not incident.resident():
        yield at.refuse(incident.id, "INCIDENT_CLOSED", "the incident is closed")
        return
    numbers = [line.line for line in event.lines]
    if len(set(numbers)) < len(numbers):
        yield at.refuse(incident.id if incident else None, "LINE_TWICE", "two lines have the same number")
        return
    yield made(
        RequestAdmitted,
        incident=incident.id if incident else None,
        request=event.request,
        unit=event.unit,
        department=event.department,
        for_task_force=event.for_task_force,
        place=event.place,
        needed_by=event.needed_by,
        asked_at=context.now,
        lines=tuple(_admitted(at, line) for line in event.lines),
        text=event.text,
    )
    yield from decide_lines(at, [f"{event.request}/{line.line}" for line in event.lines], "requested")


def _incident(state: AreaState, event: ResourceRequested) -> Incident | None:
    if event.incident is not None:
        return resolve_incident(state, event.incident)
    if event.external_id is not None:
        return resolve_incident(state, f"{event.source}|{event.external_id}")
    return None


def _admitted(at: Desk, line: RequestLine) -> AdmittedLine:
    return made(
        AdmittedLine,
        line=line.line,
        kind=line.kind,
        quantity=line.quantity,
        urgency=line.urgency or at.law.kind(line.kind).urgency,
        requires=line.requires,
        prefers=line.prefers,
        minimum_type=line.minimum_type,
    )


def decide_amendment(state: AreaState, event: RequestAmended, context: Context) -> Iterator[OutputEvent]:
    """Take new quantities: more is decided at once, less is recalled, first what has not arrived."""
    at = desk(state, context)
    request = state.get(Request, event.request)
    if request is None or request.cancelled:
        code = "UNKNOWN_REQUEST" if request is None else "REQUEST_CANCELLED"
        yield at.refuse(request.incident if request else None, code, f"request {event.request} is not open")
        return
    unknown = [number for number in event.quantities if f"{event.request}/{number}" not in request.lines]
    if unknown or any(quantity < 0 for quantity in event.quantities.values()):
        yield at.refuse(request.incident, "UNKNOWN_LINE", "no such line, or a negative quantity", lines=unknown)
        return
    yield RequestChanged(
        incident=request.incident,
        request=event.request,
        quantities=dict(sorted(event.quantities.items())),
        by=event.unit,
        reason=event.reason,
    )
    freed: dict[str, None] = {}
    for number in sorted(event.quantities):
        line_id = f"{event.request}/{number}"
        line = state.of(Line)[line_id]
        if line.need > 0:
            yield from decide_lines(at, (line_id,), "amended")
        elif (yield from recall_line(at, line_id, keep=line.quantity, reason="amended")):
            freed[line.kind] = None
    yield from serve(at, freed, "freed")


def decide_cancellation(state: AreaState, event: RequestCancelled, context: Context) -> Iterator[OutputEvent]:
    """End the request; what has not arrived is recalled and serves those who wait."""
    at = desk(state, context)
    request = state.get(Request, event.request)
    if request is None or request.cancelled:
        code = "UNKNOWN_REQUEST" if request is None else "REQUEST_CANCELLED"
        yield at.refuse(request.incident if request else None, code, f"request {event.request} is not open")
        return
    yield RequestWithdrawn(incident=request.incident, request=event.request, by=event.unit, reason=event.reason)
    freed: dict[str, None] = {}
    for line_id in request.lines:
        line = state.get(Line, line_id)
        if line is not None and (yield from recall_line(at, line_id, keep=0, reason="cancelled")):
            freed[line.kind] = None
    yield from serve(at, freed, "freed")

"""Directives about resources: authorise, waive, assign by hand, release (AL-1, AL-9).

Signature and authority were checked before they come here.
"""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.outputs import allocation_events as out
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.allocation.changes import Step, changed_by, ended
from streams.domain.allocation.choose import NOTHING_MORE, Grounds
from streams.domain.allocation.decision import FIRST_STAGE
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import BEFORE_ARRIVAL, Commitment, Line, Resource
from streams.domain.allocation.lines import Events, serve
from streams.domain.allocation.pool import CODE, IDLE
from streams.domain.allocation.upkeep import requisition
from streams.domain.context import Context
from streams.domain.directives.refs import resolve_incident
from streams.domain.state import AreaState


def react_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Carry out the directives that concern resources."""
    command = event.command
    at = desk(state, context)
    match command:
        case cmd.Authorise() | cmd.WaiveFloor():
            yield from _permit(at, event, command)
        case cmd.AssignByHand():
            yield from _assign(at, event, command)
        case cmd.ReleaseResource():
            yield from _release(at, event, command)
        case cmd.Requisition():
            yield from requisition(at, event, command)
        case _:
            return


def _permit(at: Desk, event: DirectiveAccepted, command: cmd.Authorise | cmd.WaiveFloor) -> Events:
    """AL-1 and stage 2: what waited for it is decided anew; what was committed before needs no second look."""
    incident = resolve_incident(at.state, command.incident)
    if incident is None:
        yield at.refuse(None, "UNKNOWN_INCIDENT", f"no incident {command.incident} in this area")
        return
    if isinstance(command, cmd.Authorise):
        yield out.AllocationAuthorised(
            incident=incident.id,
            authorisation=event.directive,
            until=command.until,
            kinds=command.kinds,
            issuer=event.issuer,
            office=event.office,
            legal_basis=event.legal_basis,
        )
    else:
        yield out.FloorWaived(
            incident=incident.id,
            waiver=event.directive,
            until=command.until,
            kinds=command.kinds,
            districts=command.districts,
            issuer=event.issuer,
            office=event.office,
            legal_basis=event.legal_basis,
        )
    waiting = [line.kind for line in at.state.of_incident(Line, incident.id) if line.need > 0]
    yield from serve(at, waiting, "authorised" if isinstance(command, cmd.Authorise) else "waived")


def _assign(at: Desk, event: DirectiveAccepted, command: cmd.AssignByHand) -> Events:
    """A dispatcher decides: distance and order do not bind a person; trade, capability, floors and AL-1 do."""
    line = at.state.get(Line, f"{command.request}/{command.line}")
    resource = at.state.get(Resource, command.resource)
    if line is None or resource is None:
        what = f"line {command.request}/{command.line}" if line is None else f"resource {command.resource}"
        yield at.refuse(line.incident if line else None, "UNKNOWN_LINE" if line is None else "UNKNOWN_RESOURCE", what)
        return
    quantity = min(command.quantity, line.need)
    objection = _outside_trade(at, event, resource) or _objection(at, line, resource, quantity)
    if objection is not None:
        yield at.refuse(line.incident, objection[0], objection[1], resource=resource.id, line=line.id)
        return
    entry = resource.entry
    place = at.request_of(line).place
    index = at.index
    pool = index.pool(line.kind)
    eta = index.eta_ms(pool, pool.row_of[resource.id], index.spot(place))
    yield out.ResourceCommitted(
        incident=line.incident,
        commitment=f"{line.id}/{line.commitments + 1}",
        request=line.request,
        line=line.number,
        kind=line.kind,
        resource=resource.id,
        owner_unit=entry.owner_unit,
        owner_department=entry.owner_department,
        district=entry.district,
        quantity=quantity,
        stage=FIRST_STAGE[entry.form],
        urgency=line.urgency,
        tier="by_hand",
        eta_ms=eta,
        score_ms=None,
        committed_at=at.now,
        to=place,
        accept_by=at.after(entry.accept_within_minutes or at.law.kind(line.kind).accept_minutes),
        authorisation=at.authorisation(line) if at.department(resource.entry) != line.department else None,
        reason=command.reason,
    )


def _outside_trade(at: Desk, event: DirectiveAccepted, resource: Resource) -> tuple[str, str] | None:
    """AL-8: the 120 centre dispatches what counts as health, the EM centre its own; other offices have no trade."""
    trade = at.department(resource.entry)
    if not event.trades or trade in event.trades:
        return None
    return "OUTSIDE_TRADE", f"{resource.id} counts as {trade}; {event.office} may dispatch {', '.join(event.trades)}"


def _objection(at: Desk, line: Line, resource: Resource, quantity: int) -> tuple[str, str] | None:
    """What forbids this resource for that line, whoever wants it."""
    if resource.kind != line.kind:
        return "WRONG_KIND", f"{resource.id} is {resource.kind}, the line asks for {line.kind}"
    if quantity <= 0:
        return "LINE_FILLED", "nothing of the line is open"
    pool = at.index.pool(line.kind)
    row = pool.row_of[resource.id]
    if not pool.fit(line.requires, (), line.minimum_type).sets[pool.capability[row]]:
        return "LACKS_CAPABILITY", "the resource lacks what the line requires"
    return _not_free(at, line, resource, row, quantity)


def _not_free(at: Desk, line: Line, resource: Resource, row: int, quantity: int) -> tuple[str, str] | None:
    grounds = at.grounds(line)
    why = int(at.index.pool(line.kind).why[row])
    if why != IDLE and not (grounds.requisition and why == CODE["requisition_only"]):
        return "NOT_AVAILABLE", "the resource is not free"
    if at.department(resource.entry) != line.department and at.authorisation(line) is None:
        return "NOT_AUTHORISED", "crosses departments without an authorisation in scope and time (AL-1)"
    if _above_floor(at, resource, row, quantity, grounds):
        return None
    return "BELOW_FLOOR", "would go below a floor or a group's reserve without a waiver"


def _above_floor(at: Desk, resource: Resource, row: int, quantity: int, grounds: Grounds) -> bool:
    pool = at.index.pool(resource.kind)
    district = resource.entry.district
    waived = grounds is not NOTHING_MORE and grounds.waived and district in (grounds.waived_districts or (district,))
    group = pool.group_of.get(row)
    if group is not None and not grounds.group_waived:
        idle = sum(1 for other in pool.groups[group] if pool.why[other] == IDLE)
        if idle <= at.law.reserve.group_keeps:
            return False
    if waived:
        return quantity <= int(pool.deep[row])
    return quantity <= min(int(pool.available[row]), pool.headroom(int(pool.district[row])))


def _release(at: Desk, event: DirectiveAccepted, command: cmd.ReleaseResource) -> Events:
    """EDXL-RM RequestReturn: end a commitment. Its need is over too: who still needs somebody asks again."""
    commitment = at.state.get(Commitment, command.commitment)
    if commitment is None or not commitment.open:
        incident = commitment.incident if commitment is not None else None
        yield at.refuse(incident, "UNKNOWN_COMMITMENT", f"no open commitment {command.commitment}")
        return
    resource = at.state.of(Resource)[commitment.resource]
    if (objection := _outside_trade(at, event, resource)) is not None:
        yield at.refuse(commitment.incident, objection[0], objection[1], resource=resource.id, commitment=commitment.id)
        return
    form = resource.entry.form
    reason = command.reason or "recalled by the dispatcher"
    if commitment.stage in BEFORE_ARRIVAL:
        yield ended(at, commitment, out.CommitmentEnded, "recalled", at.now, reason, reopen=False)
    elif form == "unit":
        yield changed_by(at, commitment, Step("released", status="rest"), at.now, reason)
    else:
        yield changed_by(at, commitment, Step("returned", comes_back=True), at.now, reason)
    yield from serve(at, (commitment.kind,), "freed")

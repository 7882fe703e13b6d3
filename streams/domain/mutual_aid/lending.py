"""The home city: it alone commits its resources, for another city under an agreement as for anybody else (MA-1).

A loan is a request of the other city with one line, served from what stands above the floors: so everything that
keeps a resource from being promised twice keeps it from being lent twice. What is held runs out by the home's own
clock; a confirmation after that is answered, not accepted.
"""

from collections.abc import Generator, Iterator

import numpy as np

from schemas.base import OutputEvent
from schemas.inputs.aid import AidConfirmation, AidItem, AidRequest, AidReturn, AidStatus, BackItem
from schemas.outputs import allocation_events as out
from schemas.outputs.aid_events import AidAnswered
from streams.domain.allocation.changes import LEFT, Step, changed_by, ended
from streams.domain.allocation.choose import Plan, plan
from streams.domain.allocation.decision import commitment, crossed, told
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import Commitment, Line, Request, Resource
from streams.domain.allocation.lines import serve
from streams.domain.allocation.travel import Spot
from streams.domain.context import Context, Received, TimerFired
from streams.domain.core import Agreement
from streams.domain.fast import changed, made
from streams.domain.mutual_aid.entities import LEND, Loan, agreements
from streams.domain.mutual_aid.terms import seconds_on
from streams.domain.state import AreaState
from streams.policy.allocation import MINUTE_MS

Events = Generator[OutputEvent, None, None]
RULE = "MA-1"
LINE = 1


def decide_request(state: AreaState, event: AidRequest, context: Context) -> Iterator[OutputEvent]:
    """Hold what the agreement and the floors permit, or decline; asked again, say how it was settled."""
    at = desk(state, context)
    loan = state.get(Loan, event.aid)
    if loan is not None:
        if loan.borrower == event.from_area:
            yield answer(at, loan, loan.status, loan.code)
        return
    found, code = _agreed(at, event)
    if found is None:
        yield answer(at, _new(event, None), "declined", code)
        return
    agreement, most = found
    chosen = _planned(at, event, agreement, most)
    if not chosen.picks:
        yield answer(at, _new(event, agreement.id), "declined", "NOTHING_FREE")
        return
    yield from _hold(at, event, agreement, chosen)
    expires_at = seconds_on(at, at.law.aid.hold_seconds)
    yield answer(at, changed(_new(event, agreement.id), expires_at=expires_at), "held")


def _new(event: AidRequest, agreement: str | None) -> Loan:
    return Loan(id=event.aid, borrower=event.from_area, agreement=agreement, kind=event.kind, status="declined")


def _agreed(at: Desk, event: AidRequest) -> tuple[tuple[Agreement, int] | None, str]:
    """The agreement that covers it and how much it still permits; else the code of the refusal."""
    if event.aid in at.state.of(Request) or event.from_area == at.state.area:
        return None, "REQUEST_EXISTS" if event.from_area != at.state.area else "SAME_AREA"
    agreement = next(agreements(at.state, event.from_area, event.kind, at.now, "lend"), None)
    if agreement is None:
        return None, "NO_AGREEMENT"
    limit = agreement.entry.quantities.get(event.kind)
    most = event.quantity if limit is None else min(event.quantity, limit - _out(at, event.from_area, event.kind))
    return ((agreement, most), "") if most > 0 else (None, "QUANTITY_USED")


def _out(at: Desk, borrower: str, kind: str) -> int:
    """How much of a kind is held for or lent to a city now."""
    loans = (loan for loan in at.state.of(Loan).values() if loan.open)
    mine = (loan for loan in loans if (loan.borrower, loan.kind) == (borrower, kind))
    return sum(one.quantity for loan in mine for one in promised(at.state, loan.id))


def promised(state: AreaState, aid: str) -> tuple[Commitment, ...]:
    """Open commitments of a loan."""
    line = state.get(Line, f"{aid}/{LINE}")
    ids = () if line is None else (f"{line.id}/{number}" for number in range(1, line.commitments + 1))
    return tuple(one for id in ids if (one := state.get(Commitment, id)) is not None and one.open)


def _line(event: AidRequest, quantity: int, asked_ms: int) -> Line:
    return made(
        Line,
        id=f"{event.aid}/{LINE}",
        incident=None,
        request=event.aid,
        number=LINE,
        kind=event.kind,
        quantity=quantity,
        need=quantity,
        urgency=event.urgency,
        requires=event.requires,
        prefers=(),
        minimum_type=event.minimum_type,
        asked_ms=asked_ms,
        department=event.department,
    )


def _planned(at: Desk, event: AidRequest, agreement: Agreement, most: int) -> Plan:
    """What could be lent now: only from above the floors, by position where all have one, else as far as agreed."""
    spot = at.index.spot(event.destination)
    if not _placed(at, event):
        spot = _as_agreed(at, spot, agreement.entry.travel_minutes * MINUTE_MS)
    return plan(at.index, _line(event, most, at.now_ms), spot, most, None)


def _placed(at: Desk, event: AidRequest) -> bool:
    return event.destination.point is not None and not at.index.pool(event.kind).unplaced


def _as_agreed(at: Desk, spot: Spot, eta_ms: int) -> Spot:
    return spot._replace(xyz=None, table=np.full(len(at.index.codes), float(eta_ms)), tabled=True, untabled=False)


def _hold(at: Desk, event: AidRequest, agreement: Agreement, chosen: Plan) -> Events:
    """Admit the other city's request as far as it can be served, and commit what serves it."""
    line = _line(event, sum(pick.quantity for pick in chosen.picks), at.now_ms)
    yield out.RequestAdmitted(
        request=event.aid,
        unit=f"area-{event.from_area}",
        department=event.department,
        for_task_force=False,
        place=event.destination,
        needed_by=None,
        asked_at=at.now,
        lines=(
            out.AdmittedLine(
                line=LINE,
                kind=line.kind,
                quantity=line.quantity,
                urgency=line.urgency,
                requires=line.requires,
                minimum_type=line.minimum_type,
            ),
        ),
        text=event.reason,
    )
    decision = told(at, line, "mutual_aid", "committed", chosen, crossed(at, line, chosen.picks), agreement.id)
    yield changed(
        decision, rules=(*decision.rules, RULE), travel=decision.travel if _placed(at, event) else "agreement"
    )
    for pick in chosen.picks:
        made_for = commitment(at, at.state.of(Line)[line.id], pick, agreement.id)
        reason = f"held for {event.from_area} under {agreement.id}"
        yield changed(made_for, accept_by=None, hold_until=None, replan_at=None, tier="mutual_aid", reason=reason)


def decide_confirmation(state: AreaState, event: AidConfirmation, context: Context) -> Iterator[OutputEvent]:
    """Lend what is held, if it still is by this city's clock; whatever else, say how things stand."""
    at = desk(state, context)
    loan = state.get(Loan, event.aid)
    if loan is None:
        unknown = Loan(id=event.aid, borrower=event.from_area, agreement=None, kind=None, status="closed")
        yield answer(at, unknown, "closed", "UNKNOWN_AID")
    elif loan.borrower != event.from_area:
        return
    elif loan.status == "held" and _over(loan, context):
        yield from _lapse(at, loan)
    else:
        yield answer(at, loan, "lent" if loan.status == "held" else loan.status, loan.code)


def _over(loan: Loan, context: Context) -> bool:
    """A term is missed when now is past it, as every deadline; the timer may fire a moment later."""
    return loan.expires_at is not None and context.now > loan.expires_at


def _lapse(at: Desk, loan: Loan) -> Events:
    for one in promised(at.state, loan.id):
        yield ended(at, one, out.CommitmentEnded, "lapsed", at.now, "not confirmed in time", reopen=False)
    yield answer(at, loan, "lapsed", "EXPIRED")
    yield from serve(at, () if loan.kind is None else (loan.kind,), "freed")


def decide_timer(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """A hold has run out; or it is time to ask the borrower what became of a loan."""
    loan = state.get(Loan, fired.ref)
    if loan is None or not loan.open:
        return
    at = desk(state, context)
    if loan.status == "held":
        yield from _lapse(at, loan)
    else:
        yield answer(at, loan, "lent")


def decide_return(state: AreaState, event: AidReturn, context: Context) -> Iterator[OutputEvent]:
    """Take back what is back. A final return of something never held is remembered, should its request come late."""
    at = desk(state, context)
    loan = state.get(Loan, event.aid)
    if loan is None:
        unknown = Loan(id=event.aid, borrower=event.from_area, agreement=None, kind=None, status="closed")
        yield answer(at, unknown, "closed", "UNKNOWN_AID")
        return
    if loan.borrower != event.from_area:
        return
    if not loan.open:
        yield answer(at, loan, loan.status, loan.code)
        return
    fates = {item.resource: item for item in event.items}
    for one in promised(state, loan.id):
        fate = fates.get(one.resource)
        if fate is not None or event.final:
            unused = BackItem(resource=one.resource, quantity=one.quantity, fate="unused")
            yield from _take_back(at, one.id, fate or unused, event.reason)
    over = not promised(state, loan.id)
    yield answer(at, loan, "closed" if over else loan.status, "RETURNED" if over else None)
    yield from serve(at, () if loan.kind is None else (loan.kind,), "freed")


def _take_back(at: Desk, commitment_id: str, item: BackItem, reason: str) -> Events:
    """End a commitment of a loan: what never left is simply free; a unit rests, stock is counted."""
    one = at.state.of(Commitment)[commitment_id]
    form = at.state.of(Resource)[one.resource].entry.form
    if item.fate == "unused" and one.stage not in LEFT:
        yield ended(at, one, out.CommitmentEnded, "recalled", at.now, reason or "not used", reopen=False)
        return
    if form == "unit":
        if one.stage in ("committed", "accepted"):
            yield changed_by(at, one, Step("en_route"), at.now, reason)
            one = at.state.of(Commitment)[commitment_id]
        yield changed_by(at, one, Step("released", status="rest"), at.now, reason)
        return
    if item.fate == "consumed":
        yield changed_by(at, one, Step("consumed", leaves=True), at.now, reason)
        return
    if one.stage not in LEFT:
        leaving = Step("shipped", leaves=True) if form == "stock" else Step("occupied", leaves=True)
        yield changed_by(at, one, leaving, at.now, reason)
        one = at.state.of(Commitment)[commitment_id]
    last = Step("returned", comes_back=True) if form == "stock" else Step("released", comes_back=True)
    yield changed_by(at, one, last, at.now, reason, item.quantity if form == "stock" else None)


def react_lost(state: AreaState, event: out.CommitmentChanged, context: Context) -> Iterator[OutputEvent]:
    """A fact at home took a lent resource away, or its owner moved it on: the borrower is told, nobody takes its place.

    What a message of the borrower or this concern's own timer brought about is answered by whoever decides that.
    """
    loan = state.get(Loan, event.request)
    if loan is None or not loan.open:
        return
    at = desk(state, context)
    if event.reopened:
        left = state.of(Line)[f"{event.request}/{LINE}"].quantity - event.reopened
        why = f"{event.resource} {event.stage}"
        yield out.RequestChanged(request=loan.id, quantities={LINE: left}, by=f"area-{state.area}", reason=why)
    if _own(context, loan):
        return
    if promised(state, loan.id):
        yield answer(at, loan, loan.status)
    else:
        yield answer(at, loan, "lapsed" if loan.status == "held" else "closed", "WITHDRAWN")


def _own(context: Context, loan: Loan) -> bool:
    trigger = context.trigger
    if isinstance(trigger, Received):
        return isinstance(trigger.event, AidConfirmation | AidReturn) and trigger.event.aid == loan.id
    return isinstance(trigger, TimerFired) and trigger.kind == LEND and trigger.ref == loan.id


def answer(at: Desk, loan: Loan, status: AidStatus, code: str | None = None) -> AidAnswered:
    """The home's word: it also is what the home remembers."""
    keeps = status in ("held", "lent")
    return AidAnswered(
        area=loan.borrower,
        from_area=at.state.area,
        aid=loan.id,
        agreement=loan.agreement,
        kind=loan.kind,
        status=status,
        code=code,
        items=tuple(_item(at, one) for one in promised(at.state, loan.id)) if keeps else (),
        expires_at=loan.expires_at,
        again_at=seconds_on(at, at.law.aid.review_seconds) if status == "lent" else None,
        at=at.now,
    )


def _item(at: Desk, one: Commitment) -> AidItem:
    entry = at.state.of(Resource)[one.resource].entry
    return AidItem(commitment=one.id, quantity=one.quantity, stage=one.stage, eta_ms=one.eta_ms, entry=entry)

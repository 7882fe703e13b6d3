"""What the events of mutual aid mean for the state of either city."""

from collections.abc import Iterator
from datetime import datetime

from schemas.inputs.aid import BackItem
from schemas.outputs import aid_events as out
from streams.domain.allocation.entities import Resource
from streams.domain.core import Timer, counted, timer
from streams.domain.fast import changed
from streams.domain.mutual_aid.asking import SERIES
from streams.domain.mutual_aid.entities import ASK, LEND, Aid, Borrowed, Loan, theirs
from streams.domain.state import AreaState, Change, Drop, Put


def evolve_requested(state: AreaState, event: out.AidRequested) -> Iterator[Change]:
    """A saga begins, or asks again."""
    if event.aid not in state.of(Aid):
        yield Put(counted(state, SERIES))
    yield Put(Aid(id=event.aid, incident=event.incident, question=event, until=event.until))
    yield Put(timer(ASK, event.aid, event.again_at, event.incident))


def evolve_confirmed(state: AreaState, event: out.AidConfirmed) -> Iterator[Change]:
    """We wait for the home's word."""
    aid = state.of(Aid)[event.aid]
    status = "confirming" if aid.status == "asked" else aid.status
    yield Put(changed(aid, status=status, until=event.until))
    yield Put(timer(ASK, event.aid, event.again_at, event.incident))


def evolve_returned(state: AreaState, event: out.AidReturned) -> Iterator[Change]:
    """After the final return only the home's acknowledgement is missing."""
    aid = state.of(Aid)[event.aid]
    if event.final and aid.status != "ended":
        yield Put(changed(aid, status="returning", until=event.until, reason=event.reason))
        yield from _ask_again(event.aid, event.again_at, event.incident)


def _ask_again(aid: str, at: datetime | None, incident: str | None) -> Iterator[Change]:
    if at is not None:
        yield Put(timer(ASK, aid, at, incident))


def evolve_answered(state: AreaState, event: out.AidAnswered) -> Iterator[Change]:
    """What the home said is what it remembers."""
    loan = Loan(
        id=event.aid,
        borrower=event.area,
        agreement=event.agreement,
        kind=event.kind,
        status=event.status,
        code=event.code,
        expires_at=event.expires_at,
    )
    yield Put(loan)
    due = event.expires_at if event.status == "held" else event.again_at
    if loan.open and due is not None:
        yield Put(timer(LEND, event.aid, due, None))
    elif f"{LEND}:{event.aid}" in state.of(Timer):
        yield Drop(Timer, f"{LEND}:{event.aid}")


def evolve_ended(state: AreaState, event: out.AidEnded) -> Iterator[Change]:
    """Nothing is awaited any more."""
    aid = state.of(Aid)[event.aid]
    yield Put(changed(aid, status="ended", outcome=event.outcome, until=None))
    if f"{ASK}:{event.aid}" in state.of(Timer):
        yield Drop(Timer, f"{ASK}:{event.aid}")


def evolve_borrowed(state: AreaState, event: out.ResourceBorrowed) -> Iterator[Change]:
    """It stands in our catalogue while it is here, promised as soon as it is there."""
    aid = state.of(Aid)[event.aid]
    items = (*aid.items, Borrowed(resource=event.entry.resource))
    yield Put(changed(aid, status="borrowed", items=items, until=None))
    if event.entry.resource not in state.of(Resource):
        quantity = 1 if event.entry.form == "unit" else event.quantity
        yield Put(Resource(id=event.entry.resource, entry=event.entry, quantity=quantity, aid=event.aid))
    yield Put(timer(ASK, event.aid, event.again_at, event.incident))


def evolve_given_back(state: AreaState, event: out.ResourceGivenBack) -> Iterator[Change]:
    """It leaves our catalogue; the saga remembers what became of it."""
    aid = state.of(Aid)[event.aid]
    back = BackItem(resource=theirs(event.aid, event.resource), quantity=event.quantity, fate=event.fate)
    items = tuple(
        Borrowed(resource=item.resource, back=back) if item.resource == event.resource and item.back is None else item
        for item in aid.items
    )
    yield Put(changed(aid, items=items))
    resource = state.get(Resource, event.resource)
    if resource is not None and resource.aid == event.aid:
        yield Drop(Resource, event.resource)

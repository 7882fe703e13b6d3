"""Asking for aid: a line that is short and that an agreement covers is proposed, or asked for at once (MA-1, AL-1).

At once where the government has authorised joint allocation for the incident, or where a standing order says so for
the line's class; otherwise a named authority decides. One partner is asked at a time, each once for a line.
"""

from collections.abc import Generator, Iterable, Iterator

from schemas.base import OutputEvent
from schemas.outputs.aid_events import AidRequested
from schemas.outputs.allocation_events import LineDecided
from schemas.outputs.bed_events import BedTierOpened
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.beds import next_tier
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import Line
from streams.domain.allocation.pool import CODE
from streams.domain.context import Context
from streams.domain.core import Agreement, number
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, proposed
from streams.domain.mutual_aid.entities import Aid, Loan, agreements
from streams.domain.mutual_aid.terms import seconds_on
from streams.domain.state import AreaState

Events = Generator[OutputEvent, None, None]
MUTUAL_AID = "mutual_aid"
"""Kind of the proposals."""
RULE = "MA-1"
SERIES = "aid"
TIER_CLOSED = CODE["tier_closed"]


def react_short(state: AreaState, event: LineDecided, context: Context) -> Iterable[OutputEvent]:
    """A line is short after everything this city has of its own."""
    if not event.short or event.outcome == "pending_authorization" or not state.of(Agreement):
        return ()
    return _seek(desk(state, context), event.subject(), event.short)


def _seek(at: Desk, line_id: str, short: int) -> Events:
    line = at.state.get(Line, line_id)
    if line is None or line.incident is None or line.request in at.state.of(Loan) or _opens_beds(at, line):
        return
    yield from seek(at, line, short)


def _opens_beds(at: Desk, line: Line) -> bool:
    """A surge tier opens by itself now: own beds go before other cities'."""
    if not at.index.pool(line.kind).totals[TIER_CLOSED]:
        return False
    return isinstance(next_tier(at, line), BedTierOpened)


def seek(at: Desk, line: Line, short: int) -> Events:
    """Ask the next partner for the line, or ask whether to ask."""
    tried = {aid.question.area: aid for aid in of_line(at.state, line)}
    if short <= 0 or any(aid.resident() for aid in tried.values()):
        return
    found = (one for one in agreements(at.state, None, line.kind, at.now, "ask") if one.entry.partner not in tried)
    agreement = min(found, key=lambda one: (one.entry.travel_minutes, one.id), default=None)
    if agreement is None:
        return
    quantity = min(short, agreement.entry.quantities.get(line.kind, short))
    consent = at.authorisation(line)
    if quantity <= 0:
        return
    if consent is not None or line.urgency in at.law.aid.standing_classes:
        yield request(at, line, agreement, quantity, authorisation=consent)
    elif (asked := _proposal(at, line, agreement, quantity)) is not None:
        yield asked


def of_line(state: AreaState, line: Line) -> Iterator[Aid]:
    """Sagas for a line, oldest first."""
    if line.incident is not None:
        yield from (aid for aid in state.of_incident(Aid, line.incident) if aid.line == line.id)


def _proposal(at: Desk, line: Line, agreement: Agreement, quantity: int) -> OutputEvent | None:
    """Ask an authority, unless it was asked: a rejection stands until more is missing than was rejected."""
    for one in at.state.of_incident(Proposal, line.incident or ""):
        if one.kind == MUTUAL_AID and one.about == line.id:
            same = one.payload["agreement"] == agreement.id and one.payload["quantity"] >= quantity
            if one.waiting() or (one.status == "rejected" and same):
                return None
    draft = Draft(
        kind=MUTUAL_AID,
        rule=at.law.aid.id,
        incident=line.incident,
        about=line.id,
        payload={
            "line": line.id,
            "kind": line.kind,
            "quantity": quantity,
            "agreement": agreement.id,
            "partner": agreement.entry.partner,
        },
    )
    return proposed(at.state, at.context, draft, ProposalOpened)


def react_decided(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """An authority confirmed: ask for what is missing now."""
    proposal = state.get(Proposal, event.proposal)
    if event.kind != MUTUAL_AID or event.status != "confirmed" or proposal is None:
        return
    line = state.get(Line, proposal.payload["line"])
    agreement = state.get(Agreement, proposal.payload["agreement"])
    if line is None or agreement is None or line.need <= 0 or any(aid.resident() for aid in of_line(state, line)):
        return
    at = desk(state, context)
    quantity = min(line.need, proposal.payload["quantity"])
    yield request(at, line, agreement, quantity, decided_by=event.decided_by)


def request(
    at: Desk,
    line: Line,
    agreement: Agreement,
    quantity: int,
    *,
    decided_by: tuple[str, ...] = (),
    authorisation: str | None = None,
) -> AidRequested:
    """The first message of a saga."""
    area = at.state.area
    law = at.law.aid
    return AidRequested(
        incident=line.incident,
        area=agreement.entry.partner,
        from_area=area,
        aid=f"{area}-MA{number(at.state, SERIES)}",
        at=at.now,
        agreement=agreement.id,
        request=line.request,
        line=line.number,
        kind=line.kind,
        quantity=quantity,
        requires=line.requires,
        minimum_type=line.minimum_type,
        urgency=line.urgency,
        department=line.department,
        destination=at.request_of(line).place,
        decided_by=decided_by,
        authorisation=authorisation,
        reason=f"{line.id} is short of {quantity}",
        again_at=seconds_on(at, law.retry_seconds),
        until=seconds_on(at, law.patience_seconds),
    )

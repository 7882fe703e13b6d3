"""The borrower's side of a saga (MA-1): confirm what is held, use what is lent, give everything back.

It believes only what the home says. What it waits for it asks for again; what nobody answers it gives up after the
policy's patience, which is safe: a hold runs out by itself, and a home that still thinks it has lent something asks,
and is told that the saga is over.
"""

from collections.abc import Generator, Iterator
from datetime import datetime

from schemas.base import OutputEvent
from schemas.inputs.aid import AidAnswer, AidItem
from schemas.outputs import allocation_events as out
from schemas.outputs.aid_events import (
    AidConfirmed,
    AidEnded,
    AidOutcome,
    AidReturned,
    ResourceBorrowed,
    ResourceGivenBack,
)
from streams.domain.allocation.changes import Step, changed_by, ended
from streams.domain.allocation.decision import FIRST_STAGE
from streams.domain.allocation.desk import Desk, desk, open_commitments
from streams.domain.allocation.entities import OPEN_STAGES, PROGRESS, Line, Resource
from streams.domain.allocation.lines import serve
from streams.domain.context import Context, TimerFired
from streams.domain.fast import changed
from streams.domain.mutual_aid.asking import seek
from streams.domain.mutual_aid.entities import Aid, ours
from streams.domain.mutual_aid.terms import seconds_on
from streams.domain.state import AreaState

Events = Generator[OutputEvent, None, None]
OVER = ("declined", "lapsed", "closed")
NOT_LEFT = ("committed", "reserved", "ordered", "accepted")
"""Stages in which nothing has set out yet."""


def decide_answer(state: AreaState, event: AidAnswer, context: Context) -> Iterator[OutputEvent]:
    """Take the home's word, whatever was lost or overtaken on the way."""
    aid = state.get(Aid, event.aid)
    if aid is None or aid.partner != event.from_area:
        return
    at = desk(state, context)
    if event.status in OVER:
        yield from _over(at, aid, event)
    elif aid.status == "ended":
        yield _final(at, aid, "the saga is over here")
    elif aid.status == "asked":
        yield from _held(at, aid)
    elif event.status == "lent" and aid.status == "confirming":
        yield from _lent(at, aid, event)
    elif event.status == "lent" and aid.status == "borrowed":
        yield from _reviewed(at, aid, event)


def _over(at: Desk, aid: Aid, event: AidAnswer) -> Events:
    """The home keeps nothing for us (any more); what we still used is gone, and whoever used it is short again."""
    if aid.status == "ended":
        return
    yield from _lose(at, aid, aid.in_use(), event.code or event.status)
    outcome: AidOutcome = "lapsed" if event.status == "lapsed" else "declined"
    if event.status == "closed":
        outcome = "returned" if aid.back else "withdrawn" if aid.status != "returning" else "cancelled"
    yield from _end(at, aid.id, outcome, event.code)


def _end(at: Desk, aid_id: str, outcome: AidOutcome, code: str | None = None) -> Events:
    """The saga ends here; a line that is still short may ask the next partner."""
    aid = at.state.of(Aid)[aid_id]
    question = aid.question
    yield AidEnded(
        incident=aid.incident,
        aid=aid.id,
        partner=aid.partner,
        request=question.request,
        line=question.line,
        kind=question.kind,
        outcome=outcome,
        code=code,
        reason=aid.reason,
    )
    line = at.state.get(Line, aid.line)
    if line is not None and line.need > 0:
        yield from seek(at, line, line.need)


def _held(at: Desk, aid: Aid) -> Events:
    """Confirm what the home holds, unless the line needs nothing any more."""
    line = at.state.get(Line, aid.line)
    if line is None or line.need <= 0:
        yield _final(at, aid, "no longer needed")
    else:
        yield _confirmed(at, aid, _patience(at))


def _lent(at: Desk, aid: Aid, event: AidAnswer) -> Events:
    """Put to use what is lent, as far as the line still needs it; the rest goes back at once."""
    for item in event.items:
        yield from _borrow(at, aid, item)
    known = at.state.of(Aid)[aid.id]
    if not known.in_use():
        yield _final(at, known, "no longer needed")
    elif known.back:
        yield _back(at, known)


def _borrow(at: Desk, aid: Aid, item: AidItem) -> Events:
    """All of an item serves the line while it needs anything; nothing of it ever stands free in our catalogue."""
    entry = changed(item.entry, resource=ours(aid.id, item.entry), tier=None, floor=0, reserve_group=None)
    line = at.state.get(Line, aid.line)
    known = entry.resource in at.state.of(Resource)
    yield ResourceBorrowed(
        incident=aid.incident,
        aid=aid.id,
        partner=aid.partner,
        entry=entry,
        quantity=item.quantity,
        again_at=seconds_on(at, at.law.aid.review_seconds),
    )
    if line is None or line.need <= 0 or known:
        yield _given_back(aid, entry.resource, item.quantity, "unused")
        return
    yield out.ResourceCommitted(
        incident=aid.incident,
        commitment=f"{line.id}/{line.commitments + 1}",
        request=line.request,
        line=line.number,
        kind=line.kind,
        resource=entry.resource,
        owner_unit=entry.owner_unit,
        owner_department=entry.owner_department,
        district=entry.district,
        quantity=item.quantity,
        stage=FIRST_STAGE[entry.form],
        urgency=line.urgency,
        tier="mutual_aid",
        eta_ms=item.eta_ms,
        score_ms=None,
        committed_at=at.now,
        to=at.request_of(line).place,
        authorisation=aid.question.authorisation,
        reason=f"{aid.id}: lent by {aid.partner} under {aid.question.agreement}",
    )


def _reviewed(at: Desk, aid: Aid, event: AidAnswer) -> Events:
    """What the home no longer keeps for us is gone; what it thinks we have and we have not, it is told again."""
    kept = {ours(aid.id, item.entry): item for item in event.items}
    gone = tuple(resource for resource in aid.in_use() if resource not in kept)
    yield from _lose(at, aid, gone, "withdrawn by its home")
    known = at.state.of(Aid)[aid.id]
    if known.status != "borrowed":
        return
    for resource in known.in_use():
        yield from _follow(at, resource, kept[resource].stage)
    if any(item.back is not None and item.resource in kept for item in known.items):
        yield _back(at, known)


def _follow(at: Desk, resource: str, stage: str) -> Events:
    """The home's owner reports to the home: its steps are steps here too, never backwards."""
    for one in open_commitments(at.state, at.index, resource):
        if PROGRESS.get(stage, 0) > PROGRESS.get(one.stage, 0) and stage in OPEN_STAGES:
            leaves = stage in ("shipped", "delivered", "occupied")
            step = Step(stage, leaves=leaves)  # type: ignore[arg-type]  # a stage of the home is a stage
            yield changed_by(at, one, step, at.now, "told by its home")


def _lose(at: Desk, aid: Aid, resources: tuple[str, ...], reason: str) -> Events:
    """Borrowed resources are gone: their commitments are displaced, the line is decided anew."""
    lost = False
    for resource in resources:
        for one in open_commitments(at.state, at.index, resource):
            lost = True
            yield ended(at, one, out.CommitmentDisplaced, "displaced", at.now, reason, reopen=True)
    if lost:
        yield from serve(at, (aid.question.kind,), "displaced")


def react_freed(state: AreaState, event: out.CommitmentChanged, context: Context) -> Iterator[OutputEvent]:
    """A borrowed resource has done its work, or was not wanted after all: it goes back before anybody can take it."""
    resource = state.get(Resource, event.resource)
    aid = state.get(Aid, resource.aid) if resource is not None else None
    if event.stage in OPEN_STAGES or resource is None or aid is None or resource.held > 0:
        return
    fate = "consumed" if event.stage == "consumed" else "unused" if event.previous in NOT_LEFT else "released"
    at = desk(state, context)
    yield _given_back(aid, resource.id, resource.quantity, fate)
    known = state.of(Aid)[aid.id]
    if known.status != "borrowed":
        return
    yield _back(at, known) if known.in_use() else _final(at, known, event.reason or event.stage)


def react_withdrawn(state: AreaState, event: out.RequestWithdrawn, context: Context) -> Iterator[OutputEvent]:
    """The request is cancelled: what was asked for it is cancelled too."""
    if event.incident is None:
        return
    for aid in tuple(state.of_incident(Aid, event.incident)):
        if aid.question.request == event.request and aid.status in ("asked", "confirming"):
            yield _final(desk(state, context), aid, "the request was cancelled")


def decide_timer(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Nobody has answered yet: say it again, or give up; or ask how a loan stands."""
    aid = state.get(Aid, fired.ref)
    if aid is None or aid.status == "ended":
        return
    at = desk(state, context)
    tired = aid.until is not None and context.now >= aid.until
    match aid.status:
        case "asked":
            line = state.get(Line, aid.line)
            if line is None or line.need <= 0 or tired:
                yield _final(at, aid, "nobody answered" if tired else "no longer needed")
                yield from _end(at, aid.id, "unanswered" if tired else "cancelled")
            else:
                question = aid.question
                yield changed(question, at=at.now, again_at=seconds_on(at, at.law.aid.retry_seconds))
        case "confirming":
            yield _final(at, aid, "nobody answered") if tired else _confirmed(at, aid, aid.until)
        case "borrowed":
            yield _confirmed(at, aid, None)
        case "returning":
            if tired:
                yield from _end(at, aid.id, "returned" if aid.back else "unacknowledged", "NO_ANSWER")
            else:
                yield _returned(at, aid, final=True, reason=aid.reason, until=aid.until)


def _patience(at: Desk) -> datetime:
    return seconds_on(at, at.law.aid.patience_seconds)


def _confirmed(at: Desk, aid: Aid, until: datetime | None) -> AidConfirmed:
    law = at.law.aid
    wait = law.review_seconds if aid.status == "borrowed" else law.retry_seconds
    return AidConfirmed(
        incident=aid.incident,
        area=aid.partner,
        from_area=at.state.area,
        aid=aid.id,
        at=at.now,
        again_at=seconds_on(at, wait),
        until=until,
    )


def _final(at: Desk, aid: Aid, reason: str) -> AidReturned:
    """Everything is given back, nothing is wanted any more."""
    return _returned(at, aid, final=True, reason=reason, until=_patience(at))


def _back(at: Desk, aid: Aid) -> AidReturned:
    """A part is given back, the rest stays; lost, it is told again when either side asks how things stand."""
    return _returned(at, aid, final=False, reason="", until=None)


def _returned(at: Desk, aid: Aid, *, final: bool, reason: str, until: datetime | None) -> AidReturned:
    again = final and aid.status != "ended"
    return AidReturned(
        incident=aid.incident,
        area=aid.partner,
        from_area=at.state.area,
        aid=aid.id,
        at=at.now,
        items=aid.back,
        final=final,
        reason=reason,
        again_at=seconds_on(at, at.law.aid.retry_seconds) if again else None,
        until=until if again else None,
    )


def _given_back(aid: Aid, resource: str, quantity: int, fate: str) -> ResourceGivenBack:
    return ResourceGivenBack(
        incident=aid.incident,
        aid=aid.id,
        partner=aid.partner,
        resource=resource,
        quantity=quantity,
        fate=fate,  # type: ignore[arg-type]  # one of the three by construction
    )

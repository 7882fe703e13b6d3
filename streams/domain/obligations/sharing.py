"""The peer is told before or with every report upward of the five share types (S0 四(三)2; NS-1 to NS-4, OB-30)."""

from collections.abc import Iterator
from datetime import datetime

from schemas.base import OutputEvent
from schemas.inputs.reports import ReportContent
from schemas.outputs import obligation_events as out
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.notification.entities import Notice
from streams.domain.notification.queueing import Letter, queue
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.obligations.meeting import about, breach, settle
from streams.domain.obligations.opening import identity
from streams.domain.obligations.situation import Situation, seen
from streams.domain.parties import found, is_upward, kind_and_tier, peer_of
from streams.domain.silence import keep_silence, silent
from streams.domain.state import AreaState
from streams.policy.obligation_law import BoundClause

SHARED = frozenset({"peer", "task", "warning"})
"""Purposes of notices by which one department tells the other."""


def share(
    state: AreaState,
    context: Context,
    incident: str,
    sender: str,
    content: ReportContent,
    at: datetime,
    *,
    outside: bool,
    told: datetime | None = None,
) -> Iterator[OutputEvent]:
    """Owe the peer the notice, due with the report; queue it on both channels, or see that it came before.

    A report made outside Liandong for which no notice was queued before is a breach; the peer is told all the same.
    """
    now = Situation(state, context, state.of(Incident)[incident])
    clause = _clause(state, now, sender, content)
    peer = peer_of(state, sender)
    if clause is None or peer is None:
        return
    number = now.knowledge.counts.get(f"{clause.rule}:{sender}:", 0) + 1
    id = identity(clause, incident, sender, str(number))
    before = told if told is not None and told <= at else _queued_before(state, incident, sender, peer, content, at)
    yield out.ObligationOpened(
        incident=incident,
        obligation=id,
        rule=clause.rule,
        debtor=sender,
        at=context.now,
        recipients=(peer,),
        clock="event",
        clock_start=at,
        due=at,
        term_s=0,
        source=clause.source,
        series=str(number),
    )
    if before is not None and (outside or before == context.now):
        yield from settle(state, context, id, {peer: before}, by="outside" if told is not None else "notice")
        return
    if outside:
        yield breach(state.of(Obligation)[id], (peer,), context.now)
    letter = Letter(
        notice=f"{id}:{peer}",
        to_unit=peer,
        from_unit=sender,
        purpose=clause.clause.by_notice or "peer",
        rule=clause.rule,
        incident=incident,
        content=content,
        about=id,
    )
    yield from queue(state, context, letter)
    obligation = state.of(Obligation)[id]
    yield out.ObligationMet(
        **about(obligation),
        at=context.now,
        due=obligation.due,
        late=outside,
        told={peer: context.now},
        by="notice",
    )


def _clause(state: AreaState, now: Situation, sender: str, content: ReportContent) -> BoundClause | None:
    """The duty to tell the peer, where the sender is such a department and the content is a share type of its own."""
    place = kind_and_tier(state, sender)
    types = (one.share for one in now.whole.shares)
    if place is None or not any(one.by == place[0] and one.content == content for one in types):
        return None
    for clause in now.law.by_trigger.get("upward", ()):
        debtor = clause.clause.debtor
        if place[0] in debtor.kinds and (not debtor.tiers or place[1] in debtor.tiers) and now.owed(clause):
            return clause
    return None


def share_first(
    state: AreaState, context: Context, incident: str, sender: str, content: ReportContent
) -> Iterator[OutputEvent]:
    """The notice of a unit's first report upward, whose content shows only once its own figures are graded."""
    now = Situation(state, context, state.of(Incident)[incident])
    clause = _clause(state, now, sender, content)
    if clause is not None and f"{clause.rule}:{sender}:" not in now.knowledge.counts:
        yield from share(state, context, incident, sender, content, context.now, outside=False)


def _queued_before(
    state: AreaState, incident: str, sender: str, peer: str, content: str, at: datetime
) -> datetime | None:
    """When the peer was told of this content, after the sender's last report upward and not after this one."""
    last = _last_upward(state, incident, sender, at)
    instants = [
        notice.queued_at
        for notice in state.of_incident(Notice, incident)
        if notice.purpose in SHARED
        and notice.from_unit == sender
        and notice.to_unit == peer
        and notice.content == content
        and notice.queued_at <= at
        and (last is None or notice.queued_at > last)
    ]
    return min(instants, default=None)


def _last_upward(state: AreaState, incident: str, sender: str, at: datetime) -> datetime | None:
    knowledge = state.get(Knowledge, incident)
    if knowledge is None:
        return None
    mark = f"{sender}>"
    instants = [
        instant
        for key, told in knowledge.told.items()
        if key.startswith(mark) and is_upward(state, sender, key.removeprefix(mark))
        for instant in told
        if instant < at
    ]
    return max(instants, default=None)


_UNASKED = "obligations.unasked"


def share_unasked(state: AreaState, context: Context, incident: str) -> Iterator[OutputEvent]:
    """Share types that the system passes on as soon as they hold, once per incident: risk of an outbreak (NS-1a)."""
    known = state.get(Incident, incident)
    if known is None or known.status != "open":
        return
    looked_at = seen(state, context, known)
    if silent(state, _UNASKED, incident, looked_at):
        return
    now = Situation(state, context, known)
    holding = [one.share for one in now.law.unasked if now.holds(one.tests)]
    if not holding:
        keep_silence(state, _UNASKED, incident, looked_at)
    for share_type in holding:
        sender = found(state, share_type.by, "district", now.incident.place.district)
        peer = peer_of(state, sender)
        if peer is None:
            continue
        letter = Letter(
            notice=f"{share_type.id}:{incident}:{peer}",
            to_unit=peer,
            from_unit=sender,
            purpose="peer",
            rule=share_type.id,
            incident=incident,
            content=share_type.content,
        )
        yield from queue(state, context, letter)

"""Receipts, acknowledgements, and who is called next when nobody answers (NS-4, DU-6; SC-9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from schemas.base import OutputEvent
from schemas.inputs.duty import NoticeAcknowledged, NoticeReceipted
from schemas.outputs import notification_events as out
from streams.domain.context import Context, TimerFired
from streams.domain.directives.days import law
from streams.domain.notification.entities import Liaison, Notice
from streams.domain.notification.orders import acknowledged
from streams.domain.state import AreaState
from streams.policy.notification import Ladder

Reason = Literal["unanswered", "undeliverable"]


class About(TypedDict):
    """The fields that every event about a notice carries."""

    incident: str | None
    notice: str
    to_unit: str


def _about(notice: Notice) -> About:
    return {"incident": notice.incident, "notice": notice.id, "to_unit": notice.to_unit}


def decide_receipt(state: AreaState, event: NoticeReceipted, context: Context) -> Iterator[OutputEvent]:
    """Take a channel's receipt. A dead phone calls the next rung at once and is a breach of reachability."""
    notice = state.get(Notice, event.notice)
    if notice is None or notice.channels.get(event.channel) in {None, event.outcome}:
        return
    at = min(event.observed_at, context.now)
    if event.outcome == "delivered":
        yield out.NoticeDelivered(**_about(notice), channel=event.channel, at=at)
        yield from _completed(state, event.notice, at)
        return
    yield out.NoticeFailed(**_about(notice), channel=event.channel, at=at)
    yield from _unreachable(state, event.notice, event.channel, context)
    notice = state.get(Notice, event.notice)
    if notice is not None and notice.waiting() and notice.step == 0 and _ladder(state, context, notice) is not None:
        yield from _next_rung(state, notice, "undeliverable", context.now, context)


def _completed(state: AreaState, id: str, at: datetime) -> Iterator[out.NoticeCompleted]:
    notice = state.get(Notice, id)
    if notice is not None and all(status == "delivered" for status in notice.channels.values()):
        late = notice.receipt_due is not None and at > notice.receipt_due
        yield out.NoticeCompleted(incident=notice.incident, notice=id, to_unit=notice.to_unit, at=at, late=late)


def decide_receipts_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[out.NoticeIncomplete]:
    """Not complete: a channel has returned no receipt in its term (NS-4)."""
    notice = state.get(Notice, fired.ref)
    if notice is None or notice.completed_at is not None:
        return
    missing = tuple(channel for channel, status in notice.channels.items() if status != "delivered")
    yield out.NoticeIncomplete(
        incident=notice.incident, notice=notice.id, to_unit=notice.to_unit, missing=missing, due=fired.due
    )


def decide_answer(state: AreaState, event: NoticeAcknowledged, context: Context) -> Iterator[OutputEvent]:
    """Somebody answered: nobody else is called. An answer to an order is its first step (TF-11)."""
    notice = state.get(Notice, event.notice)
    if notice is None or notice.status == "acknowledged":
        return
    at = min(event.observed_at, context.now)
    yield out.NoticeAnswered(
        incident=notice.incident,
        notice=notice.id,
        to_unit=notice.to_unit,
        by=event.by,
        at=at,
        in_time=notice.first_answer_due is None or (at <= notice.first_answer_due and notice.step == 0),
        text=event.text,
    )
    if notice.purpose == "order":
        yield from acknowledged(state, notice.about, event.by, at)


def decide_answer_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Nobody answered in the term: the next rung, or nobody is left."""
    notice = state.get(Notice, fired.ref)
    if notice is None or not notice.waiting() or notice.answer_due != fired.due:
        return
    yield from _unreachable(state, fired.ref, None, context)
    notice = state.get(Notice, fired.ref)
    if notice is not None:
        yield from _next_rung(state, notice, "unanswered", fired.due, context)


def _next_rung(
    state: AreaState, notice: Notice, reason: Reason, at: datetime, context: Context
) -> Iterator[out.NoticeEscalated | out.NoticeUnanswered]:
    """Terms run from the due time of the rung before, not from when the worker got to it."""
    ladder = _ladder(state, context, notice)
    if ladder is None or notice.step >= len(ladder.rungs):
        yield out.NoticeUnanswered(**_about(notice), at=at)
        return
    rung = ladder.rungs[notice.step]
    yield out.NoticeEscalated(
        **_about(notice),
        rung=rung,
        step=notice.step + 1,
        to=_called(state, notice.to_unit, rung),
        at=at,
        answer_due=at + timedelta(minutes=ladder.answer_minutes),
        reason=reason,
    )


def _ladder(state: AreaState, context: Context, notice: Notice) -> Ladder | None:
    return law(state, context.policy.notification, notice.queued_at).ladder(notice.purpose)


def _called(state: AreaState, unit: str, rung: out.Rung) -> tuple[str, ...]:
    """The officers on a rung; the post itself where the duty register names nobody."""
    liaison = state.get(Liaison, unit)
    filed: tuple[str | None, ...] = ()
    if liaison is not None:
        by_rung = {"liaison": (liaison.officer,), "alternate": liaison.alternates, "unit_head": (liaison.unit_head,)}
        filed = by_rung[rung]
    return tuple(officer for officer in filed if officer) or (f"{unit}/{rung}",)


def _unreachable(
    state: AreaState, id: str, channel: out.NoticeChannel | None, context: Context
) -> Iterator[out.ReachabilityBreached]:
    """Record once per notice that the unit could not be reached (S1 Art. 8(2))."""
    notice = state.get(Notice, id)
    if notice is None or notice.breached or notice.status == "acknowledged":
        return
    ladder = _ladder(state, context, notice)
    if ladder is not None:
        yield out.ReachabilityBreached(
            incident=notice.incident,
            unit=notice.to_unit,
            notice=id,
            channel=channel,
            at=context.now,
            source=ladder.reachability_source,
        )

"""Queue a notice: every concern that has to tell a unit something does it here, in the same transaction (NS-4)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.base import OutputEvent
from schemas.inputs.reports import ReportContent
from schemas.outputs import notification_events as out
from streams.domain.context import Context
from streams.domain.core import Unit
from streams.domain.directives.days import law
from streams.domain.notification.entities import Liaison, Notice, Roster
from streams.domain.state import AreaState

LONGEST_ID = 128
"""As in schemas.base.Id."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent, to whom, why."""

    notice: str
    """Id; queueing the same id again does nothing."""
    to_unit: str
    from_unit: str
    purpose: str
    rule: str
    incident: str | None
    content: ReportContent = "other"
    about: str = ""
    text: str = ""


def queue(state: AreaState, context: Context, letter: Letter) -> Iterator[OutputEvent]:
    """Queue the notice on every channel of its purpose; alarm where nobody is at the liaison channel's end (DU-2)."""
    notice = _sendable(letter.notice)
    if state.get(Notice, notice) is not None:
        return
    terms = law(state, context.policy.notification, context.now)
    purpose = terms.purposes.get(letter.purpose)
    channels: tuple[out.NoticeChannel, ...] = purpose.channels if purpose is not None else ("duty_room",)
    receipt = purpose.receipt_minutes if purpose is not None else None
    for channel in channels:
        yield out.NoticeQueued(
            incident=letter.incident,
            notice=notice,
            to_unit=letter.to_unit,
            channel=channel,
            address=address(state, letter.to_unit, channel, context.now),
            from_unit=letter.from_unit,
            purpose=letter.purpose,
            rule=letter.rule,
            content=letter.content,
            about=letter.about,
            text=letter.text,
            queued_at=context.now,
            receipt_due=after(context.now, receipt),
            answer_due=after(context.now, terms.answer_minutes(letter.purpose)),
        )
    if "liaison" in channels:
        yield from missing_liaison(state, context, letter.to_unit)


def _sendable(notice: str) -> str:
    """The id, or a digest of it where receipts and answers could not carry it."""
    return notice if len(notice) <= LONGEST_ID else f"N:{hashlib.sha256(notice.encode()).hexdigest()}"


def after(instant: datetime, minutes: float | None) -> datetime | None:
    """An instant so many minutes later; None where there is no term."""
    return instant + timedelta(minutes=minutes) if minutes is not None else None


def address(state: AreaState, unit: str, channel: out.NoticeChannel, now: datetime) -> str:
    """Whom to call: the liaison officer, or whoever holds the duty room; the post itself where nobody is filed."""
    if channel == "liaison":
        liaison = state.get(Liaison, unit)
        return liaison.officer if liaison is not None and liaison.officer else f"{unit}/liaison"
    roster = state.get(Roster, unit)
    on_duty = (shift.officer for shift in roster.shifts if shift.on_from <= now < shift.on_to) if roster else iter(())
    return next(on_duty, f"{unit}/duty_room")


def missing_liaison(state: AreaState, context: Context, unit: str) -> Iterator[out.LiaisonMissing]:
    """Alarm once while a registered unit has no active liaison officer (DU-2)."""
    rule = law(state, context.policy.duty, context.now).liaison
    liaison = state.get(Liaison, unit)
    gap = liaison is None or (liaison.officer is None and not liaison.missing)
    if rule is not None and gap and state.get(Unit, unit) is not None:
        yield out.LiaisonMissing(unit=unit, at=context.now, source=rule.source)

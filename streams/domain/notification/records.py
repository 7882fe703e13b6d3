"""What the events of this concern mean for the state."""

from collections.abc import Iterator
from datetime import datetime

from schemas.outputs import notification_events as out
from streams.domain.core import Timer, timer
from streams.domain.notification.entities import KEPT_OUTAGES, Heartbeat, Liaison, Notice, Order, Roster, Shift, Task
from streams.domain.state import AreaState, Change, Drop, Put

RECEIPT, ANSWER, STEP, SILENCE, UNCOVERED = "notice_receipt", "notice_answer", "order_step", "silence", "duty_uncovered"
"""Timer kinds."""


def evolve_queued(state: AreaState, event: out.NoticeQueued) -> Iterator[Change]:
    """The notice stands with one more channel; its terms run."""
    known = state.get(Notice, event.notice)
    if known is not None:
        yield Put(known.model_copy(update={"channels": {**known.channels, event.channel: "queued"}}))
        return
    yield Put(
        Notice(
            id=event.notice,
            incident=event.incident,
            to_unit=event.to_unit,
            from_unit=event.from_unit,
            purpose=event.purpose,
            rule=event.rule,
            content=event.content,
            about=event.about,
            channels={event.channel: "queued"},
            queued_at=event.queued_at,
            receipt_due=event.receipt_due,
            answer_due=event.answer_due,
            first_answer_due=event.answer_due,
        )
    )
    if event.receipt_due is not None:
        yield Put(timer(RECEIPT, event.notice, event.receipt_due, event.incident))
    if event.answer_due is not None:
        yield Put(timer(ANSWER, event.notice, event.answer_due, event.incident))


def evolve_channel(state: AreaState, event: out.NoticeDelivered | out.NoticeFailed) -> Iterator[Change]:
    """What one channel says."""
    notice = state.get(Notice, event.notice)
    if notice is None:
        return
    delivered = isinstance(event, out.NoticeDelivered)
    channels = {**notice.channels, event.channel: "delivered" if delivered else "failed"}
    status = notice.status
    if status in {"queued", "delivered", "failed"}:
        status = "delivered" if "delivered" in channels.values() else "failed"
    yield Put(notice.model_copy(update={"channels": channels, "status": status}))


def evolve_completed(state: AreaState, event: out.NoticeCompleted) -> Iterator[Change]:
    """No receipt is outstanding."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        yield Put(notice.model_copy(update={"completed_at": event.at}))
        yield from _dropped(state, RECEIPT, event.notice)


def evolve_answered(state: AreaState, event: out.NoticeAnswered) -> Iterator[Change]:
    """The ladder is silent."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        answer = {"status": "acknowledged", "answered_by": event.by, "answered_at": event.at, "answer_due": None}
        yield Put(notice.model_copy(update=answer))
        yield from _dropped(state, ANSWER, event.notice)


def evolve_escalated(state: AreaState, event: out.NoticeEscalated) -> Iterator[Change]:
    """The next rung has its own term."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        rung = {"status": "escalated", "step": event.step, "answer_due": event.answer_due}
        yield Put(notice.model_copy(update=rung))
        yield Put(timer(ANSWER, event.notice, event.answer_due, notice.incident))


def evolve_unanswered(state: AreaState, event: out.NoticeUnanswered) -> Iterator[Change]:
    """Nobody is left to call."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        yield Put(notice.model_copy(update={"status": "unanswered", "answer_due": None}))


def evolve_unreachable(state: AreaState, event: out.ReachabilityBreached) -> Iterator[Change]:
    """On record once per notice."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        yield Put(notice.model_copy(update={"breached": True}))


def evolve_liaison(state: AreaState, event: out.LiaisonTaken) -> Iterator[Change]:
    """The register entry."""
    yield Put(
        Liaison(
            id=event.unit, officer=event.officer, alternates=event.alternates, unit_head=event.unit_head, missing=False
        )
    )


def evolve_missing(state: AreaState, event: out.LiaisonMissing) -> Iterator[Change]:
    """The alarm is given once."""
    known = state.get(Liaison, event.unit) or Liaison(id=event.unit, officer=None)
    yield Put(known.model_copy(update={"missing": True}))


def evolve_shift(state: AreaState, event: out.ShiftTaken) -> Iterator[Change]:
    """The roster in order; what is over is forgotten."""
    roster = state.get(Roster, event.unit) or Roster(id=event.unit)
    shift = Shift(officer=event.officer, on_from=event.on_from, on_to=event.on_to)
    kept = (one for one in (*roster.shifts, shift) if one.on_to > event.forget_before)
    yield Put(Roster(id=event.unit, shifts=tuple(sorted(kept, key=lambda one: (one.on_from, one.on_to)))))
    yield Put(timer(UNCOVERED, event.unit, event.look_at, None))


def evolve_uncovered(state: AreaState, event: out.DutyUncovered) -> Iterator[Change]:
    """Look again when the shift after the hole ends."""
    roster = state.get(Roster, event.unit)
    if roster is not None and event.until is not None:
        end = event.until
        for shift in roster.shifts:
            if shift.on_from <= end:
                end = max(end, shift.on_to)
        yield Put(timer(UNCOVERED, event.unit, end, None))


def evolve_heartbeat(state: AreaState, event: out.HeartbeatTaken) -> Iterator[Change]:
    """The node is heard; the term of its silence starts anew."""
    known = state.get(Heartbeat, event.node) or Heartbeat(
        id=event.node, district=event.district, unit=event.unit, last_at=event.at
    )
    yield Put(known.model_copy(update={"last_at": event.at, "unit": event.unit}))
    yield Put(timer(SILENCE, event.node, event.silent_at, None))


def evolve_silent(state: AreaState, event: out.DistrictFellSilent | out.ContactLost) -> Iterator[Change]:
    """Silent since the last sign of life."""
    known = state.get(Heartbeat, event.district if isinstance(event, out.DistrictFellSilent) else event.unit)
    if known is not None:
        yield Put(known.model_copy(update={"silent_since": event.since}))


def evolve_back(state: AreaState, event: out.DistrictCameBack | out.ContactRestored) -> Iterator[Change]:
    """Heard again; the outage is remembered."""
    known = state.get(Heartbeat, event.district if isinstance(event, out.DistrictCameBack) else event.unit)
    if known is not None:
        outages = (*known.outages, (event.since, event.at))[-KEPT_OUTAGES:]
        yield Put(known.model_copy(update={"silent_since": None, "outages": outages}))


def evolve_order(state: AreaState, event: out.OrderIssued) -> Iterator[Change]:
    """The order and the term of its first step."""
    order = Order(
        id=event.order,
        incident=event.incident,
        to_unit=event.to_unit,
        issuer=event.issuer,
        office=event.office,
        at=event.at,
        dues=event.dues,
    )
    yield from _order(state, order)


def evolve_step(state: AreaState, event: out.OrderAdvanced) -> Iterator[Change]:
    """A step was taken."""
    order = state.get(Order, event.order)
    if order is not None:
        yield from _order(state, order.model_copy(update={"taken": {**order.taken, event.step: event.at}}))


def evolve_step_missed(state: AreaState, event: out.OrderStepMissed) -> Iterator[Change]:
    """A step was missed."""
    order = state.get(Order, event.order)
    if order is not None:
        yield from _order(state, order.model_copy(update={"missed": (*order.missed, event.step)}))


def _order(state: AreaState, order: Order) -> Iterator[Change]:
    yield Put(order)
    pending = [order.dues[step] for step in order.pending()]
    if pending:
        yield Put(timer(STEP, order.id, _earliest(pending), order.incident))
    else:
        yield from _dropped(state, STEP, order.id)


def _earliest(instants: list[datetime]) -> datetime:
    return min(instants)


def evolve_task(state: AreaState, event: out.TaskOpened) -> Iterator[Change]:
    """The task is open."""
    yield Put(
        Task(
            id=event.task,
            incident=event.incident,
            kind=event.kind,
            department=event.department,
            unit=event.unit,
            district=event.district,
            asked_by=event.asked_by,
            at=event.at,
        )
    )


def evolve_task_step(state: AreaState, event: out.TaskAdvanced) -> Iterator[Change]:
    """Accepted, done or declined."""
    task = state.get(Task, event.task)
    if task is not None:
        yield Put(task.model_copy(update={"status": event.step}))


def evolve_incomplete(state: AreaState, event: out.NoticeIncomplete) -> Iterator[Change]:
    """The term for receipts has passed."""
    notice = state.get(Notice, event.notice)
    if notice is not None:
        yield Put(notice.model_copy(update={"receipt_missed": True}))


def _dropped(state: AreaState, kind: str, ref: str) -> Iterator[Change]:
    if state.get(Timer, f"{kind}:{ref}") is not None:
        yield Drop(Timer, f"{kind}:{ref}")

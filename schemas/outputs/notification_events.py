"""notifications: notices and ladders, orders, tasks, reachability, silent districts (NS-*, DU-*, TF-10, TF-11)."""

from typing import ClassVar, Literal

from schemas.base import Department, DistrictCode, Id, OutputEvent, Text, Utc
from schemas.inputs.reports import ReportContent
from schemas.topics import AREA_EVENTS, NOTIFICATIONS

NoticeChannel = Literal["liaison", "duty_room"]
"""The two channels between departments: their liaison officers, and their duty rooms (NS-4)."""
Rung = Literal["liaison", "alternate", "unit_head"]
"""Rungs of the ladder when nobody answers (DU-6)."""
OrderStep = Literal["acked", "leader_informed", "departed", "arrived", "reported_back"]
TaskStep = Literal["accepted", "done", "declined"]


class NoticeEvent(OutputEvent):
    """Root of what happens to one notice. One notice goes to one unit, over one or both channels."""

    notice: str
    to_unit: str

    def subject(self) -> str:
        return self.notice


class NoticeQueued(NoticeEvent):
    """Send this: one event per channel. Timely is what is queued in time (NS-4)."""

    TYPE: ClassVar[str] = "notice.queued.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    channel: NoticeChannel
    address: str
    """Officer or duty room; `unit/liaison`, `unit/duty_room` where the duty register names nobody."""
    from_unit: str
    purpose: Id
    """Entry of the notification policy, e.g. peer, member, copy, upward_report, order, task, warning."""
    rule: str
    content: ReportContent = "other"
    about: str = ""
    """What it is about where that is not only the incident: an order, a task, an alert, an obligation."""
    text: Text = ""
    queued_at: Utc
    receipt_due: Utc | None = None
    """Until then every channel must have returned a receipt."""
    answer_due: Utc | None = None
    """Until then somebody must have acknowledged it; after that the next rung is called."""


class NoticeDelivered(NoticeEvent):
    """A channel returned a delivery receipt."""

    TYPE: ClassVar[str] = "notice.delivered.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    channel: NoticeChannel
    at: Utc


class NoticeFailed(NoticeEvent):
    """A channel could not deliver: the phone is dead."""

    TYPE: ClassVar[str] = "notice.failed.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    channel: NoticeChannel
    at: Utc


class NoticeCompleted(NoticeEvent):
    """Every channel has delivered (NS-4)."""

    TYPE: ClassVar[str] = "notice.completed.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    at: Utc
    late: bool


class NoticeIncomplete(NoticeEvent):
    """The term for receipts passed and a channel has not delivered (NS-4)."""

    TYPE: ClassVar[str] = "notice.receipt_missed.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    missing: tuple[NoticeChannel, ...]
    due: Utc


class NoticeAnswered(NoticeEvent):
    """Somebody acknowledged: the ladder falls silent."""

    TYPE: ClassVar[str] = "notice.acknowledged.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    by: str
    at: Utc
    in_time: bool
    """Within the first term, before anybody else had to be called."""
    text: Text = ""


class NoticeEscalated(NoticeEvent):
    """Nobody answered, or the phone is dead: the next rung is called."""

    TYPE: ClassVar[str] = "notice.escalated.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    rung: Rung
    step: int
    to: tuple[str, ...]
    at: Utc
    answer_due: Utc
    reason: Literal["unanswered", "undeliverable"]


class NoticeUnanswered(NoticeEvent):
    """The whole ladder was called and nobody answered: the HQ office must send somebody."""

    TYPE: ClassVar[str] = "notice.unanswered.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    at: Utc


class ReachabilityBreached(OutputEvent):
    """A unit was not reachable at any hour (S1 Art. 8(2); DU-6). Once per notice."""

    TYPE: ClassVar[str] = "duty.reachability_breached.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    unit: str
    notice: str
    channel: NoticeChannel | None
    """The dead channel; None where it rang and nobody answered."""
    at: Utc
    source: Text

    def subject(self) -> str:
        return self.unit


class LiaisonTaken(OutputEvent):
    """The unit's liaison officer, alternates and head, as filed (DU-1, DU-2)."""

    TYPE: ClassVar[str] = "duty.liaison_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    unit: str
    officer: str | None
    alternates: tuple[str, ...]
    unit_head: str | None
    observed_at: Utc

    def subject(self) -> str:
        return self.unit


class LiaisonMissing(OutputEvent):
    """A unit has no active liaison officer: an alarm (DU-2)."""

    TYPE: ClassVar[str] = "duty.liaison_missing.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    unit: str
    at: Utc
    source: Text

    def subject(self) -> str:
        return self.unit


class ShiftTaken(OutputEvent):
    """Who holds a unit's duty room from when to when; shifts that are over are forgotten."""

    TYPE: ClassVar[str] = "duty.shift_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    unit: str
    officer: str
    on_from: Utc
    on_to: Utc
    forget_before: Utc
    look_at: Utc
    """When the roster is looked at again: it ends then, or has a hole from then on."""

    def subject(self) -> str:
        return self.unit


class DutyUncovered(OutputEvent):
    """Nobody is on a duty room's roster in this time (DU-5); `until` is None where no later shift is known."""

    TYPE: ClassVar[str] = "duty.hour_uncovered.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    unit: str
    since: Utc
    until: Utc | None
    source: Text

    def subject(self) -> str:
        return self.unit


class HeartbeatTaken(OutputEvent):
    """A node, unit or deployed force is alive; it is silent after `silent_at`."""

    TYPE: ClassVar[str] = "duty.heartbeat_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    node: str
    """District code, or unit."""
    district: DistrictCode | None
    unit: str
    at: Utc
    silent_at: Utc
    log_position: int | None = None
    """Sequence of the last entry of the node's own log, where it says so (AU-1)."""

    def subject(self) -> str:
        return self.node


class DistrictFellSilent(OutputEvent):
    """A district missed as many heartbeats as the policy allows: it acts for itself (SC-5, AU-1)."""

    TYPE: ClassVar[str] = "district.fell_silent.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    district: DistrictCode
    since: Utc
    """The last sign of life."""
    at: Utc
    rule: str

    def subject(self) -> str:
        return self.district


class DistrictCameBack(OutputEvent):
    """The district is heard again."""

    TYPE: ClassVar[str] = "district.came_back.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    district: DistrictCode
    since: Utc
    at: Utc

    def subject(self) -> str:
        return self.district


class ContactLost(OutputEvent):
    """A unit or deployed force is not heard any more (DU-8)."""

    TYPE: ClassVar[str] = "duty.contact_lost.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    unit: str
    since: Utc
    at: Utc
    rule: str

    def subject(self) -> str:
        return self.unit


class ContactRestored(OutputEvent):
    """The unit is heard again."""

    TYPE: ClassVar[str] = "duty.contact_restored.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    unit: str
    since: Utc
    at: Utc

    def subject(self) -> str:
        return self.unit


class OrderEvent(OutputEvent):
    """Root of what happens to one order (TF-10, TF-11, DU-7)."""

    order: str
    to_unit: str

    def subject(self) -> str:
        return self.order


class OrderIssued(OrderEvent):
    """A unit has been ordered; every step has a term."""

    TYPE: ClassVar[str] = "order.issued.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    issuer: str
    office: str
    directive: str
    text: Text
    legal_basis: Text
    at: Utc
    dues: dict[OrderStep, Utc]
    """Step -> until when it must be taken."""


class OrderAdvanced(OrderEvent):
    """A step was taken: acked, leader informed, departed, arrived, reported back."""

    TYPE: ClassVar[str] = "order.advanced.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    step: OrderStep
    by: str
    at: Utc
    late: bool
    took_s: int
    """Seconds since the order."""


class OrderStepMissed(OrderEvent):
    """A step was not taken in its term."""

    TYPE: ClassVar[str] = "order.step_missed.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    step: OrderStep
    due: Utc


class TaskEvent(OutputEvent):
    """Root of what happens to one task."""

    task: str

    def subject(self) -> str:
        return self.task


class TaskOpened(TaskEvent):
    """A department has something to do, not only to read (NS-2c)."""

    TYPE: ClassVar[str] = "task.opened.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    kind: Id
    """What is to be done: sanitation, reconnaissance, ..."""
    department: Department
    unit: str
    district: DistrictCode | None
    asked_by: str
    capabilities: tuple[Id, ...] = ()
    rule: str
    at: Utc


class TaskAdvanced(TaskEvent):
    """Accepted, done or declined by the unit."""

    TYPE: ClassVar[str] = "task.advanced.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    step: TaskStep
    by: str
    at: Utc

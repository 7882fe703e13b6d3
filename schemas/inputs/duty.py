"""duty.updates: liaison officers, rosters, reachability, heartbeats, receipts and acknowledgements (DU-*)."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import DistrictCode, Id, InputEvent, Text, Utc
from schemas.topics import DUTY_UPDATES


class LiaisonRegistered(InputEvent):
    """The one active liaison officer of a unit and the alternates (DU-1, DU-2). Office ids, never names."""

    TYPE: ClassVar[str] = "duty.liaison_registered.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    unit: Id
    officer: Id | None
    """None: the unit has no active liaison officer, which raises an alarm."""
    alternates: tuple[Id, ...] = ()
    unit_head: Id | None = None
    observed_at: Utc


class RosterRegistered(InputEvent):
    """Who holds a unit's duty room from when to when (DU-5): no uncovered hour."""

    TYPE: ClassVar[str] = "duty.roster_registered.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    unit: Id
    officer: Id
    on_from: Utc
    on_to: Utc


class NoticeReceipted(InputEvent):
    """A delivery receipt of one channel of one notice (NS-4)."""

    TYPE: ClassVar[str] = "duty.notice_receipted.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    notice: Id
    channel: Literal["liaison", "duty_room"]
    outcome: Literal["delivered", "failed"] = "delivered"
    observed_at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("notice", self.notice),)


class NoticeAcknowledged(InputEvent):
    """Somebody answered a notice: the ladder falls silent."""

    TYPE: ClassVar[str] = "duty.notice_acknowledged.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    notice: Id
    by: Id
    observed_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("notice", self.notice),)


class OrderProgressed(InputEvent):
    """A unit takes the next step of an order: leader informed, departed, arrived, reported back (TF-11, DU-7)."""

    TYPE: ClassVar[str] = "duty.order_progressed.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    order: Id
    """Id of the directive that ordered."""
    step: Literal["acked", "leader_informed", "departed", "arrived", "reported_back"]
    by: Id
    observed_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("order", self.order),)


class TaskProgressed(InputEvent):
    """A unit accepted, did or declined a task, such as sanitation at the scene (NS-2c)."""

    TYPE: ClassVar[str] = "duty.task_progressed.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    task: Id
    step: Literal["accepted", "done", "declined"]
    by: Id
    observed_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("task", self.task),)


class HeartbeatReceived(InputEvent):
    """A unit or district node is alive. Silence past the policy's beats marks a district silent (SC-5, DU-6, DU-8)."""

    TYPE: ClassVar[str] = "duty.heartbeat_received.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    unit: Id
    district: DistrictCode | None = None
    observed_at: Utc
    interval_s: int = Field(default=60, ge=1, le=86_400)
    log_position: int | None = Field(default=None, ge=0)
    """Sequence of the last entry of the node's log; 0 where it decided nothing by itself."""

"""What notices, orders, tasks, duty and heartbeats leave in the state."""

from typing import ClassVar, Literal

from schemas.base import Model, Utc
from schemas.outputs.notification_events import NoticeChannel, OrderStep, TaskStep
from streams.domain.state import Entity

ChannelStatus = Literal["queued", "delivered", "failed"]
NoticeStatus = Literal["queued", "delivered", "failed", "escalated", "acknowledged", "unanswered"]


class Notice(Entity):
    """One notice to one unit, over one or both channels; fields as in NoticeQueued."""

    KIND: ClassVar[str] = "notice"

    to_unit: str
    from_unit: str
    purpose: str
    rule: str
    content: str = "other"
    about: str = ""
    channels: dict[NoticeChannel, ChannelStatus]
    status: NoticeStatus = "queued"
    queued_at: Utc
    receipt_due: Utc | None = None
    answer_due: Utc | None = None
    """Term of the rung that is called now; None when nobody need answer, or nobody is called any more."""
    first_answer_due: Utc | None = None
    step: int = 0
    """Rungs called beyond the first call."""
    receipt_missed: bool = False
    """The term for receipts has passed."""
    breached: bool = False
    """A reachability breach is on record for it."""
    completed_at: Utc | None = None
    answered_by: str | None = None
    answered_at: Utc | None = None

    def waiting(self) -> bool:
        """Whether an answer would still change anything."""
        return self.status not in {"acknowledged", "unanswered"}

    def resident(self) -> bool:
        """While a term of it runs; after that receipts and answers name it."""
        receipts = self.receipt_due is not None and self.completed_at is None and not self.receipt_missed
        return receipts or (self.answer_due is not None and self.waiting())


class Liaison(Entity):
    """A unit's liaison officer; `id` is the unit."""

    KIND: ClassVar[str] = "liaison"

    officer: str | None
    alternates: tuple[str, ...] = ()
    unit_head: str | None = None
    missing: bool = False
    """The alarm that there is none has been given."""


class Shift(Model):
    """One stretch of a roster."""

    officer: str
    on_from: Utc
    on_to: Utc


class Roster(Entity):
    """Who holds a unit's duty room; `id` is the unit. Shifts in order of their beginning."""

    KIND: ClassVar[str] = "roster"

    shifts: tuple[Shift, ...] = ()
    told: tuple[Utc, ...] = ()
    """Beginnings of holes that were told and have not passed."""


class Heartbeat(Entity):
    """Signs of life of a district's node, a unit or a deployed force; `id` is the district, or the unit."""

    KIND: ClassVar[str] = "heartbeat"

    district: str | None
    unit: str
    last_at: Utc
    silent_since: Utc | None = None
    """Set while it is silent."""
    outages: tuple[tuple[Utc, Utc], ...] = ()
    """Past silences, the newest last."""


class Order(Entity):
    """An order to a unit; `id` is its directive's."""

    KIND: ClassVar[str] = "order"

    to_unit: str
    issuer: str
    office: str
    at: Utc
    dues: dict[OrderStep, Utc]
    taken: dict[OrderStep, Utc] = {}
    missed: tuple[OrderStep, ...] = ()

    def pending(self) -> tuple[OrderStep, ...]:
        """Steps that have a term, were not taken and not missed."""
        return tuple(step for step in self.dues if step not in self.taken and step not in self.missed)

    def resident(self) -> bool:
        """While a step's term runs."""
        return bool(self.pending())


class Task(Entity):
    """Something that a department has to do."""

    KIND: ClassVar[str] = "task"

    kind: str
    department: str
    unit: str
    district: str | None
    asked_by: str
    status: Literal["open"] | TaskStep = "open"
    at: Utc

    def resident(self) -> bool:
        """Until it is done or declined."""
        return self.status in {"open", "accepted"}


KEPT_OUTAGES = 4
"""Past silences kept per node."""

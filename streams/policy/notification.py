"""Section `notification`: channels, terms and ladders of notices; steps of orders; tasks (NS-4, DU-6, DU-7, TF-11)."""

from datetime import date
from typing import Literal

from pydantic import Field, PrivateAttr, model_validator

from schemas.base import Department
from schemas.inputs.reports import NeedKind
from schemas.outputs.notification_events import NoticeChannel, OrderStep, Rung
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, error_at, read

FILE = "notification.yaml"


class Ladder(Entry):
    """Who is called when nobody answers, one rung after the other."""

    rungs: tuple[Rung, ...] = Field(min_length=1)
    answer_minutes: float = Field(gt=0)
    """Time to answer, for each rung and for the first call."""
    reachability_source: str
    """The duty that is breached when nobody can be reached."""


class Purpose(Entry):
    """What a kind of notice asks for."""

    purpose: str
    channels: tuple[NoticeChannel, ...] = Field(min_length=1)
    receipt_minutes: float | None = Field(default=None, gt=0)
    ladder: str | None = None
    """Id of the ladder that is called when a channel is dead, or nobody answers."""
    must_answer: bool = False
    """Whether somebody must acknowledge it in the ladder's term; receipts are looked at anyway (NS-4)."""


class OrderTerms(Entry):
    """Terms of an order's steps, in minutes from the order."""

    minutes: dict[OrderStep, float]


class Task(Entry):
    """A need or event that becomes a task of a department."""

    kind: str
    on: NeedKind | Literal["district_silent", "autonomy_entered"]
    department: Department
    capabilities: tuple[str, ...] = ()


class Warnings(Entry):
    """Which alerts are passed to the other department as warnings (NS-2a), and by whom."""

    by: Department
    levels: tuple[Literal["red", "orange", "yellow", "blue"], ...] = Field(min_length=1)


class NotificationLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "Notification", day: date, within: tuple[str, ...]) -> None:
        self.purposes = {one.purpose: one for one in in_force(section.purposes, day, within)}
        self.ladders = {one.id: one for one in in_force(section.ladders, day, within)}
        orders = in_force(section.orders, day, within)
        self.order = orders[0] if orders else None
        self.tasks = in_force(section.tasks, day, within)
        self.warnings = in_force(section.warnings, day, within)

    def ladder(self, purpose: str) -> Ladder | None:
        """The ladder of a kind of notice."""
        found = self.purposes.get(purpose)
        return self.ladders.get(found.ladder) if found is not None and found.ladder else None

    def answer_minutes(self, purpose: str) -> float | None:
        """Time to acknowledge a kind of notice; None where nobody must."""
        found, ladder = self.purposes.get(purpose), self.ladder(purpose)
        return ladder.answer_minutes if found is not None and found.must_answer and ladder is not None else None


class Notification(Strict):
    """The section `notification`."""

    purposes: tuple[Purpose, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    orders: tuple[OrderTerms, ...] = ()
    tasks: tuple[Task, ...] = ()
    warnings: tuple[Warnings, ...] = ()
    _laws: dict[tuple[date, tuple[str, ...]], NotificationLaw] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _one_entry_per_purpose(self) -> "Notification":
        seen: dict[str, str] = {}
        for one in self.purposes:
            if seen.setdefault(one.purpose, one.id) != one.id:
                raise ValueError(f"{one.id} and {seen[one.purpose]} both speak of the purpose {one.purpose}")
        return self

    def at(self, day: date, within: tuple[str, ...]) -> NotificationLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = NotificationLaw(self, day, within)
        return law


REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> Notification:
    """Terms and ladders.

    Raises:
        PolicyError: the document is wrong, or a purpose names a ladder that does not exist.
    """
    section = read(documents, FILE, Notification)
    known = {one.id for one in section.ladders}
    for index, one in enumerate(section.purposes):
        if one.ladder is not None and one.ladder not in known:
            raise error_at(documents, FILE, ("purposes", index, "ladder"), f"unknown ladder {one.ladder}")
    return section

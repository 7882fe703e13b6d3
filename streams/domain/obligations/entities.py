"""What obligations leave in the state: what is owed, and who knows of an incident since when."""

from typing import ClassVar, Literal

from schemas.base import Model, Severity, Utc
from schemas.inputs.reports import UpwardReportNoticed
from schemas.outputs.obligation_events import ClockStart
from streams.domain.state import Entity

Status = Literal["open", "met", "breached", "excused", "withdrawn"]


class Obligation(Entity):
    """One duty of one debtor; fields as in ObligationOpened."""

    KIND: ClassVar[str] = "obligation"

    rule: str
    label: str = ""
    series: str = ""
    debtor: str
    recipients: tuple[str, ...]
    clock: ClockStart
    clock_start: Utc
    due: Utc
    term_s: int
    source: str
    status: Status = "open"
    """`breached`: overdue and still owed; it becomes `met` when it is met late, and `breached_at` stays."""
    opened_at: Utc
    grade: Severity | None = None
    met_by: tuple[str, ...] = ()
    may_skip: bool = False
    told: dict[str, Utc] = {}
    met_at: Utc | None = None
    late: bool = False
    breached_at: Utc | None = None
    excused_since: Utc | None = None
    excused_until: Utc | None = None
    reason: str = ""
    came_from: tuple[str, ...] = ()
    """Incidents it belonged to before mergers, the last one last."""

    def owed(self) -> bool:
        """Whether somebody still has to be told."""
        return self.status in {"open", "breached", "excused"}

    def running(self) -> bool:
        """Whether its clock runs towards a breach that has not happened."""
        return self.status == "open"

    def resident(self) -> bool:
        """A clock that runs or waits for a link must be found by its timer and by the link's return."""
        return self.status in {"open", "excused"}


class Learned(Model):
    """How a unit first came to know of an incident."""

    at: Utc
    basis: Literal["known", "received"]
    stated: bool = False
    """Whether the unit said when it knew; otherwise the instant of its report counts."""
    noted: Utc
    """When it was recorded here."""
    via: str = ""
    kind: str = ""
    """What kind of unit it reported to be: for units that the register does not know."""


class Knowledge(Entity):
    """Who knows of an incident since when, and who told whom. `id` is the incident's."""

    KIND: ClassVar[str] = "knowledge"

    learned: dict[str, Learned] = {}
    told: dict[str, tuple[Utc, ...]] = {}
    """`from>to` -> when, oldest first."""
    reported: dict[str, dict[str, int | float]] = {}
    """Casualty figures that each unit's last report stood for (OB-07)."""
    since: dict[str, Utc] = {}
    """Since when grades and the reporting threshold hold, as in BasisNoted."""
    counts: dict[str, int] = {}
    """How many of a numbered series there have been, by `rule:debtor`."""
    joined: tuple[str, ...] = ()
    """Incidents that were merged into this one, here and now."""

    def first(self, sender: str, receiver: str, since: Utc) -> Utc | None:
        """When `sender` first told `receiver` at or after `since`."""
        return next((at for at in self.told.get(pair(sender, receiver), ()) if at >= since), None)

    def resident(self) -> bool:
        """Needed while its incident is open."""
        return False


class Waiting(Entity):
    """Notices of reports upward whose incident nobody has reported yet; `id` is its `source|external_id`."""

    KIND: ClassVar[str] = "upward_waiting"

    notices: tuple[UpwardReportNoticed, ...]

    def resident(self) -> bool:
        """Found again by the report that names it."""
        return False


def pair(sender: str, receiver: str) -> str:
    """Key of `Knowledge.told`."""
    return f"{sender}>{receiver}"


KEPT_INSTANTS = 8
"""Instants kept per pair: the first, and the newest."""

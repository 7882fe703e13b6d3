"""What signals, calls, rates, releases and rumours leave in the state."""

from typing import ClassVar, Literal

from schemas.base import Utc
from schemas.inputs.reports import FactValue
from schemas.outputs.release_events import ReleaseKind
from schemas.outputs.signal_events import CallStep, SignalChannel
from streams.domain.state import Entity


class Signal(Entity):
    """A monitoring signal in its loop (MO-4)."""

    KIND: ClassVar[str] = "signal"

    channel: SignalChannel
    district: str
    status: Literal["raised", "overdue", "answered", "evaluated"] = "raised"
    raised_at: Utc
    due: Utc | None
    rule: str
    answered_at: Utc | None = None
    late: bool = False
    verdict: Literal["verified", "refuted"] | None = None
    evaluated_at: Utc | None = None

    def resident(self) -> bool:
        """An open loop stays in sight until it is evaluated."""
        return self.status != "evaluated"


class Kpi(Entity):
    """A KPI in one month; `id` is `kpi:period`. Counts by group."""

    KIND: ClassVar[str] = "kpi"

    kpi: str
    period: str
    good: dict[str, int] = {}
    total: dict[str, int] = {}
    seconds: float = 0.0
    breached: bool = False

    def rate(self, group: str | None = None) -> float:
        """Good samples over all, of one group or of all; 1 where there are none."""
        good = self.good.get(group, 0) if group is not None else sum(self.good.values())
        total = self.total.get(group, 0) if group is not None else sum(self.total.values())
        return good / total if total else 1.0

    def mean(self) -> float:
        """Mean seconds of all samples; 0 where there are none."""
        total = sum(self.total.values())
        return self.seconds / total if total else 0.0


class Call(Entity):
    """A 120 call: when which step was taken."""

    KIND: ClassVar[str] = "ems_call"

    district: str
    steps: dict[CallStep, Utc] = {}
    measured: tuple[str, ...] = ()

    def resident(self) -> bool:
        """Found again by its id."""
        return False


class Release(Entity):
    """A text for the public on its way through the gate."""

    KIND: ClassVar[str] = "release"

    kind: ReleaseKind
    status: Literal["blocked", "verified", "published"]
    by_unit: str
    text_hash: str
    information_class: str = "general"
    figures: dict[str, FactValue] = {}
    channels: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    """Channels on which it was released."""

    def resident(self) -> bool:
        """Waits for approval."""
        return self.status == "verified"


class Rumour(Entity):
    """A rumour until it is refuted or confirmed."""

    KIND: ClassVar[str] = "rumour"

    status: Literal["detected", "assessed", "refuted", "confirmed"] = "detected"
    detected_at: Utc
    due: Utc | None

    def resident(self) -> bool:
        """Until somebody has answered it."""
        return self.status in {"detected", "assessed"}

"""Section `monitoring`: limits and targets of signals and 120 calls, the release gate (MO-2, EM-1 to EM-3, PR-*)."""

from datetime import date
from typing import Literal

from pydantic import Field, PrivateAttr, model_validator

from schemas.outputs.signal_events import CallStep
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, read

FILE = "monitoring.yaml"


class SignalLimit(Entry):
    """Until when a signal must be responded to, and what share of them in time."""

    minutes: float = Field(gt=0)
    target: float = Field(ge=0, le=1)


class CallKpi(Entry):
    """A KPI of 120 calls: seconds between two steps, as a share within a limit or as a mean."""

    since: CallStep
    until: CallStep
    within_s: float | None = Field(default=None, gt=0)
    target: float | None = Field(default=None, ge=0, le=1)
    mean_s: float | None = Field(default=None, gt=0)
    urban: bool = False
    """Only calls from the city urban area."""
    samples: int = Field(default=1, ge=1)
    """Fewer calls than this in the month say nothing."""

    @model_validator(mode="after")
    def _share_or_mean(self) -> "CallKpi":
        if (self.within_s is None) == (self.mean_s is None) or (self.within_s is None) != (self.target is None):
            raise ValueError("a KPI is a share (within_s and target) or a mean (mean_s)")
        return self


class Gate(Entry):
    """What may be published, by whom."""

    advisory_kinds: tuple[str, ...] = Field(min_length=1)
    """Kinds of units that issue risk advisories on their own (PR-6)."""
    reserved: tuple[Literal["general", "casualties", "outbreak"], ...] = ()
    """Classes of information that need an authorisation (PR-9)."""
    rumour_minutes: float = Field(gt=0)


class MonitoringLaw:
    """What holds on one day in one city; None where the policy is silent."""

    def __init__(self, section: "Monitoring", day: date, within: tuple[str, ...]) -> None:
        limits = in_force(section.signals, day, within)
        self.signal = limits[0] if limits else None
        self.calls = in_force(section.calls, day, within)
        gates = in_force(section.gates, day, within)
        self.gate = gates[0] if gates else None


class Monitoring(Strict):
    """The section `monitoring`."""

    signals: tuple[SignalLimit, ...] = ()
    calls: tuple[CallKpi, ...] = ()
    gates: tuple[Gate, ...] = ()
    _laws: dict[tuple[date, tuple[str, ...]], MonitoringLaw] = PrivateAttr(default_factory=dict)

    def at(self, day: date, within: tuple[str, ...]) -> MonitoringLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = MonitoringLaw(self, day, within)
        return law


REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> Monitoring:
    """Limits and targets.

    Raises:
        PolicyError: the document is wrong.
    """
    return read(documents, FILE, Monitoring)

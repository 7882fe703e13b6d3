"""signal.events: the loop of a monitoring signal, 120 calls, and the rates that are measured on them (MO-*, EM-*)."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, Model, OutputEvent, Text, Utc
from schemas.topics import SIGNAL_EVENTS

SignalChannel = Literal["case", "pathogen", "syndrome", "vector", "multi_department"]
"""病例、病原、症候群、病媒生物、多部门 (MO-1)."""
CallStep = Literal["received", "answered", "dispatched", "departed", "arrived", "handed_over"]


class SignalEvent(OutputEvent):
    """Root of what happens to one signal."""

    signal: str
    channel: SignalChannel

    def subject(self) -> str:
        return self.signal


class SignalEntered(SignalEvent):
    """A signal entered the loop; somebody must respond until `due` (MO-2)."""

    TYPE: ClassVar[str] = "signal.entered.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    district: DistrictCode
    hazard_kind: str | None
    raised_at: Utc
    due: Utc | None
    """None where the policy has no limit."""
    rule: str
    text: Text = ""


class SignalAnswered(SignalEvent):
    """Somebody responded."""

    TYPE: ClassVar[str] = "signal.answered.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    by_unit: str
    at: Utc
    late: bool
    took_s: int


class SignalMissed(SignalEvent):
    """Nobody responded in the limit. It stays in the loop (MO-4)."""

    TYPE: ClassVar[str] = "signal.response_missed.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    due: Utc


class SignalJudged(SignalEvent):
    """Verified or refuted; a refuted clue never becomes an incident (VE-2)."""

    TYPE: ClassVar[str] = "signal.judged.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    verdict: Literal["verified", "refuted"]
    by_unit: str
    at: Utc


class SignalEvaluated(SignalEvent):
    """Evaluated: the loop is closed (MO-4)."""

    TYPE: ClassVar[str] = "signal.evaluated.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    by_unit: str
    at: Utc
    late: bool
    """The response had been late."""


class Measure(Model):
    """One sample of a KPI."""

    kpi: Id
    group: str
    """What the rate is also shown by: a channel; `all` where there is nothing to tell apart."""
    seconds: float
    good: bool


class RateMeasured(OutputEvent):
    """How a KPI of signals stands in its month, after one more sample."""

    TYPE: ClassVar[str] = "kpi.rate_measured.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    kpi: Id
    period: str
    """Month, YYYY-MM, local."""
    sample: Measure
    rate: float
    """Good samples over all samples, 0..1."""
    rates: dict[str, float]
    samples: dict[str, int]
    target: float
    below: tuple[str, ...]
    """Groups below the target."""
    breached: bool

    def subject(self) -> str:
        return f"{self.kpi}:{self.period}"


class KpiBreached(OutputEvent):
    """A KPI fell below its target; `groups` names what is below it."""

    TYPE: ClassVar[str] = "kpi.breached.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    kpi: Id
    period: str
    value: float
    """The rate (0..1), or the mean in seconds."""
    target: float
    groups: tuple[str, ...]
    samples: int
    source: Text

    def subject(self) -> str:
        return f"{self.kpi}:{self.period}"


class KpiRecovered(OutputEvent):
    """A KPI reaches its target again."""

    TYPE: ClassVar[str] = "kpi.recovered.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    kpi: Id
    period: str
    value: float
    target: float
    samples: int

    def subject(self) -> str:
        return f"{self.kpi}:{self.period}"


class CallAdvanced(OutputEvent):
    """One step of a 120 call, and what it measures (EM-1 to EM-3)."""

    TYPE: ClassVar[str] = "ems.call_advanced.v1"
    TOPIC: ClassVar[str] = SIGNAL_EVENTS

    call: str
    step: CallStep
    district: DistrictCode
    at: Utc
    period: str
    measures: tuple[Measure, ...] = ()

    def subject(self) -> str:
        return self.call

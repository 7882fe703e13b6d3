"""monitoring.signals: signals of the five channels 病例、病原、症候群、病媒生物、多部门 (MO-1..MO-4)."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, InputEvent, Text, Utc
from schemas.topics import MONITORING_SIGNALS


class SignalRaised(InputEvent):
    """A signal enters the loop."""

    TYPE: ClassVar[str] = "signal.raised.v1"
    TOPIC: ClassVar[str] = MONITORING_SIGNALS

    signal: Id
    channel: Literal["case", "pathogen", "syndrome", "vector", "multi_department"]
    district: DistrictCode
    hazard_kind: Id | None = None
    raised_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("signal", self.signal),)


class SignalProgressed(InputEvent):
    """The loop goes on: responded, evaluated, or became an incident."""

    TYPE: ClassVar[str] = "signal.progressed.v1"
    TOPIC: ClassVar[str] = MONITORING_SIGNALS

    signal: Id
    step: Literal["responded", "evaluated", "verified", "refuted"]
    by_unit: Id
    observed_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("signal", self.signal),)

"""alerts: warnings before an incident, with an alert level 预警级别 (CAP vocabulary). Never a grade."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, InputEvent, Text, Utc
from schemas.topics import ALERTS

AlertLevel = Literal["red", "orange", "yellow", "blue"]


class AlertIssued(InputEvent):
    """A weather, seismic or disease warning (RL-2, RL-3, NS-2a)."""

    TYPE: ClassVar[str] = "alert.issued.v1"
    TOPIC: ClassVar[str] = ALERTS

    alert: Id
    hazard_kind: Id
    alert_level: AlertLevel
    message_type: Literal["alert", "update", "cancel"] = "alert"
    districts: tuple[DistrictCode, ...] = ()
    issued_by: Id
    issued_at: Utc
    expires_at: Utc | None = None
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("alert", self.alert), ("command", self.alert))

"""response.levels: alert state, consultation, phase, mode and lead of command (RL-1..RL-5; domain.md 2.5)."""

from typing import Any, ClassVar, Literal

from schemas.base import DistrictCode, Id, OutputEvent, ResponseLevel, RuleHit, Severity, Text, Utc
from schemas.inputs.alerts import AlertLevel
from schemas.topics import RESPONSE_LEVELS

Phase = Literal["normal", "alert", "response", "lowered", "ended", "recovery", "closed"]
"""常态、预警、响应、降级、终止、恢复、关闭 (RL-1)."""
Mode = Literal["daily", "emergency", "joint"]
"""Daily command, emergency command (RL-5), joint command state (W2)."""
Tier = Literal["district", "city", "province", "nation"]


class AlertStateChanged(OutputEvent):
    """An alert level 预警级别 took effect, changed or was lifted: never a grade, never a response level."""

    TYPE: ClassVar[str] = "alert.state_changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    alert: Id
    hazard_kind: Id
    alert_level: AlertLevel
    previous: AlertLevel | None
    status: Literal["active", "cancelled", "expired"]
    districts: tuple[DistrictCode, ...]
    issued_by: Id
    issued_at: Utc
    expires_at: Utc | None
    text: Text = ""

    def subject(self) -> str:
        return self.alert


class ConsultationConvened(OutputEvent):
    """The HQ office convenes a consultation by alert level: who must attend, by when (RL-3)."""

    TYPE: ClassVar[str] = "consultation.convened.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    consultation: Id
    alert: Id
    alert_level: AlertLevel
    convened_by: Id
    attendees: tuple[Id, ...]
    """Offices, and units of the register."""
    due: Utc
    rule: Id

    def subject(self) -> str:
        return self.consultation


class PhaseChanged(OutputEvent):
    """An incident's command passed into another phase, with the profile that holds in it (RL-1)."""

    TYPE: ClassVar[str] = "command.phase_changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    about: Id
    """The incident; the alert or the task force where there is none."""
    previous: Phase
    phase: Phase
    level: ResponseLevel | None
    at: Utc


class ModeChanged(OutputEvent):
    """Daily, emergency or joint command (RL-5), and why."""

    TYPE: ClassVar[str] = "command.mode_changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    about: Id
    """The incident; the alert or the task force where there is none."""
    previous: Mode
    mode: Mode
    rule: Id
    level: ResponseLevel | None
    composite: Severity | None


class ProfileChanged(OutputEvent):
    """Another operating profile holds: report cadence, duty staffing, bed tier, stock norm, release rule (RL-1)."""

    TYPE: ClassVar[str] = "command.profile_changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    about: Id
    """The incident; the alert or the task force where there is none."""
    previous: Id | None
    profile: Id
    values: dict[str, Any]
    decided_at: Utc
    """When the decision fell that changed it: confirmation time minus this is RL-4's transition time."""


class LeadChanged(OutputEvent):
    """Another tier of government leads (应对法 Art. 17-19): by grade, or as the districts' common superior."""

    TYPE: ClassVar[str] = "command.lead_changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    previous: Tier | None
    tier: Tier
    office: Id
    districts: tuple[DistrictCode, ...]
    hits: tuple[RuleHit, ...]

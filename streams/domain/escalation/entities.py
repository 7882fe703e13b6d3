"""What responses, alerts, expert opinions and command leave in the state."""

from typing import ClassVar, Literal

from schemas.base import ResponseLevel, Utc
from schemas.inputs.alerts import AlertLevel
from schemas.inputs.directives import Measures
from schemas.outputs.command_events import Mode, Phase, Tier
from streams.domain.state import Entity


class Response(Entity):
    """A response 应急响应 in a zone, as the last act of government left it (GR-3, GR-5).

    `incident` is None where an alert triggered it before anything happened (RL-2).
    """

    KIND: ClassVar[str] = "response"

    zone: str
    level: ResponseLevel
    status: Literal["running", "ended"] = "running"
    notice: Measures
    hazard_kinds: tuple[str, ...] = ()
    about: str | None = None
    issuer: str
    office: str
    """Office of the last act."""
    directive: str
    legal_basis: str
    started_at: Utc
    risen_at: Utc
    """Last start or raise: an expert opinion that argues for less must be newer."""
    changed_at: Utc
    lowered: bool = False
    """Whether the last act was a lowering 降级."""
    ended_at: Utc | None = None
    came_from: tuple[str, ...] = ()
    """Incidents it belonged to before mergers, the last one last."""

    def running(self) -> bool:
        """Whether the response is in force."""
        return self.status == "running"

    def resident(self) -> bool:
        """A running response counts for incidents to come; an ended one is history."""
        return self.running()


class AlertResponses(Entity):
    """Ids of the running responses that have no incident; `id` is the area's."""

    KIND: ClassVar[str] = "alert_responses"

    running: tuple[str, ...] = ()


class Alert(Entity):
    """An alert 预警 in force or past."""

    KIND: ClassVar[str] = "alert"

    hazard_kind: str
    alert_level: AlertLevel
    status: Literal["active", "cancelled", "expired"]
    districts: tuple[str, ...]
    issued_by: str
    issued_at: Utc
    expires_at: Utc | None

    def resident(self) -> bool:
        """An active alert is part of the picture."""
        return self.status == "active"


class Opinion(Entity):
    """An expert opinion on record (EX-5). It supports one act."""

    KIND: ClassVar[str] = "expert_opinion"

    expert: str
    office: str
    directive: str
    at: Utc
    used_by: str | None = None
    """Directive of the act that cited it."""

    def resident(self) -> bool:
        """Needed while its incident is open."""
        return False


class Command(Entity):
    """How an incident is commanded: phase, mode, profile, lead, termination clock. `id` is the incident's."""

    KIND: ClassVar[str] = "command"

    phase: Phase = "normal"
    mode: Mode = "daily"
    profile: str | None = None
    tier: Tier | None = None
    last_onset: Utc | None = None
    """Onset of the last case; None where no case is known."""
    cases: int = 0
    """Cases counted when the clock was last set."""
    earliest_end: Utc | None = None

    def resident(self) -> bool:
        """With its incident; that of an alert or of a task force without incident as long as it is out of normal."""
        return self.incident is None and (self.phase in {"alert", "response", "lowered"} or self.mode != "daily")


class Review(Entity):
    """An evaluation that is due (JA-3, DR-9)."""

    KIND: ClassVar[str] = "review"

    kind: Literal["joint_mechanism", "after_action"]
    about: str
    due: Utc
    dimensions: tuple[str, ...]
    status: Literal["open", "done"] = "open"

    def resident(self) -> bool:
        """Work for people after the incident; no decision looks at it."""
        return False

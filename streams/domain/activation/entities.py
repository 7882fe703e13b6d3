"""What the joint mechanism leaves in the state."""

from typing import ClassVar, Literal

from schemas.base import Department, Model, RuleHit, Severity, Utc
from streams.domain.state import AreaState, Entity


class Hit(Model):
    """One rule that asked for the mechanism, and who confirmed or ordered it (JA-2)."""

    rule: str
    hits: tuple[RuleHit, ...]
    decided_by: tuple[str, ...]
    at: Utc


class TaskForce(Entity):
    """The joint mechanism of an incident and its task force: one, however many rules hit (JA-2, TF-*)."""

    KIND: ClassVar[str] = "task_force"

    status: Literal["active", "stood_down"] = "active"
    hits: tuple[Hit, ...]
    activated_at: Utc
    template: str = ""
    lead: Department | None = None
    deputy: Department | None = None
    lead_rule: str = ""
    named_lead: Department | None = None
    """The department that the commander named."""
    branches: dict[str, Department] = {}
    groups: tuple[str, ...] = ()
    seats: dict[str, tuple[str, ...]] = {}
    stood_down_at: Utc | None = None
    severity_at_end: Severity | None = None
    reason: str = ""

    def active(self) -> bool:
        """Whether the joint mechanism runs."""
        return self.status == "active"

    def resident(self) -> bool:
        """A running mechanism counts; one that was stood down is history once its incident is closed."""
        return self.active()

    def rules(self) -> tuple[str, ...]:
        """The rules that hit, in the order in which they did."""
        return tuple(hit.rule for hit in self.hits)


def active_task_force(state: AreaState, incident: str | None) -> TaskForce | None:
    """The running task force of an incident; of none where `incident` is None (E11 without incident)."""
    if incident is not None:
        return next((item for item in state.of_incident(TaskForce, incident) if item.active()), None)
    return next((item for item in state.of(TaskForce).values() if item.incident is None and item.active()), None)


def joint_runs(state: AreaState, about: str) -> bool:
    """Whether the joint mechanism runs for this incident, or is this task force."""
    by_id = state.get(TaskForce, about)
    return by_id.active() if by_id is not None else active_task_force(state, about) is not None

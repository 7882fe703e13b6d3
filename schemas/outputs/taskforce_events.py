"""taskforce.events: the joint mechanism and its task force 专班/联合工作组 (E9, E10, E11, W2, D3, TF-*)."""

from typing import ClassVar

from schemas.base import Department, Id, OutputEvent, RuleHit, Text, Utc
from schemas.topics import TASKFORCE_EVENTS


class JointProposed(OutputEvent):
    """A rule asks for the joint mechanism (or one more template); the offices decide until `expires_at`."""

    TYPE: ClassVar[str] = "joint.proposed.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    proposal: Id
    rule: Id
    hits: tuple[RuleHit, ...]
    offices: tuple[Id, ...]
    """All of them must confirm."""
    expires_at: Utc

    def subject(self) -> str:
        return self.proposal


class JointActivated(OutputEvent):
    """The joint mechanism runs for this incident: once, however many rules ask for it (JA-2)."""

    TYPE: ClassVar[str] = "joint.activated.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    incident: str
    rule: Id
    hits: tuple[RuleHit, ...]
    task_force: Id
    decided_by: tuple[Id, ...]
    """Persons who confirmed or ordered it; empty where the law makes it automatic (E9)."""

    def subject(self) -> str:
        return self.task_force


class JointRuleHit(OutputEvent):
    """One more rule asks for a mechanism that already runs: a hit more, never a second task force."""

    TYPE: ClassVar[str] = "joint.rule_hit_added.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    incident: str
    rule: Id
    hits: tuple[RuleHit, ...]
    task_force: Id
    decided_by: tuple[Id, ...]

    def subject(self) -> str:
        return self.task_force


class TaskForceFormed(OutputEvent):
    """Composition: lead and deputy department, groups, seats (TF-1..TF-7)."""

    TYPE: ClassVar[str] = "task_force.formed.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    incident: str
    task_force: Id
    template: Id
    lead: Department | None
    deputy: Department | None
    branches: dict[str, Department]
    """Family -> department that leads its branch, for compound incidents of equal severity (TF-3)."""
    groups: tuple[Id, ...]
    seats: dict[str, tuple[Id, ...]]
    """Seat (convener, liaison_officer, member) -> units or offices."""

    def subject(self) -> str:
        return self.task_force


class JointStoodDown(OutputEvent):
    """The joint mechanism ended; an evaluation is opened (JA-3)."""

    TYPE: ClassVar[str] = "joint.stood_down.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    incident: str
    task_force: Id
    reason: Text
    decided_by: tuple[Id, ...]

    def subject(self) -> str:
        return self.task_force

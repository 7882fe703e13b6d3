"""taskforce.events: the joint mechanism and its task force 专班/联合工作组 (E9, E10, E11, W2, D3, TF-*)."""

from typing import ClassVar

from schemas.base import Department, Id, OutputEvent, RuleHit, Severity, Text, Utc
from schemas.outputs.proposal_events import ProposalOpened
from schemas.topics import TASKFORCE_EVENTS


class JointProposed(ProposalOpened):
    """A rule asks for the joint mechanism (or one more template); the offices decide until `expires_at`."""

    TYPE: ClassVar[str] = "joint.proposed.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS


class JointActivated(OutputEvent):
    """The joint mechanism runs for this incident: once, however many rules ask for it (JA-2).

    Without an incident where the commander-in-chief ordered it for none (E11).
    """

    TYPE: ClassVar[str] = "joint.activated.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    rule: Id
    hits: tuple[RuleHit, ...]
    task_force: Id
    decided_by: tuple[Id, ...]
    """Persons who confirmed or ordered it; empty where the law makes it automatic (E9)."""
    at: Utc
    directive: Id | None = None
    source: Text = ""
    """Where the rule stands."""

    def subject(self) -> str:
        return self.task_force


class JointRuleHit(OutputEvent):
    """One more rule asks for a mechanism that already runs: a hit more, never a second task force."""

    TYPE: ClassVar[str] = "joint.rule_hit_added.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    rule: Id
    hits: tuple[RuleHit, ...]
    task_force: Id
    decided_by: tuple[Id, ...]
    at: Utc
    directive: Id | None = None
    source: Text = ""

    def subject(self) -> str:
        return self.task_force


class Composition(OutputEvent):
    """Lead and deputy department, groups, seats (TF-1..TF-9, TF-12)."""

    task_force: Id
    template: Id
    """Templates in force, joined by `+`, e.g. `joint+forward`."""
    lead: Department | None
    deputy: Department | None
    lead_rule: Text = ""
    """The policy entry, or the directive, that gives the lead (TF-3)."""
    branches: dict[str, Department]
    """Family -> department that leads its branch, for compound incidents of equal severity (TF-3)."""
    groups: tuple[Id, ...]
    seats: dict[str, tuple[Id, ...]]
    """Seat (convener, liaison_officer, member) -> units or offices."""

    def subject(self) -> str:
        return self.task_force


class TaskForceFormed(Composition):
    """The task force was put together from the policy's templates."""

    TYPE: ClassVar[str] = "task_force.formed.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS


class TaskForceRecomposed(Composition):
    """Kinds, grades, a rule hit or the commander changed lead, groups or members of a task force that runs."""

    TYPE: ClassVar[str] = "task_force.recomposed.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    changed: tuple[str, ...]
    """Names of the fields that changed."""
    directive: Id | None = None


class TaskForceMoved(OutputEvent):
    """The task force now serves another incident: incidents were merged. Its rule hits go with it (JA-2)."""

    TYPE: ClassVar[str] = "task_force.moved.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    task_force: Id
    from_incident: Id

    def subject(self) -> str:
        return self.task_force


class LeadNamed(OutputEvent):
    """The commander named the lead department of a compound incident (TF-3)."""

    TYPE: ClassVar[str] = "task_force.lead_named.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    task_force: Id
    department: Department
    issuer: Id
    office: Id
    directive: Id

    def subject(self) -> str:
        return self.task_force


class JointStoodDown(OutputEvent):
    """The joint mechanism ended; an evaluation is opened (JA-3)."""

    TYPE: ClassVar[str] = "joint.stood_down.v1"
    TOPIC: ClassVar[str] = TASKFORCE_EVENTS

    task_force: Id
    reason: Text
    decided_by: tuple[Id, ...]
    at: Utc
    directive: Id | None = None
    rule: Text = ""
    """The policy entry by which it ended with the response, where no directive did."""
    severity: Severity | None = None
    """Composite grade at that moment: rules ask for the mechanism again only when it gets worse."""

    def subject(self) -> str:
        return self.task_force

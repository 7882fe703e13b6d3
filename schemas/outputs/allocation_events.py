"""resource.allocations: from a request to the last resource that came back (AL-*; EDXL-RM vocabulary)."""

from typing import ClassVar, Literal, NotRequired

from typing_extensions import TypedDict

from schemas.base import Department, DistrictCode, Id, Model, OutputEvent, Text, Utc
from schemas.inputs.reports import Place
from schemas.inputs.requests import Urgency
from schemas.outputs.catalogue_events import ResourceStatus
from schemas.topics import RESOURCE_ALLOCATIONS

Reason = Literal[
    "lacks_capability", "committed", "busy", "rest", "out_of_service", "quarantined", "expired", "empty", "floor",
    "group_reserve", "too_far", "no_travel_time", "declined", "requisition_only", "tier_closed", "delegated",
    "not_local",
]  # fmt: skip
"""Why a resource of the kind did not serve a line."""
Outcome = Literal["committed", "partly_committed", "pending_authorization", "short"]
Cause = Literal[
    "requested", "amended", "authorised", "waived", "freed", "declined", "displaced", "unanswered", "preempted",
    "second_wave", "by_hand", "tier_opened", "requisitioned", "replanned", "mutual_aid",
]  # fmt: skip
"""Why a line was decided (again)."""
Tier = Literal[
    "above_floor", "own_reserve", "waived_floor", "preempted", "requisition", "by_hand", "by_node", "mutual_aid",
]  # fmt: skip
"""On what ground a resource was taken: the stages of allocation.md."""
CommitmentStage = Literal[
    "committed", "reserved", "ordered", "accepted", "en_route", "on_scene", "occupied", "shipped", "delivered",
    "declined", "displaced", "preempted", "unanswered", "lapsed", "recalled", "released", "returned", "consumed",
]  # fmt: skip
"""AL-10. Units begin `committed`, beds `reserved`, stock `ordered`; from `declined` on a stage is final."""


class AdmittedLine(Model):
    """A line as it will be served: its urgency class is settled."""

    line: int
    kind: Id
    quantity: int
    urgency: Urgency
    requires: tuple[Id, ...] = ()
    prefers: tuple[Id, ...] = ()
    minimum_type: int | None = None


class RequestAdmitted(OutputEvent):
    """A request has its durable number, owner and stage (AL-10)."""

    TYPE: ClassVar[str] = "request.admitted.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    request: Id
    unit: Id
    department: Department
    for_task_force: bool
    place: Place
    needed_by: Utc | None
    asked_at: Utc
    lines: tuple[AdmittedLine, ...]
    text: Text = ""
    node: Id | None = None
    """The cut-off node that admitted it: the city serves it only once that node's log is merged (AU-1)."""

    def subject(self) -> str:
        return self.request


class RequestChanged(OutputEvent):
    """New quantities of lines; zero ends the line."""

    TYPE: ClassVar[str] = "request.amended.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    request: Id
    quantities: dict[int, int]
    by: Id
    reason: Text = ""

    def subject(self) -> str:
        return self.request


class RequestWithdrawn(OutputEvent):
    """Nothing more is needed; what had not arrived is recalled."""

    TYPE: ClassVar[str] = "request.cancelled.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    request: Id
    by: Id
    reason: Text = ""

    def subject(self) -> str:
        return self.request


class Candidate(TypedDict):
    """A suitable resource: travel time, score (travel time + balance) in milliseconds, and what was taken of it."""

    resource: str
    eta_ms: int
    score_ms: int
    take: int
    reason: NotRequired[Reason]
    """Why it was not taken although it was next."""


class PassedOver(TypedDict):
    """A resource that was as near as the farthest that was taken, and why it did not serve."""

    resource: str
    eta_ms: int
    reason: Reason


class LineDecided(OutputEvent):
    """What became of one line and why: the explanation of every commitment that follows it (AL-2)."""

    TYPE: ClassVar[str] = "request.line_decided.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    request: Id
    line: int
    kind: Id
    urgency: Urgency
    cause: Cause
    outcome: Outcome
    asked: int
    needed: int
    """Open before this decision."""
    committed: int
    """Taken by this decision."""
    short: int
    """Open after it."""
    order: tuple[int, int, int]
    """Urgency bucket, units of the kind that the incident already has, aged instant in ms: smaller goes first."""
    suitable: int
    """Resources of the kind with the required capabilities, whatever their state."""
    candidates: tuple[Candidate, ...]
    passed_over: tuple[PassedOver, ...]
    rejections: dict[Reason, int]
    crosses: tuple[Department, ...] = ()
    """Other departments whose resources it would take (AL-1)."""
    authorisation: Id | None = None
    travel: Id = "great_circle"
    """Where the travel times come from: great_circle, district_minutes, osrm, valhalla."""
    second_wave_at: Utc | None = None
    """When the line, still short, may take from farther away."""
    rules: tuple[Id, ...]
    policy_version: str

    def subject(self) -> str:
        return f"{self.request}/{self.line}"


class ResourceCommitted(OutputEvent):
    """EDXL-RM CommitResource: this resource, or this much of it, serves that line."""

    TYPE: ClassVar[str] = "resource.committed.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    commitment: Id
    request: Id
    line: int
    kind: Id
    resource: Id
    owner_unit: Id
    owner_department: Department
    district: DistrictCode
    """Where the resource is at home."""
    quantity: int
    stage: CommitmentStage
    urgency: Urgency
    tier: Tier
    eta_ms: int | None
    score_ms: int | None
    committed_at: Utc
    to: Place
    accept_by: Utc | None = None
    hold_until: Utc | None = None
    authorisation: Id | None = None
    replan_at: Utc | None = None
    """When orders of this kind that have not left are looked at again (AL-REPLAN)."""
    reason: Text = ""

    def subject(self) -> str:
        return self.commitment


class CommitmentChanged(OutputEvent):
    """One step in the life of a commitment. What it means for line and resource stands in the event itself."""

    commitment: Id
    request: Id
    line: int
    kind: Id
    resource: Id
    quantity: int
    previous: CommitmentStage
    stage: CommitmentStage
    observed_at: Utc
    reason: Text = ""
    freed: int = 0
    """Promised quantity that the resource is rid of."""
    on_hand: int = 0
    """Change of what the resource's owner has: stock that left or came back, beds that filled or emptied."""
    reopened: int = 0
    """Quantity that the line needs again."""
    resource_status: ResourceStatus | None = None
    excluded: bool = False
    """The line does not get this resource again."""
    rest_until: Utc | None = None
    after_s: int | None = None
    """Of an arrival, a delivery, an admission: seconds since the order (AL-3, TM-12)."""
    heard_by: Utc | None = None
    """When a deployed force must have been heard of (DU-8)."""

    def subject(self) -> str:
        return self.commitment


class CommitmentAdvanced(CommitmentChanged):
    """Accepted, en route, on scene; shipped, delivered; occupied."""

    TYPE: ClassVar[str] = "commitment.advanced.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class CommitmentDeclined(CommitmentChanged):
    """The owner cannot: the line is decided anew without this resource."""

    TYPE: ClassVar[str] = "commitment.declined.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class CommitmentUnanswered(CommitmentChanged):
    """The owner was silent past the time-out: the line is decided anew without this resource."""

    TYPE: ClassVar[str] = "commitment.unanswered.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class CommitmentDisplaced(CommitmentChanged):
    """A fact contradicts the commitment: the resource is gone, counted lower, or went elsewhere by itself."""

    TYPE: ClassVar[str] = "commitment.displaced.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class CommitmentPreempted(CommitmentChanged):
    """A more urgent line took the unit before it had arrived; this line keeps its age."""

    TYPE: ClassVar[str] = "commitment.preempted.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class CommitmentEnded(CommitmentChanged):
    """Released, returned, consumed, recalled by its requester, or lapsed because nobody came."""

    TYPE: ClassVar[str] = "commitment.ended.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS


class DeploymentContradicted(OutputEvent):
    """A report about a commitment that is over or never was: kept, shown to the dispatcher."""

    TYPE: ClassVar[str] = "deployment.contradicted.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    resource: Id
    commitment: Id | None
    step: str
    stage: CommitmentStage | None
    observed_at: Utc
    reason: Text = ""

    def subject(self) -> str:
        return self.commitment or self.resource


class AllocationAuthorised(OutputEvent):
    """AL-1: resources of other departments may be allocated to this incident."""

    TYPE: ClassVar[str] = "allocation.authorised.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    authorisation: Id
    until: Utc | None
    kinds: tuple[Id, ...]
    issuer: Id
    office: Id
    legal_basis: Text = ""
    """What the authority referred to: orders that name this authorisation stand on it (AL-9)."""

    def subject(self) -> str:
        return self.authorisation


class FloorWaived(OutputEvent):
    """Reserve floors, and in a severe incident group reserves, may be used for this incident."""

    TYPE: ClassVar[str] = "allocation.floor_waived.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    waiver: Id
    until: Utc | None
    kinds: tuple[Id, ...]
    districts: tuple[DistrictCode, ...]
    issuer: Id
    office: Id
    legal_basis: Text = ""

    def subject(self) -> str:
        return self.waiver


class CommitmentHeard(OutputEvent):
    """A deployed force keeps contact (DU-8)."""

    TYPE: ClassVar[str] = "commitment.heard.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    commitment: Id
    resource: Id
    observed_at: Utc
    next_by: Utc | None = None

    def subject(self) -> str:
        return self.commitment


class OrdersReplanned(OutputEvent):
    """A dispatcher confirmed exchanges between orders that had not left (AL-REPLAN): what came of them."""

    TYPE: ClassVar[str] = "allocation.replanned.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    proposal: Id
    kind: Id
    carried_out: int
    dropped: int
    """Exchanges that no longer held when they were confirmed: a unit had left, a need was over."""
    saved_ms: int
    """Sum of travel times before minus after, of orders that were filled before."""
    filled: int
    """Needs that nobody served before."""

    def subject(self) -> str:
        return self.proposal

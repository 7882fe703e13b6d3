"""What allocation remembers: catalogue, floors, requests with their lines, commitments, authorisations, waivers."""

from datetime import datetime
from typing import ClassVar, Literal

from schemas.base import Department, Point, Utc
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import Urgency
from schemas.inputs.resources import Readiness, ResourceRegistered
from schemas.outputs.allocation_events import CommitmentStage, Tier
from schemas.outputs.catalogue_events import ResourceStatus
from streams.domain.state import Entity

OPEN_STAGES = frozenset(
    {"committed", "reserved", "ordered", "accepted", "en_route", "on_scene", "occupied", "shipped", "delivered"}
)
"""Stages in which a commitment still binds somebody."""
BEFORE_ARRIVAL = frozenset({"committed", "reserved", "ordered", "accepted", "en_route", "shipped"})


PROGRESS = {
    "accepted": 1, "en_route": 2, "shipped": 2, "on_scene": 3, "occupied": 3, "delivered": 3,
}  # fmt: skip
"""How far a stage is: reports may come late or out of order, and never take a commitment back."""


class Resource(Entity):
    """A catalogue entry as it stands: what its owner says, what is on hand, what we have promised of it."""

    KIND: ClassVar[str] = "resource"

    entry: ResourceRegistered
    status: ResourceStatus = "ready"
    quantity: int = 1
    """On hand as counted: stock, free beds; 1 for a unit."""
    held: int = 0
    """Promised by open commitments and still on hand."""
    observed_at: Utc | None = None
    counted_at: Utc | None = None
    readiness: Readiness | None = None
    below_norm: bool = False
    unready: bool = False
    requisitioned: bool = False
    """A pre-registered target that was ordered and not yet given back."""
    aid: str | None = None
    """The mutual-aid saga by which another city lent it: it serves that saga's line and nobody else."""

    @property
    def kind(self) -> str:
        """What a request line asks for."""
        return self.entry.kind


class Position(Entity):
    """Where decisions believe a unit to be, and since when. Changed only by `resource.positions_adopted`."""

    KIND: ClassVar[str] = "adopted_position"

    point: Point
    observed_at: Utc


class RoutedTimes(Entity):
    """What a routing engine said about a line's shortlist; `id` is the line's. Gone once the line is decided."""

    KIND: ClassVar[str] = "routed_times"

    provider: str
    eta_ms: dict[str, int]


class Floor(Entity):
    """Reserve floor; `id` is `<kind>@<district or *>`."""

    KIND: ClassVar[str] = "floor"

    entry: FloorRegistered


class Request(Entity):
    """A request; `id` is the sender's number, durable and unique in the area."""

    KIND: ClassVar[str] = "request"

    unit: str
    department: Department
    for_task_force: bool = False
    place: Place
    needed_by: Utc | None = None
    asked_at: Utc
    lines: tuple[str, ...]
    cancelled: bool = False
    closed: bool = False
    """No line waits and nothing is under way: history."""
    text: str = ""

    def resident(self) -> bool:
        return not self.closed


class Line(Entity):
    """One line of a request; `id` is `<request>/<line>`."""

    KIND: ClassVar[str] = "request_line"

    request: str
    number: int
    kind: str
    quantity: int
    need: int
    """Still open: asked and not promised."""
    urgency: Urgency
    requires: tuple[str, ...] = ()
    prefers: tuple[str, ...] = ()
    minimum_type: int | None = None
    asked_ms: int
    department: Department
    stage: str = "requested"
    """requested, pending_authorization, partly_committed, short, committed, cancelled."""
    told: int = -1
    """How short the requester was last told the line is; -1: nothing told."""
    commitments: int = 0
    """Ever made: the next one's number."""
    under_way: int = 0
    """Open commitments."""
    excluded: tuple[str, ...] = ()
    losses: int = 0
    """How often it was preempted."""
    withheld: bool = False
    """A cut-off node serves it, as its log tells; the city does once that log is merged (AU-1)."""

    @property
    def waiting(self) -> bool:
        """Whether somebody still has to be found for it."""
        return self.need > 0

    def resident(self) -> bool:
        return self.need > 0 or self.under_way > 0


class Commitment(Entity):
    """A resource, or a part of one, serves a line; `id` is `<request>/<line>/<number>`."""

    KIND: ClassVar[str] = "commitment"

    request: str
    line: str
    kind: str
    resource: str
    form: Literal["unit", "beds", "stock", "capacity"] = "unit"
    """Of the resource: the database keeps a unit from being promised twice (0003)."""
    quantity: int
    stage: CommitmentStage
    urgency: Urgency
    tier: Tier
    eta_ms: int | None
    to: Place
    committed_at: Utc
    departed_at: Utc | None = None
    heard_at: Utc | None = None
    accept_by: Utc | None = None
    hold_until: Utc | None = None

    @property
    def open(self) -> bool:
        """Whether it still binds somebody."""
        return self.stage in OPEN_STAGES

    @property
    def arrived(self) -> bool:
        """Whether the resource is there."""
        return self.stage not in BEFORE_ARRIVAL

    def resident(self) -> bool:
        return self.open


class Authorisation(Entity):
    """AL-1: other departments' resources may be allocated to the incident."""

    KIND: ClassVar[str] = "authorisation"

    kinds: tuple[str, ...] = ()
    until: Utc | None = None

    def covers(self, kind: str, now: datetime) -> bool:
        """Whether it is in scope and time."""
        return (not self.kinds or kind in self.kinds) and (self.until is None or now <= self.until)


class Waiver(Entity):
    """Floors may be used for the incident."""

    KIND: ClassVar[str] = "floor_waiver"

    kinds: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    until: Utc | None = None

    def covers(self, kind: str, now: datetime) -> bool:
        """Whether it is in scope and time; the districts are looked at one by one."""
        return (not self.kinds or kind in self.kinds) and (self.until is None or now <= self.until)


class BedTier(Entity):
    """How far a hospital's surge tiers of a kind are open; `id` is `<hospital>|<kind>` (BD-1)."""

    KIND: ClassVar[str] = "bed_tier"

    owner_unit: str
    kind: str
    open: int


class StockCoverage(Entity):
    """Whether a unit's stock covers the reserve catalogue; `id` is the unit's (ST-2)."""

    KIND: ClassVar[str] = "stock_coverage"

    breached: bool


class TeamStrength(Entity):
    """Whether a team has the headcount of its level; `id` is the team's (TM-1)."""

    KIND: ClassVar[str] = "team_strength"

    ready: bool


class Requisition(Entity):
    """Requisitioned social supplies; open until given back or paid for, and closing the incident waits for that."""

    KIND: ClassVar[str] = "requisition"

    status: str
    item: str
    owner: str
    resource: str | None = None

    def resident(self) -> bool:
        return self.status == "ordered"

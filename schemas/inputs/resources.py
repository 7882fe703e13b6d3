"""resource.updates: the integrated catalogue 应急资源一体化目录 (RC-*), as its owners keep it."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Department, DistrictCode, Id, InputEvent, Model, Point, Text, Utc
from schemas.topics import RESOURCE_UPDATES

Category = Literal[
    "health_team", "rescue_team", "expert", "medical_supply", "protective_equipment", "rescue_equipment", "transport",
    "shelter", "bed", "staff", "laboratory", "ambulance", "blood", "communications", "drone", "command_vehicle",
    "convertible_venue", "production_capacity", "agreement_stock", "facility",
]  # fmt: skip


class Readiness(Model):
    """TM-1: headcount, and whether each post has an A and a B person."""

    headcount: int | None = Field(default=None, ge=0)
    posts_without_b: int = Field(default=0, ge=0)
    trained_at: Utc | None = None


class ResourceRegistered(InputEvent):
    """A catalogue entry: a unit, a group of beds, or a stock lot. Registering again replaces the description."""

    TYPE: ClassVar[str] = "resource.registered.v1"
    TOPIC: ClassVar[str] = RESOURCE_UPDATES

    resource: Id
    """Globally unique; its home area is `area`, and only that area's lane commits it."""
    name: Text = ""
    category: Category
    kind: Id
    """What a request line asks for, e.g. ambulance, icu_bed, EMR, ppe."""
    form: Literal["unit", "beds", "stock", "capacity"]
    """unit: one indivisible thing; the others: a quantity of which parts are taken."""
    quantity: int = Field(default=1, ge=0)
    floor: int = Field(default=0, ge=0)
    """Reserve floor of this lot (stock, beds). Floors of units are per kind and district: register.floor.v1."""
    reserve_group: Id | None = None
    """Units that hold a reserve together, e.g. HT-CITY: policy keeps at least one sub-unit of each kind."""
    type_level: int | None = Field(default=None, ge=1, le=4)
    capabilities: tuple[Id, ...] = ()
    owner_unit: Id
    owner_department: Department
    district: DistrictCode
    position: Point | None = None
    tier: Literal[1, 2, 3] | None = None
    """Surge bed tier (BD-1)."""
    role: Literal["designated", "backup"] | None = None
    readiness: Readiness | None = None
    team_level: Literal["city", "county", "township"] | None = None
    """Level of the team that a sub-unit belongs to; `reserve_group` names the team (TM-1, TM-3)."""
    self_sustain_days: int | None = Field(default=None, ge=0)
    """How long a team needs no supply from outside (TM-2)."""
    expires_at: Utc | None = None
    daily_use: float | None = Field(default=None, ge=0)
    daily_use_full_load: float | None = Field(default=None, ge=0)
    stock_type: Literal["physical", "agreement", "production"] = "physical"
    lead_minutes: int = Field(default=0, ge=0)
    """Until agreement stock or production can leave; added to every travel time (ST-4)."""
    accept_within_minutes: int | None = Field(default=None, ge=1)
    """The owner's time-out: silence after an order for so long reassigns it. Absent: the policy's, maybe none."""
    hold_minutes: int | None = Field(default=None, ge=1)
    """A reserved bed is free again after so long without arrival. Absent: the policy's, which may be none."""
    requisition_target: bool = False
    """Pre-registered social supply (RQ-2): only by requisition, or by a standing order that permits it."""


class ResourcePositioned(InputEvent):
    """Telemetry: where a unit is. Coalesced, not recorded by itself (design.md Lanes)."""

    TYPE: ClassVar[str] = "resource.positioned.v1"
    TOPIC: ClassVar[str] = RESOURCE_UPDATES

    resource: Id
    position: Point
    observed_at: Utc


class ResourceStatusReported(InputEvent):
    """Availability as its owner reports it: ready, busy with own work, resting, out of service, quarantined."""

    TYPE: ClassVar[str] = "resource.status_reported.v1"
    TOPIC: ClassVar[str] = RESOURCE_UPDATES

    resource: Id
    status: Literal["ready", "busy", "rest", "out_of_service", "quarantined"]
    observed_at: Utc
    readiness: Readiness | None = None
    reason: Text = ""


class ResourceQuantityReported(InputEvent):
    """Stock on hand or free beds counted by the owner: a fact, also where it contradicts our commitments."""

    TYPE: ClassVar[str] = "resource.quantity_reported.v1"
    TOPIC: ClassVar[str] = RESOURCE_UPDATES

    resource: Id
    quantity: int = Field(ge=0)
    observed_at: Utc
    reason: Text = ""


class ResourceDeploymentReported(InputEvent):
    """EDXL-RM ReportResourceDeploymentStatus: the steps of a commitment as they happened (AL-10)."""

    TYPE: ClassVar[str] = "resource.deployment_reported.v1"
    TOPIC: ClassVar[str] = RESOURCE_UPDATES

    commitment: Id | None = None
    resource: Id
    step: Literal[
        "accepted", "declined", "departed", "arrived", "delivered", "consumed", "released", "returned", "ready",
        "heartbeat", "self_dispatched",
    ]  # fmt: skip
    observed_at: Utc
    quantity: int | None = Field(default=None, ge=0)
    reason: Text = ""
    incident: Id | None = None

    def lookups(self) -> tuple[tuple[str, str], ...]:
        refs = [("commitment", self.commitment)] if self.commitment else []
        return (*refs, ("incident", self.incident)) if self.incident else tuple(refs)

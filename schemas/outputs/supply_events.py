"""resource.allocations: requisition, stock norms, readiness of teams, contact with deployed forces."""

from typing import ClassVar, Literal

from schemas.base import Id, OutputEvent, Text, Utc
from schemas.topics import RESOURCE_ALLOCATIONS


class RequisitionChanged(OutputEvent):
    """Social supplies are requisitioned under law, given back, paid for (RQ-1, RQ-3; 应对法 Art. 12, 76)."""

    TYPE: ClassVar[str] = "requisition.changed.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    requisition: Id
    status: Literal["ordered", "returned", "compensated"]
    item: Text
    owner: Id
    resource: Id | None = None
    """The catalogue entry, where the item is a pre-registered target (RQ-2)."""
    legal_basis: Text
    valuation_yuan: int | None = None
    return_by: Utc | None = None
    issuer: Id
    office: Id
    directive: Id

    def subject(self) -> str:
        return self.requisition


class StockNormJudged(OutputEvent):
    """Days of supply of a lot fell below its norm, or are back above it (ST-1)."""

    TYPE: ClassVar[str] = "stock.norm_judged.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    resource: Id
    breached: bool
    days: float
    norm_days: int
    basis: Literal["normal_use", "full_load"]
    rule: Id

    def subject(self) -> str:
        return self.resource


class StockCoverageJudged(OutputEvent):
    """A unit's stock covers less than the share of the reserve catalogue it must, or covers it again (ST-2)."""

    TYPE: ClassVar[str] = "stock.coverage_judged.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    owner_unit: Id
    breached: bool
    share: float
    norm: float
    missing: tuple[Id, ...]
    """Kinds of the catalogue of which nothing is on hand."""
    rule: Id

    def subject(self) -> str:
        return self.owner_unit


class ReadinessJudged(OutputEvent):
    """A sub-unit or a whole team lacks people, B persons or training, or is complete again (TM-1, TM-11)."""

    TYPE: ClassVar[str] = "team.readiness_judged.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    resource: Id
    """The sub-unit, or the team that its sub-units name as their reserve group."""
    whole_team: bool = False
    headcount: int | None = None
    ready: bool
    gaps: tuple[Literal["headcount", "posts_without_b", "training"], ...]
    rule: Id

    def subject(self) -> str:
        return self.resource


class ContactLost(OutputEvent):
    """A deployed force has not been heard of for too long (DU-8)."""

    TYPE: ClassVar[str] = "commitment.contact_lost.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    commitment: Id
    resource: Id
    since: Utc

    def subject(self) -> str:
        return self.commitment

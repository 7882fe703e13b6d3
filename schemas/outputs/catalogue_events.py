"""area.events: what an area has taken into its resource catalogue 应急资源一体化目录 (RC-1, RC-2)."""

from typing import ClassVar, Literal

from schemas.base import Id, Model, OutputEvent, Point, Text, Utc
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.resources import Readiness, ResourceRegistered
from schemas.topics import AREA_EVENTS

ResourceStatus = Literal["ready", "busy", "rest", "out_of_service", "quarantined", "expired"]
"""What the owner says about a resource. Being committed is our act and stands beside it."""


class ResourceCatalogued(OutputEvent):
    """A catalogue entry, new or replaced; `quantity` is what is on hand now."""

    TYPE: ClassVar[str] = "resource.catalogued.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: ResourceRegistered
    quantity: int

    def subject(self) -> str:
        return self.entry.resource


class FloorTaken(OutputEvent):
    """Reserve floor of a kind in a district, or in all districts that have none of their own."""

    TYPE: ClassVar[str] = "register.floor_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: FloorRegistered

    def subject(self) -> str:
        return f"{self.entry.kind}@{self.entry.district or '*'}"


class ResourceStatusChanged(OutputEvent):
    """The owner reported another availability, or a rest ended."""

    TYPE: ClassVar[str] = "resource.status_changed.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    resource: Id
    previous: ResourceStatus
    status: ResourceStatus
    observed_at: Utc
    reason: Text = ""

    def subject(self) -> str:
        return self.resource


class ResourceCounted(OutputEvent):
    """The owner counted: stock on hand, or free beds. A fact, also where it is below what we have promised."""

    TYPE: ClassVar[str] = "resource.counted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    resource: Id
    previous: int
    quantity: int
    observed_at: Utc
    reason: Text = ""

    def subject(self) -> str:
        return self.resource


class ReadinessReported(OutputEvent):
    """Headcount, posts without a B person, training of a team (TM-1, TM-11)."""

    TYPE: ClassVar[str] = "resource.readiness_reported.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    resource: Id
    readiness: Readiness
    observed_at: Utc

    def subject(self) -> str:
        return self.resource


class AdoptedPosition(Model):
    """Where telemetry saw a unit, and when."""

    resource: Id
    point: Point
    observed_at: Utc


class PositionsAdopted(OutputEvent):
    """The positions that the next decisions use. Telemetry itself is not recorded; this is (design.md Lanes)."""

    TYPE: ClassVar[str] = "resource.positions_adopted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    positions: tuple[AdoptedPosition, ...]


class RoutedLine(Model):
    """Travel times of a line's shortlist."""

    line: int
    eta_ms: dict[str, int]
    """Resource -> milliseconds from order to arrival."""


class TravelTimesAdopted(OutputEvent):
    """What a routing engine said before a request was decided (AL-TRAVEL): replay needs no engine."""

    TYPE: ClassVar[str] = "travel.times_adopted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    request: Id
    provider: Id
    """Which engine: osrm, valhalla."""
    lines: tuple[RoutedLine, ...]

    def subject(self) -> str:
        return self.request

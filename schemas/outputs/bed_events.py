"""resource.allocations: surge tiers of beds 固定标识、快速扩展、快速腾空 (BD-1)."""

from typing import ClassVar

from schemas.base import Id, OutputEvent
from schemas.topics import RESOURCE_ALLOCATIONS


class BedTierOpened(OutputEvent):
    """A hospital's next tier may be used: the tiers below are exhausted, or a person decided so."""

    TYPE: ClassVar[str] = "bed.tier_opened.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    owner_unit: Id
    kind: Id
    tier: int
    line: Id
    """The line that is short."""
    directive: Id | None = None

    def subject(self) -> str:
        return self.owner_unit


class BedTierClosed(OutputEvent):
    """All beds of a hospital's highest open tier are free again and the tier below has room."""

    TYPE: ClassVar[str] = "bed.tier_closed.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    owner_unit: Id
    kind: Id
    tier: int

    def subject(self) -> str:
        return self.owner_unit

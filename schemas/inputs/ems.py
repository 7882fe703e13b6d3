"""ems.calls: the 120 centre's calls as they pass through its own system (EM-1..EM-3)."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, InputEvent, Utc
from schemas.topics import EMS_CALLS


class EmsCallProgressed(InputEvent):
    """One step of one emergency call."""

    TYPE: ClassVar[str] = "ems.call_progressed.v1"
    TOPIC: ClassVar[str] = EMS_CALLS

    call: Id
    step: Literal["received", "answered", "dispatched", "departed", "arrived", "handed_over"]
    district: DistrictCode
    observed_at: Utc
    resource: Id | None = None
    external_id: Id | None = None
    source: Id | None = None

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("ems_call", self.call),)

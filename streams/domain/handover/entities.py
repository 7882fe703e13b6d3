"""What a handover leaves in the state of either city."""

from typing import ClassVar, Literal

from schemas.inputs.handovers import OwedDuty
from streams.domain.state import AreaState, Entity


class Handover(Entity):
    """One handover as this city sees it; `incident` is this city's own."""

    KIND: ClassVar[str] = "handover"

    direction: Literal["out", "in"]
    other_area: str
    their_incident: str | None = None
    status: Literal["offered", "accepted", "declined"] = "offered"
    reason: str = ""
    owed: tuple[OwedDuty, ...] = ()
    """Obligations of the sender that this city takes over when it accepts."""

    def resident(self) -> bool:
        """Found again by its id; a handover that waits belongs to an open incident."""
        return False


def waiting(state: AreaState, incident: str) -> Handover | None:
    """The handover of an incident that the other city has not answered."""
    handovers = state.of_incident(Handover, incident)
    return next((item for item in handovers if item.direction == "out" and item.status == "offered"), None)

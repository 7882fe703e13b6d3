"""What was seen, and the state it folds to: the same from topics and from the core."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.base import OUTPUTS, OutputEvent
from schemas.outputs.deadlines import DeadlineFell
from streams.domain.cascade import evolve
from streams.domain.state import AreaState


@dataclass(frozen=True, slots=True)
class Observed:
    """One output event as it was seen."""

    type: str
    area: str
    time: datetime
    """The area's instant at which it was decided."""
    sequence: int
    data: dict[str, Any]
    """The payload as JSON values."""
    cause: str | None = None
    """Envelope id of the record that caused it, or the timer's id."""
    id: str = ""
    """Its own envelope id."""

    def event(self) -> OutputEvent:
        """The typed event. Raises ValidationError where somebody else wrote to our topics."""
        return OUTPUTS[self.type].model_validate(self.data, strict=False)


class Fold:
    """State of every area at successive instants."""

    def __init__(self, observed: Iterable[Observed]) -> None:
        self._rest = sorted(observed, key=lambda one: (one.time, one.area, one.sequence))
        self._next = 0
        self._states: dict[str, AreaState] = {}

    def at(self, instant: datetime) -> dict[str, AreaState]:
        """The states once everything of this instant was applied, and no deadline that falls due then has fired.

        Ask for instants in ascending order.
        """
        while self._next < len(self._rest):
            one = self._rest[self._next]
            if one.time > instant or (one.time == instant and one.type == DeadlineFell.TYPE):
                break
            self._next += 1
            state = self._states.setdefault(one.area, AreaState(one.area, one.time))
            state.now = one.time
            evolve(state, one.event())
        return self._states


def incident_ids(observed: Iterable[Observed]) -> dict[str, set[str]]:
    """External id, and `source|external id`, -> ids of the incidents it was attached to.

    A city that gets a case from another one files it under that city's incident id: both are the same to an author.
    """
    found: dict[str, set[str]] = {}
    for one in observed:
        external, incident = one.data.get("external_id"), one.data.get("incident")
        if external and incident:
            found.setdefault(external, set()).add(incident)
            found.setdefault(f"{one.data.get('source')}|{external}", set()).add(incident)
    for ids in found.values():
        for handed in sorted(ids & found.keys()):
            ids.update(found[handed])
    return found

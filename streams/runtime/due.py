"""Timers in the order in which they fall due, and what must have been applied before one may fire.

A timer due at D fires after every record that was appended up to D and before every record that was appended later,
however long the worker was down: what it brings about does not depend on when anybody got to it. In exercise realms
clock records see to that. In the actual realm a record that finds an older timer waits at a gate.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import ClassVar

from streams.domain.context import TimerFired
from streams.domain.core import Timer
from streams.domain.state import AreaState, Entity
from streams.runtime.records import Offsets

INSTANT = timedelta(microseconds=1)
_NAME = "due"


@dataclass(frozen=True, slots=True)
class DueTimers:
    """Areas with timers due before `before`; they may fire once every position in `after` has been applied."""

    before: datetime
    areas: tuple[str, ...]
    after: Offsets


@dataclass(frozen=True, slots=True)
class Gate:
    """A record of the area was appended after `due`, and a timer is due then."""

    area: str
    due: datetime

    @property
    def before(self) -> datetime:
        """The instant before which timers may fire."""
        return self.due + INSTANT


class TimerIndex:
    """The timers of one state, earliest first; the state keeps it in step."""

    __slots__ = ("_heap", "_live")

    follows: ClassVar[tuple[str, ...]] = (Timer.KIND,)

    def __init__(self, state: AreaState) -> None:
        self._live: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        for timer in state.of(Timer).values():
            self.on_change(None, timer)

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """An entity of the state was put or dropped."""
        if isinstance(new, Timer):
            self._live[new.id] = new.due
            heappush(self._heap, (new.due, new.id))
        elif isinstance(old, Timer):
            self._live.pop(old.id, None)

    def first(self) -> tuple[datetime, str] | None:
        """Due time and id of the timer that falls due first."""
        while self._heap:
            due, id = self._heap[0]
            if self._live.get(id) == due:
                return due, id
            heappop(self._heap)
        return None


def next_due(state: AreaState, before: datetime) -> Timer | None:
    """The timer that fell due first before the instant."""
    index = state.derived.get(_NAME)
    if index is None:
        index = state.derived[_NAME] = TimerIndex(state)
    first = index.first()
    return state.get(Timer, first[1]) if first is not None and first[0] < before else None


def fired(timer: Timer, lateness_ms: int) -> TimerFired:
    """The trigger of a timer that fell due."""
    return TimerFired(timer.id, timer.kind, timer.ref, timer.due, timer.incident, lateness_ms)

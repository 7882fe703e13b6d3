"""A concern for tests alone: alarms that must be acknowledged before they are due, and inputs whose decisions fail.

Importing this module changes nothing; `registered` makes the concern part of the domain and takes it away again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from schemas.base import INPUTS, OUTPUTS, Id, InputEvent, OutputEvent, Utc
from schemas.topics import DUTY_UPDATES, INCIDENT_REPORTS, NOTIFICATIONS
from streams.domain import cascade, core
from streams.domain.context import Context, TimerFired
from streams.domain.state import ENTITIES, AreaState, Change, Drop, Entity, Put

TIMER = "test_alarm"


class AlarmSet(InputEvent):
    TYPE: ClassVar[str] = "test.alarm_set.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    alarm: Id
    due: Utc


class AlarmAcknowledged(InputEvent):
    TYPE: ClassVar[str] = "test.alarm_acknowledged.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    alarm: Id


class Tripped(InputEvent):
    """Makes its decision fail in the way it names; in no way when the way is not known."""

    TYPE: ClassVar[str] = "test.tripped.v1"
    TOPIC: ClassVar[str] = INCIDENT_REPORTS

    how: str = ""


class AlarmOpened(OutputEvent):
    TYPE: ClassVar[str] = "test.alarm_opened.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    alarm: str
    due: Utc


class AlarmMet(OutputEvent):
    TYPE: ClassVar[str] = "test.alarm_met.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    alarm: str


class AlarmMissed(OutputEvent):
    TYPE: ClassVar[str] = "test.alarm_missed.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    alarm: str


class Stumbled(OutputEvent):
    TYPE: ClassVar[str] = "test.stumbled.v1"
    TOPIC: ClassVar[str] = NOTIFICATIONS

    what: Any = None

    def subject(self) -> str:
        # PostgreSQL takes no NUL: the transaction fails, not the decision.
        return "\x00" if self.what == "constraint" else ""


class Alarm(Entity):
    KIND: ClassVar[str] = "test_alarm"

    due: Utc
    met: bool = False


class Stone(Entity):
    KIND: ClassVar[str] = "test_stone"


def decide_set(state: AreaState, event: AlarmSet, context: Context) -> Iterator[OutputEvent]:
    yield AlarmOpened(alarm=event.alarm, due=event.due)


def decide_acknowledged(state: AreaState, event: AlarmAcknowledged, context: Context) -> Iterator[OutputEvent]:
    yield AlarmMet(alarm=event.alarm)


def decide_tripped(state: AreaState, event: Tripped, context: Context) -> Iterator[OutputEvent]:
    yield Stumbled(what="before")
    if event.how == "raise":
        raise ValueError("a rule of ours is wrong \x00\ud800")
    if event.how == "lookup":
        raise KeyError(event.how)
    if event.how == "recursion":
        _deeper()
    if event.how == "evolve":
        yield Stumbled(what="evolve")
    if event.how == "constraint":
        yield Stumbled(what="constraint")
    if event.how == "unencodable":
        yield Stumbled.model_construct(what=object())
    if event.how == "slow":
        _busy(0.4)
    if event.how == "slow failure":
        _busy(0.4)
        raise ValueError("at last")
    while event.how == "endless":
        yield Stumbled(what="again")
    yield Stumbled(what="after")


def _deeper() -> None:
    _deeper()


def _busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def decide_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    if fired.ref.startswith("broken"):
        raise RuntimeError("a timer's rule is wrong \x00")
    yield AlarmMissed(alarm=fired.ref)
    name, _, left = fired.ref.partition(":")
    if left not in {"", "1"}:
        yield AlarmOpened(alarm=f"{name}:{int(left) - 1}", due=fired.due + timedelta(minutes=1))


def evolve_opened(state: AreaState, event: AlarmOpened) -> Iterator[Change]:
    yield Put(Alarm(id=event.alarm, due=event.due))
    yield Put(core.timer(TIMER, event.alarm, event.due, None))


def evolve_met(state: AreaState, event: AlarmMet) -> Iterator[Change]:
    alarm = state.get(Alarm, event.alarm)
    if alarm is not None:
        yield Put(alarm.model_copy(update={"met": True}))
        yield Drop(core.Timer, f"{TIMER}:{event.alarm}")


def evolve_missed(state: AreaState, event: AlarmMissed) -> Iterator[Change]:
    yield from ()


def evolve_stumbled(state: AreaState, event: Stumbled) -> Iterator[Change]:
    if event.what == "evolve":
        raise ArithmeticError("no such successor")
    yield Put(Stone(id=str(event.what)))


CONCERN_INPUTS = {AlarmSet: decide_set, AlarmAcknowledged: decide_acknowledged, Tripped: decide_tripped}
CONCERN_EVOLVE = {
    AlarmOpened: evolve_opened,
    AlarmMet: evolve_met,
    AlarmMissed: evolve_missed,
    Stumbled: evolve_stumbled,
}
for _table, _classes in ((INPUTS, CONCERN_INPUTS), (OUTPUTS, CONCERN_EVOLVE)):
    for _class in _classes:
        del _table[_class.TYPE]
for _entity in (Alarm, Stone):
    del ENTITIES[_entity.KIND]


@contextmanager
def registered() -> Iterator[None]:
    """While this lasts the concern is part of the domain of this process."""
    additions: tuple[tuple[dict[Any, Any], dict[Any, Any]], ...] = (
        (INPUTS, {kind.TYPE: kind for kind in CONCERN_INPUTS}),
        (OUTPUTS, {kind.TYPE: kind for kind in CONCERN_EVOLVE}),
        (ENTITIES, {Alarm.KIND: Alarm, Stone.KIND: Stone}),
        (cascade.INPUT_DECIDERS, CONCERN_INPUTS),
        (cascade.TIMER_DECIDERS, {TIMER: decide_due}),
        (cascade.EVOLVERS, CONCERN_EVOLVE),
    )
    for table, more in additions:
        table.update(more)
    try:
        yield
    finally:
        for table, more in additions:
            for key in more:
                del table[key]

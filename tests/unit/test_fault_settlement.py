"""Quarantined records and timers: an area is degraded until each was redriven or dismissed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.base import OutputEvent
from schemas.inputs.registers import AreaRegistered, FaultSettled
from schemas.outputs.area_events import FaultResolved, RecordQuarantined, TimerQuarantined
from schemas.outputs.refusals import CommandRefused
from streams.domain.cascade import cascade, evolve
from streams.domain.context import Context, Received
from streams.domain.core import Area, FaultyTimer, Timer
from streams.domain.state import AreaState, Put
from streams.policy.model import Policy

AREA = "420100"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
RECORD = "fault:alerts:0:7"
TIMER = "fault:obligation:OB-03:1"


def decided(state: AreaState, event: Any) -> list[OutputEvent]:
    trigger = Received(event, "test", "1", b"{}")
    return list(cascade(state, Context(AREA, "actual", NOW, Policy(version="test"), trigger)))


def degraded() -> AreaState:
    """An area with a quarantined record and a quarantined timer."""
    state = AreaState(AREA, NOW)
    decided(state, AreaRegistered(area=AREA, name="W"))
    timer = Timer(id="obligation:OB-03:1", kind="obligation", due=NOW - timedelta(hours=1), ref="OB-03:1")
    state.apply([Put(timer)])
    evolve(state, RecordQuarantined(fault=RECORD, origin={}, error="ZeroDivisionError"))
    evolve(state, TimerQuarantined(timer=timer.id, kind=timer.kind, due=timer.due, error="ZeroDivisionError"))
    return state


def settled(state: AreaState, fault: str, outcome: Any) -> list[OutputEvent]:
    return decided(state, FaultSettled(area=AREA, fault=fault, outcome=outcome, by="duty-officer", reason="mended"))


def faults(state: AreaState) -> tuple[str, ...]:
    return state.of(Area)[AREA].faults


def test_each_settled_fault_leaves_the_area_and_the_last_one_ends_its_degradation() -> None:
    state = degraded()
    assert faults(state) == (RECORD, TIMER)
    (event,) = settled(state, RECORD, "redriven")
    assert event == FaultResolved(fault=RECORD, outcome="redriven", by="duty-officer", reason="mended")
    assert faults(state) == (TIMER,)
    settled(state, TIMER, "dismissed")
    assert faults(state) == ()


def test_a_redriven_timer_is_back_as_it_was_and_a_dismissed_one_is_not() -> None:
    state = degraded()
    assert not state.of(Timer)
    settled(state, TIMER, "redriven")
    (timer,) = state.of(Timer).values()
    assert (timer.id, timer.due, timer.ref) == ("obligation:OB-03:1", NOW - timedelta(hours=1), "OB-03:1")
    assert not state.of(FaultyTimer)
    other = degraded()
    settled(other, TIMER, "dismissed")
    assert not other.of(Timer)
    assert not other.of(FaultyTimer)


def test_a_fault_that_is_not_open_is_refused_with_those_that_are() -> None:
    state = degraded()
    (refusal,) = settled(state, "fault:alerts:0:8", "redriven")
    assert isinstance(refusal, CommandRefused)
    assert refusal.code == "UNKNOWN_FAULT"
    assert refusal.details == {"open": [RECORD, TIMER]}
    assert faults(state) == (RECORD, TIMER)

"""Duty rooms are covered, nodes are heard (DU-5, DU-6, DU-8, SC-5)."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import OutputEvent
from schemas.inputs.duty import HeartbeatReceived, RosterRegistered
from schemas.outputs import notification_events as out
from streams.domain.notification.entities import Shift
from streams.domain.notification.watch import covered_until
from tests.unit.duty_world import City, hour, policy_with
from tests.unit.intake_world import AREA, B, of


def shift(city: City, clock: str, start: str, end: str, officer: str = "d1") -> list[OutputEvent]:
    city.until(hour(clock))
    fields: dict[str, Any] = {"unit": "B-EM", "officer": officer, "on_from": hour(start), "on_to": hour(end)}
    return city.tell(RosterRegistered(area=AREA, **fields), hour(clock))


def uncovered(city: City) -> list[tuple[Any, Any]]:
    return [(event.since, event.until) for event in of(out.DutyUncovered, city.events)]


def test_a_roster_that_ends_without_a_successor_is_an_alarm() -> None:
    """DU-5."""
    city = City()
    shift(city, "08:00", "08:00", "16:00")
    city.until(hour("16:00"))
    assert uncovered(city) == []
    city.until(hour("16:01"))
    assert uncovered(city) == [(hour("16:00"), None)]


def test_shifts_that_meet_leave_no_gap_and_a_hole_between_them_is_told() -> None:
    """DU-5: until when nobody is on duty."""
    city = City()
    shift(city, "08:00", "08:00", "12:00")
    shift(city, "08:00", "12:00", "16:00", "d2")
    shift(city, "08:00", "18:00", "22:00", "d3")
    city.until(hour("16:01"))
    assert uncovered(city) == [(hour("16:00"), hour("18:00"))]
    city.until(hour("22:01"))
    assert uncovered(city)[1:] == [(hour("22:00"), None)]


def test_a_shift_that_is_filed_in_time_prevents_the_alarm() -> None:
    """DU-5."""
    city = City()
    shift(city, "08:00", "08:00", "16:00")
    shift(city, "15:59", "16:00", "23:00", "d2")
    city.until(hour("22:00"))
    assert uncovered(city) == []


@given(st.lists(st.tuples(st.integers(0, 48), st.integers(1, 12)), max_size=8))
@settings(max_examples=100)
def test_what_is_covered_has_no_hole(spans: list[tuple[int, int]]) -> None:
    """DU-5: every hour before the end of cover is in some shift, the end itself in none."""
    start = hour("00:00")
    shifts = tuple(
        sorted(
            (
                Shift(
                    officer="x", on_from=start + timedelta(hours=begin), on_to=start + timedelta(hours=begin + length)
                )
                for begin, length in spans
            ),
            key=lambda one: (one.on_from, one.on_to),
        )
    )
    end = covered_until(shifts, start)
    instant = start
    while instant < end:
        assert any(one.on_from <= instant < one.on_to for one in shifts)
        instant += timedelta(hours=1)
    assert not any(one.on_from <= end < one.on_to for one in shifts)


def beat(city: City, clock: str, **fields: Any) -> list[OutputEvent]:
    city.until(hour(clock))
    values = {"unit": "B-NODE", "district": B, "observed_at": hour(clock), **fields}
    return city.tell(HeartbeatReceived(area=AREA, **values), hour(clock))


def test_three_missed_heartbeats_make_a_district_silent_and_one_brings_it_back() -> None:
    """SC-5: silent at 03:20, since 03:17; reconnaissance is a task; told once."""
    city = City()
    for clock in ("03:15", "03:16", "03:17"):
        beat(city, clock)
    city.until(hour("03:20"))
    assert of(out.DistrictFellSilent, city.events) == []
    city.until(hour("04:00"))
    (silent,) = of(out.DistrictFellSilent, city.events)
    assert (silent.district, silent.since, silent.at) == (B, hour("03:17"), hour("03:20"))
    (task,) = of(out.TaskOpened, city.events)
    assert (task.kind, task.department, task.unit) == ("reconnaissance", "emergency_management", "J-EM")
    (back,) = of(out.DistrictCameBack, beat(city, "05:05"))
    assert (back.since, back.at) == (hour("03:17"), hour("05:05"))
    assert of(out.DistrictCameBack, beat(city, "05:06")) == []


def test_another_number_of_missed_beats_is_a_change_of_policy() -> None:
    """SC-5: three is data."""
    city = City(policy_with("duty.yaml", "missed: 3", "missed: 5"))
    beat(city, "03:17")
    city.until(hour("04:00"))
    assert [event.at for event in of(out.DistrictFellSilent, city.events)] == [hour("03:22")]


def test_a_deployed_force_that_is_not_heard_is_a_lost_contact() -> None:
    """DU-8: no district falls silent for it."""
    city = City()
    beat(city, "09:00", unit="HT-B", district=None, interval_s=600)
    city.until(hour("10:00"))
    assert [(event.unit, event.at) for event in of(out.ContactLost, city.events)] == [("HT-B", hour("09:30"))]
    assert of(out.DistrictFellSilent, city.events) == []
    assert of(out.ContactRestored, beat(city, "10:30", unit="HT-B", district=None)) != []

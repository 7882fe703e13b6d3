"""Signals of the five channels and KPIs of 120 calls (MO-1 to MO-4, EM-1 to EM-3; SC-9)."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import OutputEvent
from schemas.inputs.ems import EmsCallProgressed
from schemas.inputs.signals import SignalProgressed, SignalRaised
from schemas.outputs import signal_events as out
from streams.domain.monitoring.entities import Kpi, Signal
from tests.unit.duty_world import City, hour, policy_with
from tests.unit.intake_world import AREA, A, B, of

CHANNELS = ["case"] * 8 + ["pathogen"] * 3 + ["syndrome"] * 5 + ["vector"] * 2 + ["multi_department"] * 2


def raised(city: City, signal: str, channel: str = "case", when: Any = None) -> list[OutputEvent]:
    when = when or hour("09:00")
    city.until(when)
    event = SignalRaised.model_validate(
        {"area": AREA, "signal": signal, "channel": channel, "district": A, "raised_at": when}
    )
    return city.tell(event, when)


def stepped(city: City, signal: str, step: str, when: Any) -> list[OutputEvent]:
    city.until(when)
    event = SignalProgressed.model_validate(
        {"area": AREA, "signal": signal, "step": step, "by_unit": "J-CDC", "observed_at": when}
    )
    return city.tell(event, when)


def test_a_signal_is_answered_in_two_hours_or_missed_and_stays_in_the_loop() -> None:
    """MO-2, MO-4: the limit is exclusive of its own instant; a late answer is late; evaluation closes the loop."""
    city = City()
    raised(city, "S1", "vector")
    city.until(hour("11:00"))
    assert of(out.SignalMissed, city.events) == []
    city.until(hour("13:59"))
    assert [event.due for event in of(out.SignalMissed, city.events)] == [hour("11:00")]
    (answer,) = of(out.SignalAnswered, stepped(city, "S1", "responded", hour("14:00")))
    assert (answer.late, answer.took_s) == (True, 5 * 3600)
    assert city.state.of(Signal)["S1"].status == "answered"
    city.until(hour("23:00"))
    assert "S1" in city.state.of(Signal), "open loops stay in sight"
    (evaluated,) = of(out.SignalEvaluated, stepped(city, "S1", "evaluated", hour("23:10")))
    assert evaluated.late
    assert "S1" not in city.state.of(Signal)


def test_twenty_signals_of_june_give_ninety_five_percent_and_name_the_vector_channel() -> None:
    """MO-2 (SC-9): 19 of 20 in time, target 100 %."""
    city = City()
    for number, channel in enumerate(CHANNELS):
        when = hour("09:00", "2026-06-01") + timedelta(days=number)
        raised(city, f"S{number}", channel, when)
        late = channel == "vector" and number == 16
        stepped(city, f"S{number}", "responded", when + timedelta(hours=5 if late else 1))
    last = of(out.RateMeasured, city.events)[-1]
    assert (last.rate, last.target, last.below, last.breached) == (0.95, 1.0, ("vector",), True)
    assert last.rates["vector"] == 0.5
    assert last.samples == {"case": 8, "multi_department": 2, "pathogen": 3, "syndrome": 5, "vector": 2}
    assert [event.groups for event in of(out.KpiBreached, city.events)] == [("vector",)]
    kpi = city.state.of(Kpi)["MO-2:2026-06"]
    assert (kpi.rate(), kpi.breached) == (0.95, True)


def test_another_target_or_limit_is_a_change_of_policy() -> None:
    """MO-2: no seed gives the limit."""
    city = City(policy_with("monitoring.yaml", "minutes: 120, target: 1.0", "minutes: 30, target: 0.5"))
    (entered,) = of(out.SignalEntered, raised(city, "S1"))
    assert entered.due == hour("09:30")
    stepped(city, "S1", "responded", hour("09:10"))
    raised(city, "S2", when=hour("09:10"))
    city.until(hour("12:00"))
    assert of(out.KpiBreached, city.events) == []


def test_whoever_judges_a_signal_has_responded_to_it() -> None:
    """MO-4, VE-2: verified or refuted."""
    city = City()
    raised(city, "S1")
    events = stepped(city, "S1", "refuted", hour("09:30"))
    assert [type(event).__name__ for event in events] == ["SignalAnswered", "RateMeasured", "SignalJudged"]
    assert city.state.of(Signal)["S1"].verdict == "refuted"


def test_a_repeated_or_unknown_signal_changes_nothing() -> None:
    """An observation that says nothing new is noted."""
    city = City()
    raised(city, "S1")
    assert [event.TYPE for event in raised(city, "S1")] == ["area.input_noted.v1"]
    assert [event.TYPE for event in stepped(city, "S9", "responded", hour("09:10"))] == ["area.input_noted.v1"]


def test_a_signal_that_arrives_after_its_limit_is_missed_at_once() -> None:
    """MO-2: the limit runs from when it was raised."""
    city = City()
    city.until(hour("12:00"))
    event = SignalRaised(area=AREA, signal="S1", channel="case", district=A, raised_at=hour("09:00"))
    assert [type(one).__name__ for one in city.tell(event, hour("12:00"))] == [
        "SignalEntered",
        "SignalMissed",
        "RateMeasured",
        "KpiBreached",
    ]


@given(st.lists(st.tuples(st.sampled_from(CHANNELS), st.integers(0, 400)), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_every_signal_is_counted_once_in_its_rate(signals: list[tuple[str, int]]) -> None:
    """MO-2: rate = responded in time over those whose fate is known."""
    city = City()
    for number, (channel, minutes) in enumerate(signals):
        start = hour("00:00") + timedelta(hours=8 * number)
        raised(city, f"S{number}", channel, start)
        stepped(city, f"S{number}", "responded", start + timedelta(minutes=minutes))
    good = sum(minutes <= 120 for _, minutes in signals)
    last = of(out.RateMeasured, city.events)[-1]
    assert sum(last.samples.values()) == len(signals)
    assert last.rate == good / len(signals)


def call(city: City, id: str, district: str = A, **steps: float) -> list[OutputEvent]:
    """A call whose steps are seconds after 09:00."""
    events: list[OutputEvent] = []
    for step, seconds in steps.items():
        when = hour("09:00") + timedelta(seconds=seconds)
        event = EmsCallProgressed.model_validate(
            {"area": AREA, "call": id, "step": step, "district": district, "observed_at": when}
        )
        events += city.tell(event, max(city.now, when))
    return events


def test_calls_are_answered_in_ten_seconds_and_ambulances_depart_in_three_minutes() -> None:
    """EM-1, EM-2: at least 95 %; told when the target is crossed, in either direction."""
    city = City()
    assert of(out.KpiBreached, call(city, "C0", received=0, answered=10, dispatched=30, departed=210)) == []
    events = call(city, "C1", received=0, answered=11, dispatched=30, departed=211)
    assert [(event.kpi, event.value) for event in of(out.KpiBreached, events)] == [("EM-1", 0.5), ("EM-2", 0.5)]
    assert of(out.KpiBreached, call(city, "C2", received=0, answered=30)) == []
    for number in range(40):
        call(city, f"D{number}", received=0, answered=5)
    assert [event.kpi for event in of(out.KpiRecovered, city.events)] == ["EM-1"]


def test_the_mean_response_time_counts_urban_calls_only() -> None:
    """EM-3: 13 minutes in the urban area."""
    city = City()
    assert of(out.KpiBreached, call(city, "C0", district=B, received=0, arrived=3600)) == []
    assert of(out.KpiBreached, call(city, "C1", received=0, arrived=780)) == []
    (breached,) = of(out.KpiBreached, call(city, "C2", received=0, arrived=790))
    assert (breached.kpi, breached.value, breached.target) == ("EM-3", 785.0, 780.0)


def test_steps_may_come_in_any_order_and_count_once() -> None:
    """EM-1."""
    city = City()
    call(city, "C0", answered=20)
    call(city, "C0", received=0)
    assert call(city, "C0", received=0)[0].TYPE == "area.input_noted.v1"
    assert city.state.of(Kpi)["EM-1:2026-03"].total == {"all": 1}

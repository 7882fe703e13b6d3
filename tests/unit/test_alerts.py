"""Alerts: a state of their own, a consultation by level, a proposal only from what the policy names (RL-2, RL-3)."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.inputs.alerts import AlertIssued
from schemas.outputs.command_events import AlertStateChanged, ConsultationConvened, PhaseChanged
from schemas.outputs.response_events import ResponseProposed, ResponseStarted
from streams.domain.escalation.entities import Alert, Command
from tests.unit.command_city import AREA, NOTICE, C, City, at, of


def alert(city: City, level: Any = "red", **fields: Any) -> list[Any]:
    said = {"alert": "rain-1", "hazard_kind": "natural_disaster", "issued_by": "meteo", "issued_at": city.now}
    return city.tell(AlertIssued(area=AREA, **{**said, "alert_level": level, "districts": (C,), **fields}))


def test_an_orange_alert_changes_the_alert_state_and_proposes_nothing() -> None:
    """SC-4 05:30."""
    city = City(start="2026-07-02 05:30")
    alert(city, "orange")
    (changed,) = of(AlertStateChanged, city.last)
    assert (changed.alert_level, changed.previous, changed.status) == ("orange", None, "active")
    assert not of(ResponseProposed, city.last)
    assert of(PhaseChanged, city.last)[0].phase == "alert"
    assert city.state.of(Command)["rain-1"].profile == "PF-alert"


def test_a_red_alert_proposes_a_response_without_any_incident() -> None:
    """RL-2, SC-4 [P]."""
    city = City()
    alert(city, "red")
    (proposed,) = of(ResponseProposed, city.last)
    assert (proposed.rule, proposed.about, proposed.level, proposed.zone) == ("RL-2", "rain-1", 3, AREA)
    assert proposed.offices == ("city_government",)
    assert proposed.hits[0].inputs == {"alert_level": "red"}


@pytest.mark.parametrize(
    ("level", "attendees", "minutes"),
    [
        ("red", {"commander_in_chief", "news_centre", "j-health", "j-em"}, 30),
        ("orange", {"convener_health", "expert_lead", "j-health"}, 60),
        ("yellow", {"health_department", "em_department", "cdc"}, 120),
        ("blue", {"health_department", "em_department"}, 240),
    ],
)
def test_the_consultation_follows_the_alert_level(level: str, attendees: set[str], minutes: int) -> None:
    """RL-3; S1 Art. 6(4)."""
    city = City()
    alert(city, level)
    (consultation,) = of(ConsultationConvened, city.last)
    assert attendees <= set(consultation.attendees)
    assert (consultation.convened_by, consultation.rule) == ("hq_office", f"RL-3-{level}")
    assert consultation.due == city.now + timedelta(minutes=minutes)


def test_a_repeated_alert_says_nothing_new_and_a_graver_one_does() -> None:
    city = City()
    alert(city, "orange")
    alert(city, "orange", message_type="update")
    assert not of(ConsultationConvened, city.last)
    city.until("2026-03-10 10:00")
    alert(city, "red", message_type="update")
    assert of(AlertStateChanged, city.last)[0].previous == "orange"
    assert of(ConsultationConvened, city.last)
    assert of(ResponseProposed, city.last)


def test_an_older_message_does_not_undo_a_newer_one() -> None:
    city = City()
    alert(city, "red")
    alert(city, "yellow", issued_at=city.now - timedelta(minutes=1))
    assert city.state.of(Alert)["rain-1"].alert_level == "red"


def test_what_was_proposed_for_an_alert_goes_with_it() -> None:
    city = City()
    alert(city, "red")
    alert(city, "red", message_type="cancel")
    assert city.state.of(Alert)["rain-1"].status == "cancelled"
    assert not city.waiting()
    assert city.state.of(Command)["rain-1"].phase == "normal"


def test_an_alert_ends_with_its_own_term() -> None:
    city = City()
    alert(city, "red", expires_at=at("2026-03-10 09:20"))
    (changed,) = of(AlertStateChanged, city.until("2026-03-10 09:30"))
    assert changed.status == "expired"
    assert not city.waiting()
    alert(city, "red", alert="old", expires_at=at("2026-03-10 09:00"))
    assert city.state.of(Alert)["old"].status == "expired"


def started() -> City:
    """A response that a red alert triggered."""
    city = City()
    alert(city, "red")
    city.order("mayor", "confirm", proposal="RL-2@rain-1", notice=NOTICE)
    return city


def test_a_response_to_an_alert_is_started_by_confirming_its_proposal_and_outlives_the_alert() -> None:
    """RL-2; domain.md 5.2: no formula ends a response."""
    city = started()
    (response,) = of(ResponseStarted, city.events)
    assert (response.incident, response.about, response.hazard_kinds) == (None, "rain-1", ("natural_disaster",))
    assert city.state.of(Command)["rain-1"].phase == "response"
    alert(city, "red", message_type="cancel")
    assert city.responses() == {AREA: 3}
    assert city.state.of(Command)["rain-1"].phase == "response"
    city.order("governor", "raise_response", level=2)
    assert city.responses() == {AREA: 2}
    assert city.state.of(Command)["rain-1"].profile == "PF-2"


def test_it_may_be_started_without_a_proposal_and_answers_the_gravest_alert_there() -> None:
    city = City()
    alert(city, "blue", alert="wind")
    alert(city, "orange")
    city.order("mayor", "start_response", level=3, notice=NOTICE)
    assert of(ResponseStarted, city.last)[0].about == "rain-1"
    city.order("mayor", "start_response", level=3, notice=NOTICE)
    assert city.refusal() == "ALREADY_RUNNING"
    city.order("mayor", "raise_response", level=2)
    assert city.refusal() == "NOT_AUTHORISED"
    city.order("governor", "raise_response", level=2)
    assert city.responses() == {AREA: 2}


def test_an_incident_of_the_alerts_hazard_is_under_the_alerts_response() -> None:
    """RL-2, W2: what runs already is not proposed again, and it counts as a response to the incident."""
    city = started()
    city.report(kinds=("natural_disaster",), district=C, people=2500, deaths=1)
    assert city.incident().composite == 3
    assert city.waiting() == [("joint", "W2", None)]
    city.report(kinds=("work_safety_accident",), district=C, deaths=3, id="X2")
    assert ("start_response", "RL-10", 3) in city.waiting(), "another hazard is not covered"


def test_a_response_without_an_incident_is_ended_by_its_government() -> None:
    city = started()
    city.order("mayor", "end_response")
    assert city.refusal() == "OPINION_REQUIRED"
    assert city.responses() == {AREA: 3}

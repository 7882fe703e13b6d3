"""AL-10: from request to ready again; what owners report, and what follows when facts contradict us."""

from datetime import timedelta

import pytest

from schemas.base import Point
from schemas.inputs.directives import AssignByHand, Authorise, ReleaseResource
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestAmended, RequestCancelled
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs import allocation_events as out
from schemas.outputs.refusals import CommandRefused
from streams.domain.allocation.entities import Commitment
from streams.domain.allocation.telemetry import adopt_positions, kinds_wanted
from tests.allocation_city import AREA, CODES, City, city_j

AMBULANCE = {"kind": "ambulance", "quantity": 1}


@pytest.fixture
def city() -> City:
    city = city_j()
    city.incident("I1", "B", composite=3)
    return city


def one(city: City, kind: type[out.CommitmentChanged]) -> out.CommitmentChanged:
    (event,) = [event for event in city.log if isinstance(event, kind)]
    return event


def refusal(city: City) -> str:
    return next(event.code for event in reversed(city.log) if isinstance(event, CommandRefused))


def test_a_unit_goes_through_its_stages_and_is_ready_again(city: City) -> None:
    city.ask("R", [AMBULANCE])
    for step, stage in (("accepted", "accepted"), ("departed", "en_route"), ("arrived", "on_scene")):
        city.step("AMB-B-01", step)
        assert city.state.of(Commitment)["R/1/1"].stage == stage
    city.step("AMB-B-01", "released")
    assert (city.resource("AMB-B-01").status, city.resource("AMB-B-01").held) == ("rest", 0)
    city.step("AMB-B-01", "ready")
    assert city.resource("AMB-B-01").status == "ready"


def test_a_report_that_comes_late_never_takes_a_commitment_back(city: City) -> None:
    city.ask("R", [{"kind": "ppe", "quantity": 100}], department="emergency_management")
    city.step("DP-B-ppe", "departed")
    city.step("DP-B-ppe", "accepted", commitment="R/1/1")
    assert city.state.of(Commitment)["R/1/1"].stage == "shipped"
    assert (city.resource("DP-B-ppe").quantity, city.resource("DP-B-ppe").held) == (700, 0)


def test_a_declined_order_goes_to_the_next_candidate_and_never_back(city: City) -> None:
    city.ask("R", [AMBULANCE])
    city.step("AMB-B-01", "declined")
    assert one(city, out.CommitmentDeclined).excluded
    assert list(city.taken("ambulance")) == ["AMB-B-01", "AMB-B-02"]
    assert city.line("R/1").excluded == ("AMB-B-01",)


def test_silence_of_the_owner_past_its_time_out_reassigns() -> None:
    city = City()
    city.incident("I1", "A")
    for name, east in (("NEAR", 0.0), ("FAR", 0.02)):
        city.add(name, "ambulance", "A", position=Point(lat=30, lon=114 + east), accept_within_minutes=3)
    city.ask("R", [AMBULANCE], place=Place(district=CODES["A"], point=Point(lat=30, lon=114)))
    city.later(minutes=3)
    assert list(city.taken("ambulance")) == ["NEAR"]
    city.later(seconds=1)
    assert list(city.taken("ambulance")) == ["NEAR", "FAR"]
    assert one(city, out.CommitmentUnanswered).resource == "NEAR"


def test_an_answer_in_time_keeps_the_order() -> None:
    city = City()
    city.incident("I1", "A")
    city.add("NEAR", "ambulance", "A", position=Point(lat=30, lon=114), accept_within_minutes=3)
    city.ask("R", [AMBULANCE], place=Place(district=CODES["A"], point=Point(lat=30, lon=114)))
    city.step("NEAR", "accepted")
    city.later(hours=2)
    assert city.state.of(Commitment)["R/1/1"].stage == "accepted"


def test_a_unit_out_of_service_is_displaced_and_replaced_in_the_same_cascade(city: City) -> None:
    city.ask("R", [AMBULANCE])
    events = city.send(
        ResourceStatusReported(area=AREA, resource="AMB-B-01", status="out_of_service", observed_at=city.now)
    )
    assert one(city, out.CommitmentDisplaced).resource == "AMB-B-01"
    assert [event.resource for event in events if isinstance(event, out.ResourceCommitted)] == ["AMB-B-02"]


def test_a_unit_that_the_120_centre_sent_elsewhere_displaces_our_order(city: City) -> None:
    city.incident("I2", "A")
    city.ask("R", [AMBULANCE])
    city.step("AMB-B-01", "self_dispatched", incident="I2")
    assert one(city, out.CommitmentDisplaced).resource_status == "busy"
    assert city.line("R/1").need == 0


def test_a_unit_that_the_120_centre_sent_to_our_incident_has_departed(city: City) -> None:
    city.ask("R", [AMBULANCE])
    city.step("AMB-B-01", "self_dispatched", incident="I1")
    assert city.state.of(Commitment)["R/1/1"].stage == "en_route"


def test_stock_counted_lower_than_promised_displaces_the_least_urgent_promise(city: City) -> None:
    for request, urgency in (("R1", 3), ("R2", 1)):
        city.ask(request, [{"kind": "ppe", "quantity": 150, "urgency": urgency}], department="emergency_management")
    city.send(ResourceQuantityReported(area=AREA, resource="DP-B-ppe", quantity=200, observed_at=city.now))
    assert one(city, out.CommitmentDisplaced).request == "R1"
    assert city.resource("DP-B-ppe").held == 150


def test_beds_lapse_when_nobody_comes() -> None:
    city = City()
    city.incident("I1", "A")
    where = Point(lat=30, lon=114)
    city.add("H", "icu_bed", "A", category="bed", form="beds", quantity=2, position=where, hold_minutes=60)
    city.ask("R", [{"kind": "icu_bed", "quantity": 2}], place=Place(district=CODES["A"], point=where))
    city.later(minutes=61)
    assert one(city, out.CommitmentEnded).stage == "lapsed"
    assert city.resource("H").held == 0


def test_amending_down_recalls_what_has_not_arrived_and_up_asks_for_more(city: City) -> None:
    city.ask("R", [{"kind": "ambulance", "quantity": 3}])
    city.step("AMB-B-01", "arrived")
    city.send(RequestAmended(area=AREA, request="R", unit="U", quantities={1: 1}))
    assert city.line("R/1").under_way == 1
    city.send(RequestAmended(area=AREA, request="R", unit="U", quantities={1: 2}))
    assert city.line("R/1").under_way == 2


def test_cancelling_frees_what_was_promised_for_those_who_wait(city: City) -> None:
    city.ask("R1", [{"kind": "TOX", "quantity": 1}])
    city.ask("R2", [{"kind": "TOX", "quantity": 1}])
    city.send(RequestCancelled(area=AREA, request="R1", unit="U"))
    assert city.line("R2/1").need == 0


def test_a_request_number_is_admitted_once_and_an_unknown_incident_refused(city: City) -> None:
    city.ask("R", [AMBULANCE])
    city.ask("R", [AMBULANCE])
    assert refusal(city) == "REQUEST_EXISTS"
    city.ask("R2", [AMBULANCE], incident="NONE")
    assert refusal(city) == "UNKNOWN_INCIDENT"


def test_a_kind_that_nobody_has_is_a_shortfall_and_no_fault(city: City) -> None:
    place = Place(district=CODES["B"], point=Point(lat=30, lon=114))
    city.ask("R", [{"kind": "submarine", "quantity": 1}], place=place)
    (decision,) = city.decisions("R")
    assert (decision.outcome, decision.suitable) == ("short", 0)


def test_the_second_wave_takes_from_farther_than_an_hour(city: City) -> None:
    city.ask("R", [{"kind": "PSY", "quantity": 1}], district="E")
    assert city.decisions("R")[-1].rejections["too_far"] == 1
    city.later(minutes=61)
    assert list(city.taken("PSY")) == ["HT-D-PSY"]


def test_a_dispatcher_assigns_by_hand_with_a_reason_within_the_rules(city: City) -> None:
    city.ask("R", [{"kind": "TOX", "quantity": 2}])
    assign = AssignByHand(request="R", line=1, resource="HT-CITY-TOX-1", reason="closest to the antidote")
    city.order(assign)
    assert refusal(city) == "BELOW_FLOOR"
    city.ask("R3", [{"kind": "EPI", "quantity": 3}], department="emergency_management")
    hand = AssignByHand(request="R3", line=1, resource="HT-E-EPI", reason="knows the site")
    city.order(hand)
    assert refusal(city) == "NOT_AUTHORISED"
    city.order(Authorise(incident="I1", kinds=("ppe",)))
    city.order(hand)
    assert refusal(city) == "NOT_AUTHORISED"
    city.ask("R4", [{"kind": "EPI", "quantity": 4}])
    city.order(AssignByHand(request="R4", line=1, resource="AMB-A-01", reason="any will do"))
    assert refusal(city) == "WRONG_KIND"


def test_al_8_a_dispatcher_assigns_and_releases_only_resources_of_his_trade() -> None:
    """AL-8: ambulances count as health whoever owns them; the EM centre's hand reaches EM resources only."""
    city = City()
    city.incident("I1", "A")
    where = Point(lat=30, lon=114)
    em = {"owner_department": "emergency_management", "position": where}
    city.add("AMB", "ambulance", "A", category="ambulance", **em)
    city.add("RT", "rescue_team", "A", category="rescue_team", **em)
    for name in ("AMB", "RT"):
        city.send(ResourceStatusReported(area=AREA, resource=name, status="busy", observed_at=city.now))
    place = Place(district=CODES["A"], point=where)
    city.ask("RA", [AMBULANCE], place=place)
    city.ask("RR", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", place=place)
    city.order(Authorise(incident="I1"))
    for request, resource, office, trade, other in (
        ("RA", "AMB", "dispatcher_120", "health", "emergency_management"),
        ("RR", "RT", "dispatcher_em", "emergency_management", "health"),
    ):
        hand = AssignByHand(request=request, line=1, resource=resource, reason="by hand")
        city.order(hand, "dispatcher", (other,))  # type: ignore[arg-type]  # one of the two by construction
        assert refusal(city) == "OUTSIDE_TRADE"
        city.order(hand, office, (trade,))  # type: ignore[arg-type]
        assert refusal(city) == "NOT_AVAILABLE"
    city.order(AssignByHand(request="RR", line=1, resource="RT", reason="by hand"), "hq_office")
    assert refusal(city) == "NOT_AVAILABLE"
    city.send(ResourceStatusReported(area=AREA, resource="RT", status="ready", observed_at=city.now))
    assert city.taken("rescue_team") == {"RT": 1}
    city.order(ReleaseResource(commitment="RR/1/1"), "dispatcher_120", ("health",))
    assert refusal(city) == "OUTSIDE_TRADE"
    city.order(ReleaseResource(commitment="RR/1/1"), "dispatcher_em", ("emergency_management",))
    assert not city.state.of(Commitment)["RR/1/1"].open


def test_an_authorisation_that_has_run_out_authorises_nothing(city: City) -> None:
    city.order(Authorise(incident="I1", until=city.now + timedelta(minutes=5)))
    city.later(minutes=6)
    city.ask("R", [{"kind": "EPI", "quantity": 1}], department="emergency_management")
    assert city.decisions("R")[-1].outcome == "pending_authorization"


def test_a_dispatcher_releases_a_commitment_and_somebody_else_gets_it(city: City) -> None:
    city.ask("R1", [{"kind": "TOX", "quantity": 1}])
    city.ask("R2", [{"kind": "TOX", "quantity": 1}])
    city.order(ReleaseResource(commitment="R1/1/1"))
    assert city.line("R2/1").need == 0


def test_a_position_counts_from_its_adoption_until_it_is_stale() -> None:
    city = City()
    city.incident("I1", "A")
    for name, east in (("NEAR", 0.02), ("FAR", 0.4)):
        city.add(name, "ambulance", "A", position=Point(lat=30, lon=114 + east))
    place = Place(district=CODES["A"], point=Point(lat=30, lon=114))
    seen = {"FAR": (30.0, 114.0, city.now)}
    adopted = adopt_positions(city.state, seen, ("ambulance",))
    assert adopted is not None
    city.happen(adopted)
    assert adopt_positions(city.state, seen, ("ambulance",)) is None
    city.ask("R1", [AMBULANCE], place=place)
    assert list(city.taken("ambulance")) == ["FAR"]
    city.step("FAR", "ready")
    city.later(minutes=20).ask("R2", [AMBULANCE], place=place)
    assert list(city.taken("ambulance")) == ["FAR", "NEAR"]


def test_only_requests_want_positions_and_only_of_their_kinds() -> None:
    cancelled = RequestCancelled(area=AREA, request="R", unit="U")
    assert kinds_wanted(cancelled) == ()


def test_a_unit_that_is_ready_again_after_its_rest_serves_who_waits(city: City) -> None:
    city.ask("R1", [{"kind": "TOX", "quantity": 1}])
    city.ask("R2", [{"kind": "TOX", "quantity": 1}])
    for step in ("departed", "arrived", "released"):
        city.step("HT-B-TOX", step)
    assert city.line("R2/1").need == 1
    city.step("HT-B-TOX", "ready")
    assert city.line("R2/1").need == 0

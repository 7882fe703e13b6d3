"""Stock norms, readiness, contact with deployed forces, requisition."""

from datetime import UTC, datetime, timedelta

from schemas.inputs.directives import Requisition
from schemas.inputs.resources import Readiness, ResourceQuantityReported, ResourceStatusReported
from schemas.outputs.refusals import CommandRefused
from schemas.outputs.supply_events import ContactLost, ReadinessJudged, StockNormJudged
from streams.domain.allocation.entities import Requisition as Open
from tests.allocation_city import AREA, POLICY_TEXT, City, city_j, policy

JULY = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)


def test_st_1_ten_days_of_use_and_in_winter_thirty_of_full_load() -> None:
    """ST-1: the same 200 masks are 20 days of normal use and 10 of full load."""
    use = {
        "form": "stock",
        "category": "medical_supply",
        "quantity": 200,
        "daily_use": 10.0,
        "daily_use_full_load": 20.0,
    }
    summer, winter = City(now=JULY), City()
    for city in (summer, winter):
        city.add("MASKS", "ppe", "A", **use)
    assert not [event for event in summer.log if isinstance(event, StockNormJudged)]
    (breach,) = [event for event in winter.log if isinstance(event, StockNormJudged)]
    assert (breach.breached, breach.days, breach.norm_days, breach.basis) == (True, 10.0, 30, "full_load")
    winter.send(ResourceQuantityReported(area=AREA, resource="MASKS", quantity=600, observed_at=winter.now))
    assert [e.breached for e in winter.log if isinstance(e, StockNormJudged)] == [True, False]


def test_tm_1_a_post_without_a_b_person_or_a_year_without_training_is_told_once() -> None:
    city = City()
    city.add("HT", "EMR", "A", readiness=Readiness(headcount=20, posts_without_b=1))
    for trained in (400, 400, 10):
        readiness = Readiness(headcount=20, trained_at=city.now - timedelta(days=trained))
        city.send(
            ResourceStatusReported(area=AREA, resource="HT", status="ready", observed_at=city.now, readiness=readiness)
        )
    told = [event for event in city.log if isinstance(event, ReadinessJudged)]
    assert [(event.ready, event.gaps) for event in told] == [(False, ("posts_without_b",)), (True, ())]


def test_du_8_a_deployed_force_that_falls_silent_is_told() -> None:
    city = city_j(
        policy(POLICY_TEXT.replace("kind: EMR, urgency: 1,", "kind: EMR, urgency: 1, heartbeat_minutes: 30,"))
    )
    city.incident("I1", "B")
    city.ask("R", [{"kind": "EMR", "quantity": 1}])
    city.step("HT-B-EMR", "departed")
    city.later(minutes=20).step("HT-B-EMR", "heartbeat")
    city.later(minutes=25)
    assert not [event for event in city.log if isinstance(event, ContactLost)]
    city.later(minutes=10)
    assert [event.resource for event in city.log if isinstance(event, ContactLost)] == ["HT-B-EMR"]


def test_rq_1_a_target_serves_only_once_it_is_requisitioned_and_stays_open_until_given_back() -> None:
    city = city_j()
    city.incident("I1", "B")
    city.add("HOTEL", "quarantine_room", "B", form="capacity", quantity=100, requisition_target=True)
    city.ask("R", [{"kind": "quarantine_room", "quantity": 40}])
    assert city.decisions("R")[-1].rejections == {"requisition_only": 1}
    order = Requisition(incident="I1", item="HOTEL", owner="owner-of-HOTEL", requisition="RQ-7")
    city.order(order)
    assert city.taken("quarantine_room") == {"HOTEL": 40}
    assert city.state.of(Open)["RQ-7"].status == "ordered"
    city.order(order)
    assert [event.code for event in city.log if isinstance(event, CommandRefused)] == ["REQUISITION_EXISTS"]
    city.order(order.model_copy(update={"step": "return"}))
    assert city.state.of(Open)["RQ-7"].status == "returned"
    assert not city.resource("HOTEL").requisitioned

"""Stock norms, readiness, contact with deployed forces, requisition."""

from datetime import UTC, datetime, timedelta

from schemas.inputs.directives import Authorise, Requisition
from schemas.inputs.resources import Readiness, ResourceQuantityReported, ResourceStatusReported
from schemas.outputs.allocation_events import AllocationAuthorised, CommitmentAdvanced
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from schemas.outputs.refusals import CommandRefused
from schemas.outputs.supply_events import (
    ContactLost,
    ReadinessJudged,
    RequisitionChanged,
    StockCoverageJudged,
    StockNormJudged,
)
from streams.domain.allocation.entities import Requisition as Open
from streams.policy.allocation import load
from streams.policy.loader import bundled
from streams.policy.model import Policy
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
        policy(POLICY_TEXT.replace("urgency: 1, heartbeat_minutes: 60,", "urgency: 1, heartbeat_minutes: 30,"))
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


def test_st_2_a_unit_whose_stock_covers_less_than_three_quarters_of_the_catalogue_is_told() -> None:
    """ST-2: three of four kinds are enough, two are not; a lot that is empty does not count."""
    city = City(policy(POLICY_TEXT.replace("catalogue: []", "catalogue: [mask, gown, goggles, reagent]")))
    stock = {"form": "stock", "category": "medical_supply", "owner_unit": "H1"}
    for kind in ("mask", "gown"):
        city.add(f"H1-{kind}", kind, "A", quantity=50, **stock)
    told = [event for event in city.log if isinstance(event, StockCoverageJudged)]
    assert [(event.breached, event.share) for event in told] == [(True, 0.25)]
    assert told[0].missing == ("gown", "goggles", "reagent")
    city.add("H1-goggles", "goggles", "A", quantity=1, **stock)
    city.send(ResourceQuantityReported(area=AREA, resource="H1-gown", quantity=0, observed_at=city.now))
    told = [event for event in city.log if isinstance(event, StockCoverageJudged)]
    assert [(event.breached, event.missing) for event in told[1:]] == [
        (False, ("reagent",)),
        (True, ("gown", "reagent")),
    ]


def test_tm_1_a_team_counts_the_people_of_all_its_sub_units() -> None:
    """TM-1, TM-3: sub-units are what is allocated; the city team needs sixty people in all of them together."""
    city = City()
    for name, people in (("EMR", 25), ("TOX", 20)):
        city.add(
            f"HT-{name}", name, "A", reserve_group="HT-CITY", team_level="city", readiness=Readiness(headcount=people)
        )
    assert [(e.resource, e.headcount, e.ready) for e in city.log if isinstance(e, ReadinessJudged)] == [
        ("HT-CITY", 25, False)
    ]
    city.add("HT-EPI", "EPI", "A", reserve_group="HT-CITY", team_level="city", readiness=Readiness(headcount=15))
    last = [event for event in city.log if isinstance(event, ReadinessJudged)][-1]
    assert (last.resource, last.whole_team, last.headcount, last.ready) == ("HT-CITY", True, 60, True)


def test_tm_11_a_team_that_was_not_trained_for_a_year_is_not_ready() -> None:
    """TM-11."""
    city = City()
    city.add("HT", "EMR", "A", readiness=Readiness(headcount=20, trained_at=city.now - timedelta(days=366)))
    (told,) = [event for event in city.log if isinstance(event, ReadinessJudged)]
    assert (told.ready, told.gaps) == (False, ("training",))


def test_tm_8_every_professional_kind_of_the_plan_has_a_name_and_a_class() -> None:
    """TM-3, TM-8: the four basic units and the six professional kinds are kinds that a request may ask for."""
    kinds = {kind.kind: kind.name.zh for kind in load({"allocation.yaml": POLICY_TEXT}).kinds}
    assert {kinds[name] for name in ("EMR", "EPI", "TOX", "PSY")} == {
        "紧急医学救援",
        "卫生防疫",
        "中毒处置",
        "心理救援",
    }
    professional = {"实验室检测", "传染病救治", "消毒与感染控制", "病媒生物防制"}
    assert {kinds[name] for name in ("LAB", "TREATMENT", "DISINFECTION", "VECTOR")} == professional


def test_du_8_every_team_kind_of_the_bundled_policy_keeps_contact() -> None:
    """DU-8: not only where a city sets a number."""
    kinds = {kind.kind: kind.heartbeat_minutes for kind in load({"allocation.yaml": POLICY_TEXT}).kinds}
    assert all(kinds[name] for name in ("EMR", "EPI", "TOX", "PSY", "LAB", "rescue_team"))


def test_al_3_an_arrival_tells_how_long_after_the_order_it_was() -> None:
    """AL-3: ordered, shipped, delivered. The events carry what is measured."""
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R", [{"kind": "ppe", "quantity": 100}, {"kind": "rescue_team", "quantity": 1}],
             department="emergency_management")  # fmt: skip
    for resource in ("DP-B-ppe", "RT-B"):
        city.later(minutes=5).step(resource, "departed")
    city.later(minutes=20).step("RT-B", "arrived")
    city.later(minutes=15).step("DP-B-ppe", "delivered")
    told = [event for event in city.log if isinstance(event, CommitmentAdvanced)]
    assert {event.kind: [one.after_s for one in told if one.kind == event.kind] for event in told} == {
        "rescue_team": [None, 30 * 60],
        "ppe": [None, 45 * 60],
    }


def test_al_9_an_authorisation_carries_its_legal_basis_and_the_orders_name_it() -> None:
    """AL-9: Decree 376 Art. 33 stands on the authorisation, and each order that crosses departments names that."""
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R", [{"kind": "disinfectant", "quantity": 400}], department="emergency_management")
    city.order(Authorise(incident="I1"), legal_basis="Decree 376 Art. 33")
    (given,) = [event for event in city.log if isinstance(event, AllocationAuthorised)]
    assert given.legal_basis == "Decree 376 Art. 33"
    committed = [event for event in city.log if getattr(event, "authorisation", None) and hasattr(event, "commitment")]
    assert {event.authorisation for event in committed} == {given.authorisation}  # type: ignore[attr-defined]


def test_st_9_a_shortage_that_social_supplies_could_end_is_proposed_for_requisition() -> None:
    """ST-9, RQ-1, RQ-2: last of all, to the government; the nearest targets that cover the need."""
    city = city_j(Policy(version="test", allocation=policy().allocation, authority=bundled().authority))
    city.incident("I1", "B", composite=3)
    for name, district, rooms in (("NEAR", "B", 30), ("FAR", "C", 50), ("SPARE", "A", 50)):
        city.add(
            name, "quarantine_room", district, form="capacity", quantity=rooms, requisition_target=True,
            owner_unit=f"{name}-LTD",
        )  # fmt: skip
    city.ask("R", [{"kind": "quarantine_room", "quantity": 40}])
    (asked,) = [event for event in city.log if isinstance(event, ProposalOpened)]
    assert (asked.kind, asked.rule, asked.offices) == ("requisition", "ST-9", ("city_government",))
    assert asked.payload["targets"] == ["NEAR", "SPARE"]
    city.happen(
        ProposalDecided(
            incident="I1", proposal=asked.proposal, kind=asked.kind, rule=asked.rule, status="confirmed", directive="D"
        )
    )
    assert city.taken("quarantine_room") == {"NEAR": 30, "SPARE": 10}
    orders = [event for event in city.log if isinstance(event, RequisitionChanged)]
    assert [(event.item, event.owner, event.status) for event in orders] == [
        ("NEAR", "NEAR-LTD", "ordered"),
        ("SPARE", "SPARE-LTD", "ordered"),
    ]
    assert {one.status for one in city.state.of(Open).values()} == {"ordered"}


def test_rq_1_an_order_states_what_the_item_is_worth_and_when_it_comes_back() -> None:
    """RQ-1, RQ-3: the measure of compensation and the expected return stand in the order itself."""
    city = city_j()
    city.incident("I1", "B")
    back = city.now + timedelta(days=14)
    order = Requisition(
        incident="I1", item="40 trucks", owner="LOGISTICS", requisition="RQ-1", valuation_yuan=8_000_000, return_by=back
    )
    city.order(order)
    for step in ("return", "compensate"):
        city.order(order.model_copy(update={"step": step}))
    told = [event for event in city.log if isinstance(event, RequisitionChanged)]
    assert [(event.status, event.valuation_yuan, event.return_by) for event in told] == [
        (status, 8_000_000, back) for status in ("ordered", "returned", "compensated")
    ]

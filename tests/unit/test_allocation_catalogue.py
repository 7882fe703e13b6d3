"""RC-*: the integrated catalogue: eight categories and more, typed capabilities, kept by its owners."""

from typing import get_args

import pytest

from schemas.base import Point
from schemas.inputs.reports import Place
from schemas.inputs.resources import Category, ResourceStatusReported
from tests.allocation_city import AREA, CODES, City

HERE = Place(district=CODES["A"], point=Point(lat=30, lon=114))
EIGHT = {
    "health_team", "rescue_team", "expert", "medical_supply", "protective_equipment", "rescue_equipment", "transport",
    "shelter",
}  # fmt: skip
MORE = {
    "bed", "staff", "laboratory", "ambulance", "blood", "communications", "drone", "command_vehicle",
    "convertible_venue", "production_capacity", "agreement_stock",
}  # fmt: skip


def test_rc_1_the_eight_categories_of_the_plan_and_the_union_with_the_others_are_there() -> None:
    """RC-1, RC-3, RC-4: S0's eight, and what the other plans add."""
    assert set(get_args(Category)) >= EIGHT | MORE


@pytest.mark.parametrize(
    ("category", "kind", "form", "quantity"),
    [
        ("bed", "icu_bed", "beds", 3),
        ("rescue_equipment", "crane", "unit", 1),
        ("laboratory", "pcr_tests", "capacity", 500),
        ("medical_supply", "ppe", "stock", 900),
    ],
)
def test_al_5_beds_equipment_laboratories_and_supplies_go_through_one_engine(
    category: str, kind: str, form: str, quantity: int
) -> None:
    """AL-5, RC-3: whatever the kind, the nearer one serves, with its position and its district."""
    city = City()
    city.incident("I1", "A")
    for name, km, letter in (("FAR", 9.0, "B"), ("NEAR", 2.0, "A")):
        where = Point(lat=30 + km / 111.2, lon=114)
        city.add(name, kind, letter, category=category, form=form, quantity=quantity, position=where)
    city.ask("R", [{"kind": kind, "quantity": quantity}], place=HERE)
    assert city.taken(kind) == {"NEAR": quantity}
    assert city.taken_from(kind) == {"A": quantity}


def test_rc_2_what_an_owner_reports_counts_in_the_very_next_decision() -> None:
    """RC-1, RC-2, RC-5: one picture of many sources: status, then a replaced entry, each decides at once."""
    city = City()
    city.incident("I1", "A")
    for name, km in (("A1", 1.0), ("A2", 2.0), ("A3", 3.0)):
        where = Point(lat=30 + km / 111.2, lon=114)
        city.add(name, "ambulance", "A", category="ambulance", owner_department="health", position=where)
    city.send(ResourceStatusReported(area=AREA, resource="A1", status="busy", observed_at=city.now))
    city.add("A2", "ambulance", "A", category="ambulance", position=Point(lat=30.5, lon=114))
    city.ask("R", [{"kind": "ambulance", "quantity": 1}], place=HERE)
    assert city.taken("ambulance") == {"A3": 1}


def test_rc_6_and_rc_12_capability_tags_exclude_and_rank() -> None:
    """RC-6, RC-12, TM-2, TM-5: negative pressure, burns, self-sustaining: what a line requires is a tag or it waits."""
    city = City()
    city.incident("I1", "A")
    for name, km, tags in (("PLAIN", 1.0, ()), ("BURNS", 4.0, ("burns",)), ("NEGATIVE", 6.0, ("negative_pressure",))):
        where = Point(lat=30 + km / 111.2, lon=114)
        city.add(name, "base", "A", category="facility", position=where, capabilities=tags, self_sustain_days=3)
    city.ask("R", [{"kind": "base", "quantity": 1, "requires": ("negative_pressure",)}], place=HERE)
    city.ask("R2", [{"kind": "base", "quantity": 1, "requires": ("burns",)}], place=HERE)
    assert city.taken("base") == {"NEGATIVE": 1, "BURNS": 1}
    assert city.resource("BURNS").entry.self_sustain_days == 3


def test_tm_7_a_task_group_is_put_together_from_sub_units_of_several_teams_in_one_request() -> None:
    """TM-3, TM-7: the lines of one request are the group; each comes from where it is nearest."""
    city = City()
    city.incident("I1", "A")
    for name, kind, km in (("C-EMR", "EMR", 8.0), ("B-EMR", "EMR", 2.0), ("C-TOX", "TOX", 3.0), ("B-PSY", "PSY", 4.0)):
        city.add(name, kind, "A", position=Point(lat=30 + km / 111.2, lon=114))
    city.ask("R", [{"kind": kind, "quantity": 1} for kind in ("EMR", "TOX", "PSY")], place=HERE)
    group = [next(iter(city.taken(kind))) for kind in ("EMR", "TOX", "PSY")]
    assert group == ["B-EMR", "C-TOX", "B-PSY"]


def test_st_4_agreement_stock_comes_after_its_lead_time_and_st_5_expired_stock_not_at_all() -> None:
    """ST-4: the time until it can leave counts like distance. ST-5: past its date a lot serves nobody."""
    city = City()
    city.incident("I1", "A")
    near, far = Point(lat=30.01, lon=114), Point(lat=30.2, lon=114)
    stock = {"form": "stock", "quantity": 10}
    city.add("AGREED", "ppe", "A", category="agreement_stock", stock_type="agreement", lead_minutes=45,
             position=near, **stock)  # fmt: skip
    city.add("DEPOT", "ppe", "B", category="medical_supply", position=far, **stock)
    city.add("OLD", "ppe", "A", category="medical_supply", position=near, expires_at=city.now, **stock)
    city.later(minutes=1).ask("R", [{"kind": "ppe", "quantity": 10}], place=HERE)
    assert city.taken("ppe") == {"DEPOT": 10}
    assert city.decisions("R")[0].rejections["expired"] == 1

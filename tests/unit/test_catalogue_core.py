"""The integrated catalogue and its dispatch: core requirements of domain.md 1.9 to 1.13."""

from typing import get_args

import pytest

from schemas.inputs.resources import Category, ResourceStatusReported
from tests.allocation_city import AREA, City, city_j

EIGHT = {
    "health_team": "卫生应急队伍",
    "rescue_team": "综合应急救援队伍",
    "expert": "专家智库",
    "medical_supply": "医疗物资",
    "protective_equipment": "防护装备",
    "rescue_equipment": "救援设备",
    "transport": "运输工具",
    "shelter": "安置场所",
}
SUPERSET = {
    "bed", "facility", "staff", "laboratory", "ambulance", "blood", "communications", "drone", "command_vehicle",
    "convertible_venue", "production_capacity", "agreement_stock",
}  # fmt: skip
BASES = ("infectious", "psychological", "chemical", "burns", "trauma", "paediatric", "maternal")


def city() -> City:
    found = city_j()
    found.incident("I1", "B")
    return found


def test_the_eight_categories_and_the_superset_are_one_catalogue() -> None:
    """RC-1, RC-2: S0's eight and what S2 to S4 add; whoever owns it, of whatever level, it is one projection."""
    known = set(get_args(Category))
    assert set(EIGHT) | SUPERSET == known
    j = city()
    for category in sorted(known):
        j.add(f"X-{category}", "thing", "B", category=category, owner_unit=f"owner-of-{category}")
    assert {j.resource(f"X-{category}").entry.category for category in known} == known
    j.ask("R", [{"kind": "thing", "quantity": len(known)}])
    assert len(j.taken("thing")) == len(known)


def test_every_resource_has_a_place_and_the_nearest_goes() -> None:
    """RC-3: beds, equipment, staff and supplies alike carry their district; distance counts from there."""
    j = city()
    for district in "AE":
        j.add(f"VENT-{district}", "ventilator", district, category="rescue_equipment")
    j.ask("R", [{"kind": "ventilator", "quantity": 1}])
    assert j.taken("ventilator") == {"VENT-A": 1}


def test_an_ambulance_is_a_catalogue_entry_with_a_live_status() -> None:
    """RC-5: what the 120 centre says of it now decides whether it is sent."""
    j = city()
    for name, district in (("V-B", "B"), ("V-A", "A")):
        j.add(name, "rescue_car", district, category="ambulance")
    busy = ResourceStatusReported(area=AREA, resource="V-B", status="busy", observed_at=j.now)
    j.send(busy)
    j.ask("R", [{"kind": "rescue_car", "quantity": 1}])
    assert j.taken("rescue_car") == {"V-A": 1}
    j.send(busy.model_copy(update={"status": "ready"}))
    j.ask("R2", [{"kind": "rescue_car", "quantity": 1}])
    assert j.taken("rescue_car") == {"V-A": 1, "V-B": 1}


@pytest.mark.parametrize("base", BASES)
def test_a_special_rescue_base_is_found_by_its_capability(base: str) -> None:
    """RC-12: the seven bases are capability tags of facilities and beds."""
    j = city()
    for other in BASES:
        j.add(f"BASE-{other}", "base_bed", "A", category="bed", form="beds", quantity=2, capabilities=(other,))
    j.ask("R", [{"kind": "base_bed", "quantity": 1, "requires": (base,)}])
    assert j.taken("base_bed") == {f"BASE-{base}": 1}


def test_stock_is_ordered_shipped_and_delivered() -> None:
    """AL-3: after the order comes the delivery, and each step is on record."""
    j = city()
    j.add("LOT", "masks", "A", category="protective_equipment", form="stock", quantity=100)
    (committed,) = [event for event in j.ask("R", [{"kind": "masks", "quantity": 40}]) if hasattr(event, "eta_ms")]
    stages = [committed.stage]  # type: ignore[attr-defined]
    for step in ("departed", "delivered"):
        j.later(minutes=20)
        stages += [e.stage for e in j.step("LOT", step, commitment="R/1/1") if hasattr(e, "stage")]
    assert stages == ["ordered", "shipped", "delivered"]
    assert j.resource("LOT").quantity == 60


def test_beds_equipment_laboratories_and_supplies_go_through_one_engine() -> None:
    """AL-5: four kinds of resources, one request, the same order of choice."""
    j = city()
    kinds = (("bed", "beds"), ("rescue_equipment", "unit"), ("laboratory", "capacity"), ("medical_supply", "stock"))
    for category, form in kinds:
        j.add(f"NEAR-{category}", category, "B", category=category, form=form, quantity=1)
        j.add(f"FAR-{category}", category, "A", category=category, form=form, quantity=1)
    j.ask("R", [{"kind": category, "quantity": 1} for category, _ in kinds])
    assert [j.taken(category) for category, _ in kinds] == [{f"NEAR-{category}": 1} for category, _ in kinds]


def test_agreement_stock_counts_with_its_time_to_activate() -> None:
    """ST-4: physical, agreed and producible stock are one reserve; what must be activated first is farther away."""
    j = city()
    j.add("AGREED", "gowns", "B", form="stock", quantity=50, stock_type="agreement", lead_minutes=30)
    j.add("PHYSICAL", "gowns", "A", form="stock", quantity=50)
    j.ask("R", [{"kind": "gowns", "quantity": 70}])
    assert j.taken("gowns") == {"PHYSICAL": 50, "AGREED": 20}


def test_the_sub_unit_of_a_team_is_what_is_allocated() -> None:
    """TM-3: of the county's team only the poisoning unit goes; its rescue unit stays free."""
    j = city()
    j.ask("R", [{"kind": "TOX", "quantity": 1}])
    assert j.taken("TOX") == {"HT-B-TOX": 1}
    assert j.resource("HT-B-EMR").held == 0

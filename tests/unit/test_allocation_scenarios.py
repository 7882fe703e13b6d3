"""Allocation facts of SC-1..SC-6 (domain.md 3), decided by the cascade on the shared fixture."""

from datetime import UTC, datetime

from schemas.inputs.directives import Authorise, WaiveFloor
from schemas.outputs.allocation_events import AllocationAuthorised, LineDecided, ResourceCommitted
from tests.allocation_city import City, city_j


def sc_1() -> City:
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.at("14:27").ask("R-BH", [{"kind": "EMR", "quantity": 1}, {"kind": "TOX", "quantity": 1}])
    city.ask("R-BE", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management")
    city.at("14:51").ask(
        "R-120", [{"kind": "ambulance", "quantity": 9}, {"kind": "icu_bed", "quantity": 9, "prefers": ("trauma",)}]
    )
    city.at("14:55").ask(
        "R-TF",
        [{"kind": "ppe", "quantity": 300}, {"kind": "disinfectant", "quantity": 400}],
        department="emergency_management",
        for_task_force=True,
    )
    return city


def test_sc_1_own_department_stock_goes_at_once_and_a_line_over_two_departments_waits() -> None:
    """AL-1: 300 PPE of DP-B run; 400 kg of disinfectant would mix EM and health stock and hold nothing."""
    city = sc_1()
    assert city.taken("ppe") == {"DP-B-ppe": 300}
    (decision,) = city.decisions("R-TF", 2)
    assert (decision.outcome, decision.crosses, decision.committed) == ("pending_authorization", ("health",), 0)
    assert city.taken("disinfectant") == {}
    assert city.resource("DP-B-disinfectant").held == 0


def test_sc_1_the_authorisation_commits_what_waited() -> None:
    city = sc_1()
    events = city.at("15:05").order(Authorise(incident="I1"))
    assert isinstance(events[1], AllocationAuthorised)
    assert city.taken("disinfectant") == {"DP-B-disinfectant": 300, "DP-A-disinfectant": 100}
    committed = [e for e in events if isinstance(e, ResourceCommitted)]
    assert {e.authorisation for e in committed} == {events[1].authorisation}


def test_sc_1_sums_of_ambulances_beds_and_teams() -> None:
    city = sc_1()
    city.at("15:05").order(Authorise(incident="I1"))
    city.at("15:41").ask(
        "R-120-2", [{"kind": "ambulance", "quantity": 5}, {"kind": "icu_bed", "quantity": 5, "prefers": ("trauma",)}]
    )
    city.ask("R-JH", [{"kind": "EMR", "quantity": 1}, {"kind": "EPI", "quantity": 1}])
    assert city.taken_from("ambulance") == {"B": 3, "A": 10, "C": 1}
    assert city.taken("icu_bed") == {"H3": 2, "H2": 8, "H1": 4}
    assert list(city.taken("EMR")) == ["HT-B-EMR", "HT-CITY-EMR-1"]
    assert city.taken("TOX") == {"HT-B-TOX": 1}
    assert city.taken("EPI") == {"HT-CITY-EPI-1": 1}
    assert city.taken("rescue_team") == {"RT-B": 1}
    assert city.resource("DP-B-ppe").quantity - city.resource("DP-B-ppe").held == 500


def test_sc_2_isolation_and_epidemic_teams_come_from_the_nearest() -> None:
    city = city_j()
    city.incident("I1", "E", composite=3)
    city.ask("R1", [{"kind": "EPI", "quantity": 1}], district="E")
    city.ask("R2", [{"kind": "EPI", "quantity": 1}], district="C")
    assert list(city.taken("EPI")) == ["HT-E-EPI", "HT-C-EPI"]


def test_sc_3_the_city_teams_only_psychosocial_unit_stays_and_d_sends_its_own() -> None:
    city = city_j(now=datetime(2026, 5, 12, 5, 0, tzinfo=UTC))
    city.incident("I1", "A", composite=3)
    city.ask("R1", [{"kind": "PSY", "quantity": 1}], district="A")
    assert city.taken("PSY") == {"HT-D-PSY": 1}
    (decision,) = city.decisions("R1")
    assert decision.candidates[0]["reason"] == "group_reserve"
    assert decision.rejections["group_reserve"] == 1


def test_sc_4_flood_water_shelters_teams_and_stock() -> None:
    city = city_j(now=datetime(2026, 7, 2, 6, 0, tzinfo=UTC))
    city.incident("I1", "C", composite=3)
    lines = {"EPI": 3, "water_tablets": 20_000, "disinfectant": 900, "ppe": 400}
    city.at("16:05").ask(
        "R-HEALTH",
        [{"kind": kind, "quantity": quantity} for kind, quantity in lines.items()],
        department="emergency_management",
        district="C",
    )
    city.ask("R-SHELTER", [{"kind": "shelter", "quantity": 3600}], department="emergency_management", district="C")
    assert {d.outcome for d in city.log if isinstance(d, LineDecided) and d.request == "R-HEALTH"} == {
        "pending_authorization"
    }
    city.at("16:20").order(Authorise(incident="I1"))
    assert list(city.taken("EPI")) == ["HT-C-EPI", "HT-CITY-EPI-1", "HT-E-EPI"]
    assert city.taken("water_tablets") == {"DP-C-water_tablets": 6000, "DP-A-water_tablets": 14_000}
    assert city.taken("disinfectant") == {"DP-C-disinfectant": 500, "DP-A-disinfectant": 400}
    assert city.taken("ppe") == {"DP-C-ppe": 400}
    assert city.taken("shelter") == {"SH-C1": 1500, "SH-C2": 1500, "SH-A1": 600}


def test_sc_5_a_waiver_opens_the_ambulances_of_the_district_and_of_no_other() -> None:
    city = city_j(now=datetime(2026, 9, 7, 20, 0, tzinfo=UTC))
    city.incident("I1", "D", composite=2)
    city.ask("R1", [{"kind": "ambulance", "quantity": 3}], district="D")
    assert city.taken_from("ambulance") == {"D": 1, "A": 2}
    city.order(WaiveFloor(incident="I1", kinds=("ambulance",), districts=("990104",)))
    city.ask("R2", [{"kind": "ambulance", "quantity": 20}], district="D")
    assert city.taken_from("ambulance") == {"D": 3, "A": 10, "C": 4}
    assert city.decisions("R2")[-1].rejections["floor"] == 4


def test_sc_6_toxicology_comes_from_b_and_the_city_teams_unit_stays() -> None:
    city = city_j(now=datetime(2026, 4, 14, 6, 0, tzinfo=UTC))
    city.incident("I1", "B", composite=4)
    city.ask("R1", [{"kind": "TOX", "quantity": 1}])
    city.ask("R2", [{"kind": "TOX", "quantity": 1}])
    assert city.taken("TOX") == {"HT-B-TOX": 1}
    (decision,) = city.decisions("R2")
    assert decision.outcome == "short"
    assert decision.rejections == {"committed": 1, "group_reserve": 1}

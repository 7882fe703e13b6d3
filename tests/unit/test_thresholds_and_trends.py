"""Beside the grade: reporting thresholds (2.2 note 9) and the computed trend (SC-2, SC-3, SC-6)."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.outputs.incident_events import ReportingThresholdMet, TrendAssessed
from tests.unit.intake_world import START, World, of, play, report


@pytest.mark.parametrize(
    ("kind", "setting", "figures", "rules"),
    [
        ("cholera", "none", {"cases": 1}, ["RT-single-case"]),
        ("sars", "none", {"suspected": 1}, ["RT-single-case"]),
        ("pneumonic_plague", "none", {"confirmed": 1}, ["RT-single-case"]),
        ("cholera", "none", {"cases": 0}, []),
        ("food_poisoning", "none", {"cases": 29}, []),
        ("food_poisoning", "none", {"cases": 30}, ["RT-food"]),
        ("food_poisoning", "none", {"deaths": 1}, ["RT-food"]),
        ("food_poisoning", "school", {"cases": 4}, []),
        ("food_poisoning", "school", {"cases": 5}, ["RT-food-collective"]),
        ("food_poisoning", "kindergarten", {"deaths": 1}, ["RT-food", "RT-food-collective"]),
        ("food_poisoning", "major_event", {"cases": 38}, ["RT-food", "RT-food-collective"]),
        ("food_poisoning", "collective_unit", {"cases": 5}, ["RT-food-collective"]),
        ("occupational_poisoning", "none", {"cases": 9}, []),
        ("occupational_poisoning", "none", {"cases": 10}, ["RT-occupational"]),
        ("occupational_poisoning", "none", {"deaths": 1}, ["RT-occupational"]),
        ("other_acute_poisoning", "none", {"cases": 2}, []),
        ("other_acute_poisoning", "none", {"cases": 3}, ["RT-other-poisoning"]),
        ("environmental_cause", "none", {"cases": 2}, []),
        ("environmental_cause", "none", {"cases": 3}, ["RT-environment"]),
        ("radiation_exposure", "none", {"exposed": 1}, ["RT-radiation"]),
        ("radiation_exposure", "none", {"cases": 1}, ["RT-radiation"]),
        ("radiation_exposure", "none", {}, []),
        ("class_bc_outbreak", "none", {"cases": 25}, []),
        ("class_bc_outbreak", "collective_unit", {"cases": 19}, []),
        ("class_bc_outbreak", "collective_unit", {"cases": 22}, ["RT-diarrhoea"]),
        ("class_bc_outbreak", "school", {"cases": 20}, ["RT-diarrhoea"]),
        ("class_bc_outbreak", "kindergarten", {"cases": 20}, ["RT-diarrhoea"]),
        ("class_bc_outbreak", "none", {"disease": "infectious_diarrhoea", "deaths": 1}, ["RT-diarrhoea-death"]),
        ("class_bc_outbreak", "none", {"disease": "measles", "deaths": 1}, []),
        ("class_bc_outbreak", "none", {"disease": "typhoid", "cases": 4}, []),
        ("class_bc_outbreak", "none", {"disease": "typhoid", "cases_7d_city": 5}, ["RT-hepatitis-typhoid"]),
        ("class_bc_outbreak", "none", {"disease": "hepatitis_a", "cases": 5}, ["RT-hepatitis-typhoid"]),
        ("class_bc_outbreak", "none", {"disease": "hepatitis_e", "cases": 5}, ["RT-hepatitis-typhoid"]),
        ("class_bc_outbreak", "none", {"disease": "measles", "cases": 9}, []),
        *(
            ("class_bc_outbreak", "none", {"disease": disease, "cases": 10}, ["RT-exanthema"])
            for disease in ("measles", "mumps", "rubella", "scarlet_fever", "varicella")
        ),
        ("class_bc_outbreak", "none", {"disease": "measles", "cases_7d_city": 10}, ["RT-exanthema"]),
        ("strain_loss", "none", {}, ["RT-strain-loss"]),
        ("work_safety_accident", "none", {"deaths": 30}, []),
    ],
)
def test_reporting_thresholds_are_a_predicate_of_their_own(
    kind: str, setting: str, figures: dict[str, Any], rules: list[str]
) -> None:
    """2.2 note 9: what must be reported need not be graded."""
    world = World()
    play(world, (START, figures), kinds=[kind], setting=setting)
    assert [hit.rule for event in of(ReportingThresholdMet, world.events) for hit in event.hits] == rules


def test_a_threshold_is_met_once() -> None:
    """SC-3: 38 sick in a school meet both rules at once; more sick meet nothing new."""
    world = World()
    play(
        world,
        (START, {"cases": 5}),
        (START + timedelta(hours=1), {"cases": 38}),
        kinds=["food_poisoning"],
        setting="school",
    )
    play(world, (START + timedelta(hours=2), {"cases": 67}), kinds=["food_poisoning"], setting="school")
    met = [[hit.rule for hit in event.hits] for event in of(ReportingThresholdMet, world.events)]
    assert met == [["RT-food-collective"], ["RT-food"]]


def trends(world: World) -> list[tuple[str, int | None, int]]:
    return [(event.trend, event.base, event.count) for event in of(TrendAssessed, world.events)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([(0, 4), (90, 7)], [("worsening", 4, 7)]),
        ([(0, 4), (90, 6)], []),
        ([(0, 6), (90, 9)], [("worsening", 6, 9)]),
        ([(0, 7), (90, 10)], []),
        ([(0, 1)], []),
        ([(0, 1), (4 * 1440, 5), (5 * 1440, 6)], []),
        ([(0, 4), (1440, 7)], [("worsening", 4, 7)]),
        ([(0, 4), (1441, 7)], []),
        ([(0, 4), (60, 5), (1441, 8)], [("worsening", 5, 8)]),
        ([(0, 38), (50, 67), (120, 100), (170, 100)], [("worsening", 38, 67), ("worsening", 38, 100)]),
        ([(0, 4), (60, 8), (1560, 8)], [("worsening", 4, 8), ("stable", None, 8)]),
        ([(0, 4), (60, 8), (1400, 8), (1560, 9)], [("worsening", 4, 8), ("stable", 8, 9)]),
        ([(60, 8), (0, 4), (61, 8)], [("worsening", 4, 8)]),
        ([(60, 8), (0, 4), (61, 9)], [("worsening", 4, 9)]),
    ],
)
def test_a_trend_is_growth_against_the_oldest_count_of_the_period(
    counts: list[tuple[int, int]], expected: list[tuple[str, int | None, int]]
) -> None:
    """SC-2, SC-3, SC-6 [P]: at least 50 % in 24 h and at least 3 new cases; a first count has no growth."""
    world = World()
    for minutes, cases in counts:
        when = START + timedelta(minutes=minutes)
        event = report(when, ["occupational_poisoning"], figures={"cases": cases}, occurred_at=START)
        world.tell(event, START + timedelta(days=6))
    assert trends(world) == expected


def test_an_accident_without_a_public_health_kind_has_no_trend() -> None:
    world = World()
    play(world, (START, {"cases": 4}), (START + timedelta(hours=1), {"cases": 40}))
    assert trends(world) == []

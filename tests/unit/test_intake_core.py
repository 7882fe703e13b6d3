"""Intake and its law: core requirements of domain.md 1.1, 1.10 and 1.15 that no single concern owns."""

import pytest

from schemas.inputs import directives as cmd
from schemas.outputs.incident_events import IncidentGraded, ReportingThresholdMet
from schemas.outputs.notification_events import OrderIssued
from streams.policy.loader import bundled
from tests.unit.duty_world import policy_with
from tests.unit.intake_world import START, World, of, report

FOCUS = {
    "新发突发传染病": "novel_or_imported",
    "重大传染病": "pneumonic_plague",
    "不明原因疾病": "unknown_cause_cluster",
    "职业中毒": "occupational_poisoning",
    "食源性疾病": "food_poisoning",
}


def told(channel: str, reporter: str) -> World:
    world = World()
    figures = {"deaths": 3, "serious": 1}
    world.tell(report(START, ["work_safety_accident"], channel=channel, reporter_kind=reporter, figures=figures), START)
    return world


def test_what_a_machine_reports_counts_like_what_people_report() -> None:
    """IN-6: intake from machine sources equals intake from people."""
    person, machine = told("phone", "department"), told("sensor", "sensor")
    assert machine.incident == person.incident
    assert [type(event) for event in machine.events] == [type(event) for event in person.events]


@pytest.mark.parametrize("kind", FOCUS.values(), ids=FOCUS.values())
def test_the_five_focus_diseases_are_hazard_kinds_with_grades(kind: str) -> None:
    """IN-8: 新发突发传染病、重大传染病、不明原因疾病、职业中毒、食源性疾病 are in the taxonomy and graded."""
    policy = bundled()
    assert policy.hazards.kinds(START.date(), ("CN",))[kind].group == "public_health"
    assert [rule for part in policy.grading.program((kind,), START.date(), ("CN",)) for rule in part.rules]


def test_trigger_rules_are_written_down_and_versioned() -> None:
    """MO-6, RL-6: another rule is another version, which every decision names, and another outcome."""
    outcomes = {}
    for policy in (bundled(), policy_with("thresholds.yaml", "cases>=30 or deaths>=1", "cases>=20 or deaths>=1")):
        world = World(policy)
        world.tell(report(START, ["food_poisoning"], figures={"cases": 25}), START)
        assert {event.policy_version for event in of(IncidentGraded, world.events)} <= {policy.version}
        outcomes[policy.version] = [event.policy_version for event in of(ReportingThresholdMet, world.events)]
    (old, none), (new, met) = outcomes.items()
    assert (none, met) == ([], [new])
    assert old != new


def test_an_order_to_assemble_carries_its_legal_basis() -> None:
    """AL-9: the HQ may assemble people, stock and vehicles at once; the order says by which law."""
    world = told("phone", "department")
    command = cmd.Order(incident=world.incident.id, to_unit="u-2", text="集结待命")
    (order,) = of(OrderIssued, world.accept(command, office="hq_office", legal_basis="Decree 376 Art. 33"))
    assert (order.to_unit, order.legal_basis) == ("u-2", "Decree 376 Art. 33")

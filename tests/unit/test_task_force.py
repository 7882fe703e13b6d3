"""Who leads, which groups, who sits: the task force is composed from policy (TF-1..TF-12)."""

from typing import Any

import pytest

from schemas.outputs.taskforce_events import LeadNamed, TaskForceFormed, TaskForceRecomposed
from streams.domain.activation.entities import TaskForce
from streams.policy.loader import bundled_documents, load
from streams.policy.reader import PolicyError
from streams.policy.taskforce import load as load_taskforce
from tests.unit.command_city import City, of

HEALTH, EM = "health", "emergency_management"
TOXIC = ("occupational_poisoning", "work_safety_accident")
BOTH = {"PHE": HEALTH, "WSA": EM}


def joint(**report: Any) -> City:
    """An incident under the commander's joint mechanism."""
    city = City()
    city.report(**report)
    city.order("commander", "activate_joint", incident="cad|X1")
    return city


def task_force(city: City) -> TaskForce:
    (one,) = city.state.of(TaskForce).values()
    return one


@pytest.mark.parametrize(
    ("report", "lead", "deputy", "branches"),
    [
        ({"kinds": ("food_poisoning",), "cases": 40}, HEALTH, EM, {}),
        ({"kinds": ("work_safety_accident",), "deaths": 3}, EM, HEALTH, {}),
        ({"kinds": ("natural_disaster",), "people": 600}, EM, HEALTH, {}),
        ({"kinds": ("earthquake",), "deaths": 10}, EM, HEALTH, {}),
        ({"kinds": ("mass_casualty",), "casualties": 50, "critical": 9}, None, None, {}),
        ({"kinds": ("work_safety_accident", "mass_casualty"), "critical": 9}, EM, HEALTH, {}),
        ({"kinds": TOXIC, "cases": 4, "serious": 4}, None, None, BOTH),
        ({"kinds": TOXIC, "cases": 4, "serious": 4, "deaths": 3}, None, None, BOTH),
        ({"kinds": TOXIC, "cases": 4, "serious": 60}, EM, HEALTH, {}),
        ({"kinds": ("food_poisoning", "natural_disaster"), "cases": 120, "people": 600}, HEALTH, EM, {}),
        ({"kinds": ("food_poisoning",), "cases": 3}, HEALTH, EM, {}),
    ],
)  # fmt: skip
def test_the_more_severe_naming_family_leads(
    report: dict[str, Any], lead: str | None, deputy: str | None, branches: dict[str, str]
) -> None:
    """TF-3: PHE - health; WSA, EQ, NDR - EM; MRE names no lead; equal severity - each leads its branch."""
    one = task_force(joint(**report))
    assert (one.lead, one.deputy, one.branches) == (lead, deputy, branches)


def test_the_lead_changes_with_the_grades() -> None:
    """TF-3: an accident that becomes an outbreak."""
    city = joint(kinds=TOXIC, cases=4, serious=4)
    city.report(kinds=TOXIC, cases=50, serious=12)
    (changed,) = of(TaskForceRecomposed, city.last)
    assert (changed.lead, changed.deputy, changed.branches) == (HEALTH, EM, {})
    assert {"lead", "deputy", "branches"} <= set(changed.changed)


def test_the_lead_changes_with_the_kinds() -> None:
    """SC-4: a flood becomes compound; relief III and PHE III are equal."""
    city = joint(kinds=("natural_disaster",), people=2500)
    assert task_force(city).lead == EM
    city.report(kinds=("natural_disaster", "class_bc_outbreak"), people=2500, cases=58, excess_ratio_county_max=1.4)
    assert (task_force(city).lead, task_force(city).branches["PHE"]) == (None, HEALTH)
    assert "medical_prevention" in task_force(city).groups, "TF-9"


def test_the_commander_names_the_lead_and_his_word_stays() -> None:
    """TF-3 [P]."""
    city = joint(kinds=TOXIC, cases=4, serious=4)
    city.order("commander", "name_lead", incident="cad|X1", department=EM)
    assert of(LeadNamed, city.last)[0].issuer == "commander"
    assert (task_force(city).lead, task_force(city).deputy) == (EM, HEALTH)
    city.report(kinds=TOXIC, cases=50, serious=12)
    assert task_force(city).lead == EM


def test_the_groups_of_an_accident() -> None:
    """TF-12, VU-3, SC-1: rescue, medical, epidemic prevention, psychosocial, supplies, release, experts."""
    groups = task_force(joint(kinds=("work_safety_accident", "mass_casualty"), deaths=3)).groups
    expected = {"rescue", "medical", "epidemic_prevention", "psychosocial", "supplies", "release", "experts"}
    assert expected <= set(groups)
    assert "medical_prevention" not in groups


def test_the_groups_of_an_outbreak() -> None:
    """TF-9: treatment and prevention in one office; nobody to rescue."""
    groups = task_force(joint(kinds=("cholera",), cases=3)).groups
    assert "medical_prevention" in groups
    assert "rescue" not in groups


def test_the_seats_are_the_conveners_the_liaison_officers_and_every_member_unit() -> None:
    """JA-1, TF-1, TF-2, TF-7: the standing offices sit; nobody is appointed for the occasion."""
    seats = task_force(joint(kinds=("cholera",), cases=3)).seats
    assert seats["convener"] == ("convener_health", "convener_em")
    assert seats["liaison_officer"] == ("liaison_health", "liaison_em")
    assert seats["member"] == ("j-em", "j-health")


def test_it_is_formed_once_and_told_again_only_when_something_changes() -> None:
    city = joint(kinds=("work_safety_accident",), deaths=3)
    city.report(kinds=("work_safety_accident",), deaths=4)
    assert len(of(TaskForceFormed, city.events)) == 1
    assert not of(TaskForceRecomposed, city.events)


def test_groups_and_leads_are_policy_data() -> None:
    """B4."""
    documents = bundled_documents()
    added = (
        "  - {id: TG-drones, group: drones, template: joint, name: {zh: 无人机组, en: drones}, "
        "source: our city, jurisdiction: CN, effective_from: 2020-04-30}\n"
    )
    taskforce = documents["taskforce.yaml"].replace("groups:\n", "groups:\n" + added)
    city = City(load({**documents, "taskforce.yaml": taskforce}))
    city.report(kinds=("cholera",), cases=3)
    city.order("commander", "activate_joint", incident="cad|X1")
    assert task_force(city).groups[0] == "drones"


def test_a_group_of_an_unknown_template_does_not_load() -> None:
    documents = bundled_documents()
    wrong = documents["taskforce.yaml"].replace("group: rescue, template: joint", "group: rescue, template: jiont")
    with pytest.raises(PolicyError, match="unknown template jiont"):
        load_taskforce({**documents, "taskforce.yaml": wrong})

"""The joint mechanism: E9, E10, E11, W2, D3; one activation, a list of rule hits (domain.md 1.5)."""

from typing import Any

import pytest

from schemas.outputs import taskforce_events as out
from schemas.outputs.proposal_events import ProposalDecided
from schemas.outputs.response_events import ResponseStarted, ReviewOpened
from streams.domain.activation.entities import TaskForce
from streams.policy.activation import load as load_activation
from streams.policy.loader import bundled_documents, load
from streams.policy.reader import PolicyError
from tests.unit.command_city import NOTICE, A, B, C, City, at, of

FOOD = {"kinds": ("food_poisoning",), "district": A}
TOXIC = {"kinds": ("occupational_poisoning", "work_safety_accident")}


def start(city: City, level: int = 4, person: str = "head-1", ref: str = "cad|X1") -> None:
    city.order(person, "start_response", incident=ref, level=level, notice=NOTICE)


def activated(city: City) -> list[str]:
    """Rules of activations and further hits, in order."""
    kinds = (out.JointActivated, out.JointRuleHit)
    return [event.rule for event in city.events if isinstance(event, kinds)]


def test_e9_fires_with_the_grade_when_a_response_runs() -> None:
    """E9, S1 Art. 9: automatic, in the same cascade, decided by nobody; SC-3 14:40."""
    city = City()
    city.report(**FOOD, cases=40)
    start(city)
    assert not activated(city)
    city.report(**FOOD, cases=100)
    (event,) = of(out.JointActivated, city.last)
    assert (event.rule, event.decided_by, event.at) == ("E9", (), city.now)
    assert event.hits[0].inputs == {"phe": 3, "response_running": True}
    assert event.source == "S1 Art. 9 (L77)"


def test_e9_fires_with_the_response_when_the_grade_is_there_first() -> None:
    """E9: whichever comes second."""
    city = City()
    city.report(**FOOD, cases=120)
    assert not activated(city)
    start(city, 3, "mayor")
    types = [event.TYPE for event in city.last]
    assert types.index("response.started.v1") < types.index("joint.activated.v1")


def test_a_serious_accident_does_not_fire_e9() -> None:
    """domain.md 1.5: do not let a 较大 accident fire E9."""
    city = City()
    city.report(kinds=("work_safety_accident",), deaths=9)
    start(city, 3, "mayor")
    assert not activated(city)
    assert city.waiting() == [("joint", "W2", None)]


def test_a_toxic_accident_is_both_and_fires_e9() -> None:
    """domain.md 1.5: acute occupational poisoning >= 10 is itself a 较大 PHE."""
    city = City()
    city.report(**TOXIC, cases=10, serious=10)
    start(city, 3, "mayor")
    assert activated(city) == ["E9"]


def worsening() -> City:
    """SC-6 15:30: seven poisoned after four, district response IV."""
    city = City(start="2026-04-14 14:00")
    city.report(**TOXIC, cases=4, serious=4)
    start(city, 4, "head-2")
    city.until("2026-04-14 15:30")
    city.report(**TOXIC, cases=7, serious=7)
    return city


def test_e10_is_proposed_to_the_hq_office_and_activates_at_grade_general() -> None:
    """E10, S1 Art. 10."""
    city = worsening()
    proposal = city.proposal("E10")
    assert proposal.offices == ("hq_office",)
    assert proposal.hits[0].inputs == {"phe": 4, "trend": "worsening"}
    city.order("hq", "confirm", proposal="E10@cad|X1")
    assert activated(city) == ["E10"]
    assert city.incident().composite == 4
    city.until("2026-04-14 16:20")
    city.report(**TOXIC, cases=10, serious=10)
    assert activated(city) == ["E10", "E9"]
    assert len(city.state.of(TaskForce)) == 1, "JA-2: never a second task force"


def test_after_a_rejection_e9_is_automatic_all_the_same() -> None:
    """SC-6, variant."""
    city = worsening()
    city.order("hq", "reject", proposal="E10@cad|X1", reason="趋势已解释")
    assert city.proposal("E10").reason == "趋势已解释"
    city.until("2026-04-14 15:50")
    city.report(**TOXIC, cases=9, serious=9)
    assert not [item for item in city.waiting() if item[1] == "E10"], "rejected, and nothing got worse"
    city.until("2026-04-14 16:20")
    city.report(**TOXIC, cases=10, serious=10)
    assert activated(city) == ["E9"]


def test_when_e9_comes_an_open_e10_proposal_is_superseded() -> None:
    """SC-2: it closes as superseded."""
    city = worsening()
    city.until("2026-04-14 16:20")
    city.report(**TOXIC, cases=10, serious=10)
    assert city.proposal("E10").status == "superseded"
    assert city.proposal("W2").waiting(), "other proposals go on"
    city.until("2026-04-14 16:30")
    city.report(**TOXIC, cases=12, serious=12)
    assert city.proposal("E10").status == "superseded"


def test_an_experts_word_is_a_trend_too() -> None:
    """E10: tends to spread; domain.md 2.2 note 4."""
    city = City()
    city.report(kinds=("cholera",), cases=3, district="990105")
    assert not city.waiting() or all(item[1] != "E10" for item in city.waiting())
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="o", text="有扩散趋势", flags={"spreading": True})
    assert city.proposal("E10").hits[0].inputs["trend"] == "spreading"


def test_e11_activates_without_any_grade_and_sets_no_response() -> None:
    """E11, SC-7: issuer identity and time are on record."""
    city = City(start="2026-05-17 10:00")
    city.report(kinds=("mass_casualty",), casualties=9, critical=1, setting="major_event")
    assert city.incident().composite is None
    city.order("commander", "activate_joint", incident="cad|X1", reason="马拉松")
    (event,) = of(out.JointActivated, city.last)
    assert (event.rule, event.decided_by, event.at) == ("E11", ("commander",), at("2026-05-17 10:00"))
    assert not of(ResponseStarted, city.events)
    city.order("commander", "activate_joint", incident="cad|X1")
    assert city.refusal() == "ALREADY_ACTIVE"


def test_e11_needs_no_incident_at_all() -> None:
    city = City()
    city.order("commander", "activate_joint", reason="重大活动保障")
    (task_force,) = city.state.of(TaskForce).values()
    assert task_force.incident is None
    city.order("commander", "stand_down", task_force=task_force.id, reason="完毕")
    assert not city.state.of(TaskForce)[task_force.id].active()


@pytest.mark.parametrize(
    "hurt",
    [
        {"deaths": 1},
        {"injured": 1},
        {"missing": 1},
        {"serious": 1},
        {"casualties": 1},
        {"needs": ("sanitation",)},
        {"needs": ("psychosocial",)},
        {"needs": ("medical",)},
    ],
)
def test_w2_is_proposed_for_any_health_need_under_a_response(hurt: dict[str, Any]) -> None:
    """W2, S0 四(一)2."""
    city = City()
    city.report(kinds=("natural_disaster",), people=600, district=C, **hurt)
    assert not [item for item in city.waiting() if item[1] == "W2"]
    start(city, 4, "head-3")
    assert ("joint", "W2", None) in city.waiting()


def test_w2_is_not_proposed_without_a_health_need_and_is_when_the_need_comes() -> None:
    city = City()
    city.report(kinds=("natural_disaster",), people=600, district=C)
    start(city, 4, "head-3")
    assert not city.waiting()
    city.report(kinds=("natural_disaster",), people=600, district=C, needs=("shelter",))
    assert not city.waiting(), "shelter is no health need"
    city.report(kinds=("natural_disaster",), people=600, district=C, needs=("sanitation",))
    assert city.waiting() == [("joint", "W2", None)]


def test_w2_is_not_for_incidents_of_public_health_kinds_only() -> None:
    city = City()
    city.report(**FOOD, cases=40, deaths=0, injured=3)
    start(city)
    assert not [item for item in city.waiting() if item[1] == "W2"]


def test_d3_adds_the_forward_template_to_the_mechanism_that_runs() -> None:
    """D3, S4 二(一)1(3); SC-2: no second task force."""
    city = City()
    city.report(kinds=("cholera",), cases=38, cases_7d_city=31, cases_7d_county_max=19)
    start(city, 3, "mayor")
    assert activated(city) == ["E9"]
    city.order("hq", "confirm", proposal="D3@cad|X1")
    assert activated(city) == ["E9", "D3"]
    (task_force,) = city.state.of(TaskForce).values()
    assert task_force.template == "joint+forward"
    assert "forward_command" in task_force.groups
    assert of(out.TaskForceRecomposed, city.last)[0].changed == ("template", "groups")


def test_d3_confirmed_where_nothing_runs_activates_the_mechanism() -> None:
    city = City()
    city.report(kinds=("work_safety_accident",), deaths=12)
    city.order("hq", "confirm", proposal="D3@cad|X1")
    assert activated(city) == ["D3"]


def test_the_mechanism_ends_with_the_last_response_and_its_evaluation_opens() -> None:
    """SC-8, JA-3."""
    city = City()
    city.report(**FOOD, cases=120)
    start(city, 3, "mayor")
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="o", text="可控")
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion="o", hazard_removed=True)
    (ended,) = of(out.JointStoodDown, city.last)
    assert (ended.rule, ended.decided_by) == ("JA-end", ())
    assert {review.kind for review in of(ReviewOpened, city.last)} == {"joint_mechanism", "after_action"}
    city.report(**FOOD, cases=121)
    assert activated(city) == ["E9"], "no response runs"


def test_a_mechanism_that_was_stood_down_stays_so_until_something_gets_worse() -> None:
    """SC-7: deactivation by directive; rules are asked again when the grade rises or a response starts anew."""
    city = City()
    city.report(**FOOD, cases=100)
    start(city, 3, "mayor")
    city.order("commander", "stand_down", incident="cad|X1", reason="可控")
    city.until("2026-03-10 10:00")
    city.report(**FOOD, cases=110)
    assert activated(city) == ["E9"]
    city.report(**FOOD, cases=120, deaths=1)
    assert activated(city) == ["E9", "E9"]
    assert len(city.state.of(TaskForce)) == 2
    city.order("commander", "stand_down", incident="cad|X2", reason="")
    assert city.refusal() == "UNKNOWN_INCIDENT"


def test_without_a_mechanism_there_is_nothing_to_stand_down_or_to_lead() -> None:
    city = City()
    city.report(**FOOD, cases=40)
    city.order("commander", "stand_down", incident="cad|X1", reason="")
    assert city.refusal() == "NOT_ACTIVE"
    city.order("commander", "name_lead", incident="cad|X1", department="health")
    assert city.refusal() == "NOT_ACTIVE"


def test_closing_the_incident_ends_the_mechanism_with_its_reason() -> None:
    """SC-7."""
    city = City()
    city.report(kinds=("mass_casualty",), casualties=9, critical=1)
    city.order("commander", "activate_joint", incident="cad|X1")
    city.order("commander", "close_incident", incident="cad|X1", reason="赛事结束")
    (ended,) = of(out.JointStoodDown, city.last)
    assert (ended.rule, ended.reason) == ("JA-close", "赛事结束")
    assert city.command().phase == "closed"


def test_a_refuted_incident_asks_nobody_for_a_joint_mechanism() -> None:
    city = City()
    city.report(kinds=("work_safety_accident",), deaths=12)
    city.order("cdc", "refute", incident="cad|X1", reason="谎报")
    assert not [item for item in city.waiting() if item[0] == "joint"]
    assert "the incident is refuted" in {event.reason for event in of(ProposalDecided, city.last)}


def test_of_two_merged_incidents_with_a_mechanism_each_one_remains_with_both_hits() -> None:
    """JA-2."""
    city = City()
    city.report(**FOOD, cases=120)
    start(city, 3, "mayor")
    city.report(kinds=("mass_casualty",), casualties=9, critical=1, id="X2", district=B)
    city.order("commander", "activate_joint", incident="cad|X2")
    city.order("cdc", "merge", incident="cad|X1", other="cad|X2", reason="同一事件")
    active = [item for item in city.state.of(TaskForce).values() if item.active()]
    assert [item.rules() for item in active] == [("E9", "E11")]
    assert active[0].incident == city.incident("cad|X2").id


def test_a_mechanism_of_the_merged_incident_goes_on_for_the_whole() -> None:
    city = City()
    city.report(**FOOD, cases=40)
    city.report(kinds=("mass_casualty",), casualties=9, critical=1, id="X2", district=B)
    city.order("commander", "activate_joint", incident="cad|X2")
    city.order("cdc", "merge", incident="cad|X1", other="cad|X2", reason="同一事件")
    (moved,) = of(out.TaskForceMoved, city.last)
    assert moved.incident == city.incident("cad|X1").id
    assert len(city.state.of(TaskForce)) == 1


def changed(old: str, new: str) -> dict[str, str]:
    documents = bundled_documents()
    assert old in documents["activation.yaml"]
    return {**documents, "activation.yaml": documents["activation.yaml"].replace(old, new)}


def test_conditions_are_policy_data() -> None:
    """B4: a city that activates from 一般 on changes one line."""
    city = City(load(changed("phe<=3 and response_running", "phe<=4 and response_running")))
    city.report(**FOOD, cases=40)
    start(city)
    assert activated(city) == ["E9"]


def test_a_rule_that_is_not_yet_in_force_does_not_fire() -> None:
    """Design rule 6: W2 is of 2026-01-04."""
    city = City(start="2025-12-01 09:00")
    city.report(kinds=("work_safety_accident",), deaths=3)
    start(city, 3, "mayor")
    assert not city.waiting()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("phe<=3", "phs<=3", "unknown fact"),
        ("trend=='worsening'", "trend=='worse'", "never 'worse'"),
        ("composite<=2", "composite", "not a condition"),
        ("decision: directive", "decision: proposal", "E11"),
        ("on: incident_closed", "on: sunset", "on"),
    ],
)
def test_wrong_rules_do_not_load(old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load_activation(changed(old, new))

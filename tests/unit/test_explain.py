"""Why a grade is what it is, in words that an official understands (B4)."""

from datetime import date

from schemas.base import RuleHit
from schemas.outputs.incident_events import FamilyGrade
from streams.policy.dated import jurisdictions
from streams.policy.explain import Graded, check, diff, explain, in_words
from streams.policy.loader import bundled, bundled_documents
from tests.unit.intake_world import START, World, report


def explained(**figures: int) -> str:
    world = World()
    kinds = ["work_safety_accident", "mass_casualty"]
    world.tell(report(START, kinds, figures=figures, verification="unverified"), START)
    incident = world.incident
    graded = Graded(
        incident=incident.id,
        kinds=incident.hazard_kinds,
        day=date(2026, 3, 10),
        within=jurisdictions(world.state.area),
        figures=incident.figures,
        verification=incident.verification,
        families=incident.families,
        composite=incident.composite,
    )
    return "\n".join(explain(world.policy, graded))


def test_an_explanation_leads_from_facts_to_rule_to_source() -> None:
    text = explained(deaths=3, critical=1)
    for words in (
        "综合等级 composite (就高不就低 most severe family): 较大 (III, serious)",
        "规则 rule WSA-3 [已核对法规文本 statute read]: 死亡人数 ≥ 3 或 重伤人数（含急性工业中毒） ≥ 10",
        "依据 source: Decree 493 Art. 3",
        "死亡人数 deaths = 3 persons（未核实 unverified）",
        "重伤人数（含急性工业中毒） serious = 0 persons（nobody stated it".replace("nobody", "无人报告 nobody"),
        "死亡和危重病例数 dc = 4 persons（由下列事实计算 computed from",
        "危重病例数 critical = 1 persons",
    ):
        assert words in text, words


def test_an_explanation_says_when_no_rule_holds_and_when_a_choice_of_ours_decided() -> None:
    assert "没有规则成立 no rule of the family holds" in explained(deaths=0)
    assert "MRE-4b [本系统政策选择 policy choice of ours]" in explained(casualties=12)


def test_unknown_kinds_and_rules_are_explained_as_such() -> None:
    grade = FamilyGrade(family="NDRn", severity=4, hits=(RuleHit(rule="OLD-1", mark="K"),), in_composite=False)
    graded = Graded("i", ("alien",), date(2026, 1, 1), ("CN",), {}, {}, (grade,), None)
    text = "\n".join(explain(bundled(), graded))
    assert "未知类别 unknown kind alien" in text
    assert "not in this policy" in text
    assert "不计入综合等级" in text


def test_conditions_are_spoken() -> None:
    assert in_words(bundled(), "30<=cases<=99 and deaths==0") == "30 ≤ 病例数 ≤ 99 且 死亡人数 = 0"
    assert in_words(bundled(), "not spreading or density=='dense'") == "非 有扩散趋势 或 人口密集程度 = 'dense'"


def test_a_difference_names_the_entry_and_what_changed() -> None:
    """RL-6: the conditions are a published set of rules, and every change of them can be told."""
    old = bundled_documents()
    text = old["grading.yaml"].replace('"deaths>=30 or', '"deaths>=31 or').replace("id: NDRc-4,", "id: NDRc-5,")
    new = {**old, "grading.yaml": text, "facts.yaml": old["facts.yaml"].replace("zh: 死亡人数", "zh: 死者")}
    rest = "or serious>=100 or loss_yuan>=100000000"
    told = [difference.told() for difference in diff(old, new)]
    assert told == [
        "facts.yaml: 修改 changed deaths: zh: '死亡人数' -> '死者'",
        "grading.yaml: 删除 removed NDRc-4",
        "grading.yaml: 新增 added NDRc-5",
        f"grading.yaml: 修改 changed WSA-1: when: 'deaths>=30 {rest}' -> 'deaths>=31 {rest}'",
    ]
    assert diff(old, old) == []
    assert diff(old, {name: text for name, text in old.items() if name != "facts.yaml"})


def test_a_check_lists_what_is_wrong_in_each_section() -> None:
    documents = bundled_documents()
    assert check(documents) == []
    broken = {
        **documents,
        "grading.yaml": documents["grading.yaml"].replace("deaths>=30", "deathz>=30"),
        "intake.yaml": documents["intake.yaml"].replace("metres: 500", "metres: -1"),
    }
    assert [error.file for error in check(broken)] == ["grading.yaml", "intake.yaml"]
    stolen = {**documents, "intake.yaml": documents["intake.yaml"].replace("IN-attach", "WSA-1")}
    assert ["is also defined in" in error.message for error in check(stolen)] == [True]

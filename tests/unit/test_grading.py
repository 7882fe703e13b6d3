"""Grades of incidents: what counts, what is frozen, which law, which trend."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.inputs import directives as cmd
from schemas.outputs.incident_events import CasualtiesSettled, IncidentGraded
from schemas.outputs.refusals import CommandRefused
from streams.domain.core import Incident
from streams.policy.loader import bundled, bundled_documents, load
from streams.policy.model import Policy
from tests.unit.intake_world import START, A, B, World, at, of, play, report


def test_a_grade_says_its_rules_inputs_and_policy() -> None:
    """GR-1: the assessment holds rule ids, inputs, marks and the version; the composite is the most severe."""
    world = World()
    kinds = ("work_safety_accident", "mass_casualty")
    play(world, (START, {"deaths": 3, "serious": 10, "critical": 0, "casualties": 28}), kinds=kinds)
    (graded,) = of(IncidentGraded, world.events)
    assert (graded.composite, graded.previous, graded.policy_version) == (3, None, bundled().version)
    hits = {hit.rule: (hit.inputs, hit.mark) for grade in graded.families for hit in grade.hits}
    assert hits == {
        "WSA-3": ({"deaths": 3, "serious": 10, "loss_yuan": 0}, "L"),
        "MRE-4a": ({"dc": 3}, "W"),
        "MRE-4b": ({"casualties": 28}, "P"),
    }


def test_a_grade_is_told_only_when_it_changes() -> None:
    world = World()
    steps = [(START + timedelta(minutes=n), {"deaths": deaths}) for n, deaths in enumerate((3, 4, 9, 10, 11, 2))]
    play(world, *steps)
    assert [event.composite for event in of(IncidentGraded, world.events)] == [3, 2, 4]


def test_missing_people_never_count_for_an_accident() -> None:
    """SC-1: missing persons are reported (Art. 12) and are not in the Art. 3 criterion."""
    world = World()
    play(world, (START, {"deaths": 2, "missing": 40}))
    assert world.incident.severity("WSA") == 4


def test_the_national_relief_table_is_kept_beside_the_composite() -> None:
    """NDR: a response level per province, not an event grade; the city table counts."""
    world = World()
    play(world, (START, {"people": 120_000, "rooms": 60}), kinds=["natural_disaster"])
    incident = world.incident
    assert (incident.severity("NDRn"), incident.severity("NDRc"), incident.composite) == (4, 1, 1)
    assert {grade.family: grade.in_composite for grade in incident.families} == {"NDRn": False, "NDRc": True}
    alone = world_with("NDRc-table", "990200")
    play(alone, (START, {"people": 120_000}), kinds=["natural_disaster"])
    assert (alone.incident.severity("NDRn"), alone.incident.severity("NDRc"), alone.incident.composite) == (
        4,
        None,
        None,
    )


def world_with(table: str, jurisdiction: str) -> World:
    """A world in which a table holds in another jurisdiction only."""
    documents = bundled_documents()
    head, found, tail = documents["grading.yaml"].partition(f"- id: {table}\n")
    assert found
    moved = tail.replace("jurisdiction: CN", f'jurisdiction: "{jurisdiction}"', 1)
    return World(load({**documents, "grading.yaml": head + found + moved}))


def test_an_initial_determination_counts_until_it_is_reassessed() -> None:
    """2.4: EQi stays in the composite beside the actual grade until a re-assessment directive."""
    world = World()
    quake = report(
        START, ["earthquake_initial"], figures={"magnitude": 6.1, "density": "fairly_dense"}, source="seismic"
    )
    world.tell(quake, START)
    play(world, (START, {"deaths": 11, "missing": 3}), kinds=["earthquake"], source="seismic")
    incident = world.incident
    assert (incident.severity("EQi"), incident.severity("EQ"), incident.composite) == (2, 3, 2)
    reassess = cmd.ReassessGrade(incident=incident.id, family="EQi", reason="damage survey")
    world.accept(reassess)
    assert (world.incident.severity("EQi"), world.incident.composite) == (None, 3)
    play(world, (START + timedelta(hours=1), {"magnitude": 7.5}), kinds=["earthquake_initial"], source="seismic")
    assert world.incident.composite == 3
    (refused,) = of(CommandRefused, world.accept(reassess))
    assert refused.code == "NO_INITIAL_DETERMINATION"
    (refused,) = of(CommandRefused, world.accept(reassess.model_copy(update={"family": "EQ"})))
    assert refused.code == "NO_INITIAL_DETERMINATION"


FREEZE = (
    (("work_safety_accident",), 30),
    (("work_safety_accident", "fire_accident"), 7),
    (("road_traffic_accident",), 7),
)


@pytest.mark.parametrize(("kinds", "days"), FREEZE)
def test_casualties_after_the_term_do_not_change_the_grade(kinds: tuple[str, ...], days: int) -> None:
    """OB-07: 30 days, for road and fire 7; the last day counts whole; later figures are still recorded."""
    world = World()
    last = at("2026-03-10 23:59") + timedelta(days=days)
    play(world, (START, {"deaths": 2}), (last, {"deaths": 3}), kinds=kinds)
    assert world.incident.severity("WSA") == 3
    play(world, (START, {}), (last + timedelta(minutes=2), {"deaths": 12}), kinds=kinds)
    assert (world.incident.severity("WSA"), world.incident.figures["deaths"]) == (3, 12)
    (settled,) = of(CasualtiesSettled, world.events)
    assert settled.until == at("2026-03-11 00:00") + timedelta(days=days) - timedelta(microseconds=1)


def test_what_arrives_late_about_a_day_inside_the_term_counts() -> None:
    """OB-07 and B3: the figures' own time decides, not the time of arrival."""
    figures = [(0, 2), (20, 9), (29, 11), (40, 31)]
    grades = set()
    for order in ((0, 1, 2, 3), (0, 3, 2, 1), (3, 2, 1, 0), (0, 3, 1, 2)):
        world = World()
        for index in order:
            day, deaths = figures[index]
            when = START + timedelta(days=day)
            now = START + timedelta(days=41)
            world.tell(report(when, ["work_safety_accident"], figures={"deaths": deaths}, occurred_at=START), now)
        grades.add((world.incident.severity("WSA"), world.incident.figures["deaths"]))
    assert grades == {(2, 31)}


def test_other_families_follow_the_figures_after_the_term() -> None:
    world = World()
    kinds = ("work_safety_accident", "mass_casualty")
    play(world, (START, {"deaths": 2}), (START + timedelta(days=40), {"deaths": 6}), kinds=kinds)
    assert (world.incident.severity("WSA"), world.incident.severity("MRE")) == (4, 2)
    world.accept(cmd.VerifyFacts(action="verify", incident=world.incident.id, figures={"deaths": 12}))
    assert (world.incident.severity("WSA"), world.incident.severity("MRE")) == (4, 2)
    early = START + timedelta(days=3)
    world.accept(cmd.VerifyFacts(action="verify", incident=world.incident.id, figures={"deaths": 5}, as_of=early))
    assert world.incident.severity("WSA") == 3


def changed_policy(old: str, new: str) -> Policy:
    documents = bundled_documents()
    assert old in documents["grading.yaml"]
    return load({**documents, "grading.yaml": documents["grading.yaml"].replace(old, new, 1)})


TABLE = bundled_documents()["grading.yaml"].partition("- id: WSA-table\n")[2].partition("- id: MRE")[0]


def test_an_incident_is_judged_by_the_law_of_its_day() -> None:
    """B3, design rule 6: a replay under an old policy date gives the old grade."""
    closed = TABLE.replace("effective_from: 2007-06-01", "effective_from: 2007-06-01\n  effective_to: 2026-06-30")
    newer = TABLE.replace("effective_from: 2007-06-01", "effective_from: 2026-07-01").replace(
        "deaths>=3 ", "deaths>=2 "
    )
    policy = changed_policy(TABLE, closed + "- id: WSA-table-2026\n" + newer)
    for occurred, severity in (("2026-06-30 23:59", 4), ("2026-07-01 00:01", 3)):
        world = World(policy)
        play(world, (at(occurred), {"deaths": 2}), (at("2026-07-02 09:00"), {"deaths": 2, "serious": 1}))
        assert world.incident.severity("WSA") == severity
    before = World(policy)
    play(before, (at("2006-05-01 09:00"), {"deaths": 40}))
    assert before.incident.composite is None, "no law of that day"


def test_two_laws_on_one_day_do_not_load() -> None:
    with pytest.raises(Exception, match="both grade WSA in CN on the same days"):
        changed_policy(
            TABLE, TABLE.replace("id: WSA-", "id: WSB-") + "- id: WSB-table\n" + TABLE.replace("id: WSA-", "id: WSC-")
        )


def test_a_city_chooses_the_numeric_wording_of_medical_rescue() -> None:
    """2.3: the numeric variant is conjunctive; only lower bounds count."""
    choice = (
        'choices:\n- {id: MRE-wording, family: MRE, variant: numeric, source: "plan of J", jurisdiction: "990100", '
        "effective_from: 2020-01-01}"
    )
    policy = changed_policy("choices:", choice)
    rows = [
        ({"casualties": 28, "deaths": 3}, 4),
        ({"casualties": 56, "deaths": 8, "critical": 9}, 2),
        ({"casualties": 50, "deaths": 6}, 2),
        ({"casualties": 49, "deaths": 6}, 3),
        ({"casualties": 50, "deaths": 5}, 3),
        ({"casualties": 60, "critical": 4}, 3),
        ({"casualties": 30, "critical": 3}, 4),
        ({"casualties": 29, "critical": 9}, 4),
        ({"casualties": 10, "critical": 2}, 4),
        ({"casualties": 9, "critical": 2}, None),
        ({"casualties": 10, "critical": 1}, None),
        ({"casualties": 100, "many_critical": True}, 1),
        ({"casualties": 99, "many_critical": True}, None),
        ({"casualties": 100}, None),
    ]
    for figures, severity in rows:
        world = World(policy)
        play(world, (START, figures), kinds=["mass_casualty"])
        assert world.incident.severity("MRE") == severity, figures
    elsewhere = World(policy, area="990200")
    fields = {"area": "990200", "district": "990201", "figures": {"critical": 6}}
    elsewhere.tell(report(START, ["mass_casualty"], **fields), START)
    assert elsewhere.incident.severity("MRE") == 2


def test_a_city_table_and_a_new_kind_need_no_code() -> None:
    """B4: a rule change is a data change."""
    documents = bundled_documents()
    kind = (
        "hazards:\n- {id: heat_stroke, zh: 中暑, en: heat stroke, group: public_health, families: [PHE], "
        "department: health, source: plan of J, jurisdiction: CN, effective_from: 2020-01-01}"
    )
    table = (
        'tables:\n- {id: J-heat, family: PHE, kinds: [heat_stroke], source: plan of J, jurisdiction: "990100", '
        'effective_from: 2020-01-01, rules: [{id: HS-3, sev: 3, when: "cases>=5", mark: P}]}'
    )
    hazards = documents["hazards.yaml"].replace("hazards:", kind, 1)
    grading = documents["grading.yaml"].replace("\ntables:", "\n" + table, 1)
    world = World(load({**documents, "hazards.yaml": hazards, "grading.yaml": grading}))
    play(world, (START, {"cases": 5}), kinds=["heat_stroke"], district=B)
    assert world.incident.severity("PHE") == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("family: WSA\n  source", "family: WSX\n  source", "unknown family 'WSX'"),
        ("kinds: [cholera]", "kinds: [colera]", "unknown kind 'colera'"),
        ("variant: national, source", "variant: regional, source", "unknown variant 'regional'"),
        ("facts: [deaths, serious]", "facts: [death]", "unknown fact 'death'"),
        ("fact: cases, families", "fact: casez, families", "unknown fact 'casez'"),
        ("deaths>=30 or", "deaths>='30' or", "cannot compare"),
        ('sev: 1, when: "deaths>=30', 'sev: 5, when: "deaths>=30', "Input should be 1, 2, 3 or 4"),
    ],
)
def test_a_wrong_table_does_not_load(old: str, new: str, words: str) -> None:
    """GR-2: unknown names and wrong types are load errors with file and line."""
    with pytest.raises(Exception, match=words) as caught:
        changed_policy(old, new)
    assert "grading.yaml:" in str(caught.value)


COUNTS = ("deaths", "serious", "critical", "casualties", "missing", "loss_yuan", "provinces", "prefectures")


def test_a_stated_total_never_hides_the_parts_that_were_stated() -> None:
    """B3: one casualty beside ten dead is a slip of the total, not a reason to grade lower (domain.md 2.3)."""
    facts = WORDINGS["numeric"].facts
    assert facts.complete({"deaths": 10, "casualties": 1})["casualties"] == 10
    assert facts.complete({"deaths": 10, "casualties": 12})["casualties"] == 12


@pytest.mark.parametrize("variant", ["national", "numeric"])
@given(st.dictionaries(st.sampled_from(COUNTS), st.integers(0, 120)), st.sampled_from(COUNTS), st.integers(1, 10**9))
@settings(max_examples=200, deadline=None)
def test_more_of_anything_never_lowers_a_grade(variant: str, facts: dict[str, int], name: str, more: int) -> None:
    """B3: grading is monotone in every count for WSA and MRE, in both wordings."""
    policy = WORDINGS[variant]
    day = datetime(2026, 3, 10, tzinfo=UTC).date()
    program = policy.grading.program(("work_safety_accident", "mass_casualty"), day, ("CN",))
    assert {rule.id[:4] for part in program for rule in part.rules} >= {"MREn" if variant == "numeric" else "MRE-"}
    stated = {**facts, "many_critical": True, "severe_casualties": True, "very_severe_casualties": True}
    one, two = policy.facts.complete(stated), policy.facts.complete({**stated, name: facts.get(name, 0) + more})
    for part in program:
        assert (part.grade(two)[0] or 5) <= (part.grade(one)[0] or 5)


WORDINGS = {
    "national": bundled(),
    "numeric": changed_policy("family: MRE, variant: national", "family: MRE, variant: numeric"),
}


def test_every_families_grade_is_kept_on_the_incident() -> None:
    world = World()
    play(
        world,
        (START, {"cases": 10, "serious": 10}),
        kinds=["occupational_poisoning", "work_safety_accident"],
        district=A,
    )
    grades = {grade.family: grade.severity for grade in world.incident.families}
    assert grades == {"WSA": 3, "PHE": 3}
    assert list(world.state.of(Incident)) == [world.incident.id]

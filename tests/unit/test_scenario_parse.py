"""Reading scenario files: what is resolved, and what is told with file, line and column."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.scenario.late import Late
from streams.scenario.model import EventExpected, Scenario, StateExpected
from streams.scenario.parse import load
from streams.scenario.tree import ScenarioError

WORLD = """
date: "2026-03-10"
fixture:
  area: {code: "990100", name: J}
  partners: {K: "990200"}
  districts:
    A: {code: "990101", urban: true}
    B: {code: "990102", neighbours: [A]}
  travel_minutes: {within: 10, A: {B: 25}}
  units:
    B-EM: {kind: emergency_management, tier: district, district: B}
    J-GOV: {kind: government, tier: city}
    J-120: {kind: ems_centre, tier: city}
    PLANT: {kind: enterprise, tier: unit, district: B, superior: B-EM}
  people:
    mayor: {unit: J-GOV, offices: [city_government]}
    both: {unit: B-EM, offices: [hq_office, em_department]}
  floors: {ambulance: 2, EMR: {A: 1}}
  resources:
    AMB: {kind: ambulance, owner: J-120, count: {A: 2, B: 1}}
    DP: {kind: ppe, category: protective_equipment, form: stock, quantity: 500, floor: 200, district: B, owner: B-EM}
"""
REPORT = "{incident: X, by: PLANT, to: B-EM, kinds: [work_safety_accident], district: B, figures: {deaths: 3}}"
STEP = f"""
steps:
  - at: "09:20"
    report: {REPORT}
"""


def runs(tmp_path: Path, text: str) -> list[Scenario]:
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    path = tmp_path / "case.yaml"
    path.write_text("title: t\ninclude: world.yaml\n" + text, encoding="utf-8")
    return load(path)


def told(tmp_path: Path, text: str) -> list[str]:
    """What is wrong, as `line:column: message`."""
    with pytest.raises(ScenarioError) as caught:
        runs(tmp_path, text)
    return [f"{one.place.line}:{one.place.column}: {one.message}" for one in caught.value.problems]


def data_of(scenario: Scenario, number: int = -1) -> dict[str, Any]:
    send = scenario.steps[number].send
    assert send is not None
    return send.data


def test_a_report_in_short_form_is_the_whole_event(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP)
    assert data_of(scenario) == {
        "area": "990100",
        "external_id": "X",
        "source": "cad",
        "channel": "phone",
        "series": "initial",
        "reporter_unit": "PLANT",
        "reporter_kind": "enterprise",
        "received_by": "B-EM",
        "hazard_kinds": ["work_safety_accident"],
        "place": {"district": "990102"},
        "occurred_at": "2026-03-10T01:20:00.000000Z",
        "received_at": "2026-03-10T01:20:00.000000Z",
        "figures": {"deaths": 3},
    }


def test_a_later_report_takes_over_what_the_first_one_said(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP + '  - {at: "09:50", report: {incident: X, by: B-EM, figures: {deaths: 8}}}\n')
    data = data_of(scenario)
    assert (data["series"], data["hazard_kinds"], data["place"]) == (
        "follow_up",
        ["work_safety_accident"],
        {"district": "990102"},
    )
    assert data["occurred_at"] == "2026-03-10T01:20:00.000000Z"
    assert "received_at" not in data


def test_the_fixture_expands_counts_and_mirrors_travel_times(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP)
    resources = [send.data["resource"] for send in scenario.fixture if send.type == "resource.registered.v1"]
    assert resources == ["AMB-A-01", "AMB-A-02", "AMB-B-01", "DP"]
    minutes = {
        send.data["district"]: send.data["travel_minutes"]
        for send in scenario.fixture
        if send.type == "register.district.v1"
    }
    assert minutes == {"990101": {"990101": 10, "990102": 25}, "990102": {"990102": 10, "990101": 25}}
    floors = [send.data for send in scenario.fixture if send.type == "register.floor.v1"]
    assert [(one["kind"], one["floor"], one.get("district")) for one in floors] == [
        ("ambulance", 2, None),
        ("EMR", 1, "990101"),
    ]
    ambulance = next(send.data for send in scenario.fixture if send.data.get("resource") == "AMB-A-01")
    assert (ambulance["owner_department"], ambulance["district"]) == ("health", "990101")


def test_a_directive_names_issuer_office_and_incident(tmp_path: Path) -> None:
    text = STEP + (
        '  - at: "09:38"\n'
        "    directive: {by: mayor, action: start_response, incident: X, zone: city, level: 3, notice: n}\n"
    )
    (scenario,) = runs(tmp_path, text)
    data = data_of(scenario)
    assert data["issuer"] == "mayor"
    assert data["office"] == "city_government"
    assert data["expires_at"] == "2026-03-10T02:38:00.000000Z"
    assert data["command"] == {
        "action": "start_response",
        "incident": "cad|X",
        "zone": "990100",
        "level": 3,
        "notice": {"matter": "n", "measures": ["n"], "expected_until": "2026-03-11T01:38:00.000000Z"},
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("W2 of X", "W2@cad|X"),
        ("W2", "W2@cad|X"),
        ("raise_response:2 of X", "raise_response:2@cad|X"),
        ("W2@I-1", "W2@I-1"),
    ],
)
def test_a_proposal_is_named_by_its_rule_and_incident(tmp_path: Path, written: str, meant: str) -> None:
    text = STEP + f'  - {{at: "09:40", directive: {{by: mayor, action: confirm, proposal: "{written}"}}}}\n'
    assert data_of(runs(tmp_path, text)[0])["command"]["proposal"] == meant


def test_a_request_numbers_its_lines_and_finds_its_place(tmp_path: Path) -> None:
    text = STEP + (
        '  - {at: "09:27", request: {id: R, incident: X, by: J-120,'
        " lines: {ambulance: 2, icu_bed: {quantity: 1, prefers: [trauma]}}}}\n"
    )
    data = data_of(runs(tmp_path, text)[0])
    assert data["lines"] == [
        {"line": 1, "kind": "ambulance", "quantity": 2},
        {"line": 2, "kind": "icu_bed", "quantity": 1, "prefers": ["trauma"]},
    ]
    assert (data["source"], data["external_id"], data["department"]) == ("cad", "X", "health")
    assert data["place"] == {"district": "990102"}


def test_a_value_that_only_the_system_knows_is_looked_up_later(tmp_path: Path) -> None:
    text = STEP + (
        '  - {at: "09:27", ack: {notice: {seen: notice.queued.v1, data: {to_unit: B-EM}, field: notice}, by: me}}\n'
    )
    notice = data_of(runs(tmp_path, text)[0])["notice"]
    assert isinstance(notice, Late)
    assert (notice.ref, notice.field, dict(notice.data)) == ("notice.queued.v1", "notice", {"to_unit": "B-EM"})


def test_an_expectation_of_a_step_is_about_its_instant_and_one_of_the_run_about_all_of_it(tmp_path: Path) -> None:
    text = (
        STEP
        + """    expect:
      - {event: incident.opened.v1, within: 5m}
      - {state: incident, incident: X, fields: {composite: 3}}
expect: [{event: incident.opened.v1, count: 1}]
"""
    )
    first, second, third = runs(tmp_path, text)[0].expectations
    at = datetime(2026, 3, 10, 1, 20, tzinfo=UTC)
    assert isinstance(first, EventExpected)
    assert (first.window.start, (first.window.end or at) - at) == (at, at.replace(minute=25) - at)
    assert isinstance(second, StateExpected)
    assert (second.at, second.match) == (at, {"id": "X"})
    assert isinstance(third, EventExpected)
    assert (third.window.start, third.window.end, third.count) == (None, None, 1)


def test_the_clock_runs_past_the_last_instant_that_the_file_mentions(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP + 'expect: [{event: deadline.fell.v1, by: "12:00", count: 0}]\n')
    assert scenario.end == datetime(2026, 3, 10, 4, 0, 1, tzinfo=UTC)


VARIANTS = (
    STEP.replace("  - at", "  - id: first\n    at")
    + """    expect: [{event: incident.opened.v1}]
  - {id: second, at: "09:50", report: {incident: X, by: PLANT, figures: {deaths: 9}}}
variants:
  - name: fewer
    until: first
    change: {first: {report: {figures: {deaths: 1}}}}
    add: [{at: "10:00", expect: [{event: incident.graded.v1, anytime: true}]}]
  - {name: without, without: [first], add: [{at: "10:00"}]}
  - {name: own, fixture: {districts: {A: {urban: false}}}, steps: [{at: "10:00"}]}
"""
)


def test_a_variant_starts_afresh_and_judges_only_its_own_expectations(tmp_path: Path) -> None:
    base, fewer, without, own = runs(
        tmp_path, VARIANTS.replace("incident: X, by: PLANT, figures: {deaths: 9}", REPORT[1:-1])
    )
    assert [len(run.steps) for run in (base, fewer, without, own)] == [2, 2, 2, 1]
    assert data_of(fewer, 0)["figures"] == {"deaths": 1}
    assert [len(run.expectations) for run in (base, fewer, without, own)] == [1, 1, 0, 0]
    urban = [s.data["urban"] for s in own.fixture if s.type == "register.district.v1" and "urban" in s.data]
    assert urban == [False]
    assert fewer.label == "case [fewer]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stepz: []" + STEP, "3:1: a scenario has no key 'stepz' (did you mean steps?)"),
        (STEP.replace("by: PLANT", "by: PLENT"), "6:31: unknown unit 'PLENT' (did you mean PLANT?)"),
        (STEP.replace("district: B", "district: Q"), "6:89: unknown district 'Q'"),
        (STEP.replace("{deaths: 3}", "[3]"), "figures"),
        (STEP.replace("figures:", "figurs:"), "6:92: IncidentReported has no field 'figurs' (did you mean figures?)"),
        (STEP.replace("deaths", "deahts"), "6:102: 'deahts' is not known to the policy: did you mean deaths?"),
        (STEP.replace("work_safety_accident", "work_safety_acident"), "did you mean work_safety_accident?"),
        (STEP.replace("09:20", "25:20"), "5:9: '25:20' is no possible time"),
        (STEP.replace('"09:20"', "920"), "5:9: a time is a text in quotes"),
        (STEP + '  - {at: "09:10"}\n', "7:10: impossible time: earlier than the step above it (09:20)"),
        (STEP.replace("09:20", "2026-03-09 09:20"), "5:9: impossible time: before the scenario starts"),
        (
            STEP.replace("report:", "event: incident.reportet.v1\n    data:"),
            "unknown event type 'incident.reportet.v1'",
        ),
        (STEP.replace("report:", "event: incident.reported.v1\n    data:"), "IncidentReported has no field 'incident'"),
        (STEP + "    data: {}\n", "7:5: `data` goes with `event:`"),
        (STEP + "    alert: {}\n", "7:5: a step sends one thing: report and alert are two"),
        (STEP + "    expect: [{event: incident.opend.v1}]\n", "unknown output event type 'incident.opend.v1'"),
        (STEP + "    expect: [{event: incident.opened.v1, dat: {}}]\n", "the form `event` has no key 'dat'"),
        (
            STEP + "    expect: [{event: incident.opened.v1, data: {sourc: x}}]\n",
            "incident.opened.v1 has no field 'sourc'",
        ),
        (STEP + "    expect: [{event: incident.opened.v1, incident: Y}]\n", "unknown incident 'Y'"),
        (STEP + "    expect: [{state: incidents}]\n", "unknown entity kind 'incidents' (did you mean incident?)"),
        (STEP + "    expect: [{grade: {incident: X, WSAA: 3}}]\n", "`grade` has no key 'WSAA'"),
        (STEP + "    expect: [{count: 1}]\n", "an expectation has one form"),
        (STEP + "expect: [{event: incident.opened.v1, within: 5m}]\n", "`within` counts from a step"),
        (STEP + "expect: [{refused: EXPIRED}]\n", "`refused` belongs to the step"),
        (STEP + '  - {at: "10:00", again: nothing}\n', "no earlier step has the id 'nothing'"),
        (STEP + '  - {at: "10:00", directive: {by: nobody, action: stand_down}}\n', "unknown person 'nobody'"),
        (STEP + '  - {at: "10:00", directive: {by: both, action: activate_joint}}\n', "say `as: <office>`"),
        (STEP + '  - {at: "10:00", directive: {by: mayor, action: dance}}\n', "unknown action 'dance'"),
        (STEP + '  - {at: "10:00", directive: {by: mayor, action: name_lead, incident: Y}}\n', "unknown incident 'Y'"),
        (STEP + 'end: "09:00"\n', "impossible time: the scenario ends before its last instant"),
        (STEP + "timezone: Moon/Sea\n", "unknown time zone 'Moon/Sea'"),
        (STEP + "realm: actual\n", "a realm is `exercise."),
        (STEP + "variants: [{name: a, until: z}]\n", "no step has the id 'z'"),
        (STEP.replace("steps:", "steps: ["), "not YAML"),
        (STEP.replace("at:", "at: '09:20'\n    at:"), "key 'at' is there twice"),
        ("title: again" + STEP, "key 'title' is there twice"),
        ("fixture: {unitz: {}}" + STEP, "fixture has no key 'unitz' (did you mean units?)"),
        ("fixture: {travel_minutes: {A: {Z: 5}}}" + STEP, "unknown district 'Z'"),
        (
            "fixture: {resources: {N: {kind: x, owner: B-EM, district: A, count: some}}}" + STEP,
            "count must be a whole number",
        ),
        (
            "fixture: {resources: {N: {kind: x, owner: B-EM, district: A, form: bag}}}" + STEP,
            "resource.registered.v1: form",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    problems = told(tmp_path, text)
    assert any(expected in problem for problem in problems), problems


def test_one_alone_is_a_list_of_one(tmp_path: Path) -> None:
    """B6: `kinds: x` and `never: y` mean what they look like."""
    text = STEP.replace("[work_safety_accident]", "work_safety_accident") + "    never: joint.activated.v1\n"
    (scenario,) = runs(tmp_path, text)
    assert data_of(scenario)["hazard_kinds"] == ["work_safety_accident"]
    (never,) = scenario.expectations
    assert isinstance(never, EventExpected)
    assert (never.type, never.count) == ("joint.activated.v1", 0)


def test_a_reporter_who_is_no_unit_says_what_it_is(tmp_path: Path) -> None:
    """IN-2, B6: a citizen is in no register; a misspelt unit is still an error."""
    stranger = STEP.replace("by: PLANT", "by: caller-7, reporter_kind: citizen")
    assert data_of(runs(tmp_path, stranger)[0])["reporter_unit"] == "caller-7"
    assert told(tmp_path, STEP.replace("by: PLANT", "by: PLNAT")) == [
        "6:31: unknown unit 'PLNAT' (did you mean PLANT?)"
    ]


def test_an_unknown_refusal_code_is_told(tmp_path: Path) -> None:
    """B6: a code that nothing gives would never be met."""
    text = STEP + "    expect: [{refused: NOT_AUTHORIZED}]\n"
    assert told(tmp_path, text) == ["7:15: unknown refusal code 'NOT_AUTHORIZED' (did you mean NOT_AUTHORISED?)"]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = STEP.replace("by: PLANT", "by: PLENT").replace("district: B", "district: Q") + "nonsense: 1\n"
    assert len(told(tmp_path, text)) == 3


def test_a_word_that_the_policy_does_not_know_may_be_meant(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP.replace("work_safety_accident", "12D01").replace("deaths", "balloons"))
    assert data_of(scenario)["figures"] == {"balloons": 3}


def test_a_missing_file_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot read the file"):
        load(tmp_path / "none.yaml")

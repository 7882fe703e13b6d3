"""Scenarios played through the core, and judged: what is met, what is not, and what was there instead."""

import json
from pathlib import Path

import pytest

from streams.scenario.check import as_json, as_text, check
from streams.scenario.core_play import CorePlayer, Played, play
from streams.scenario.fold import Fold
from streams.scenario.judge import Verdict, judge
from streams.scenario.timeline import Teller
from tests.unit.test_scenario_parse import STEP, runs

DIRECTIVE = (
    '  - {at: "09:38", id: start, directive: {by: mayor, action: start_response, incident: X, level: 3, notice: n}}\n'
)


def verdict(tmp_path: Path, text: str) -> Verdict:
    (scenario,) = runs(tmp_path, text)
    played = play(scenario)
    return judge(scenario, played.observed, played.errors)


def expecting(expectation: str) -> str:
    return f"{STEP}    expect:\n      - {expectation}\n"


@pytest.mark.parametrize(
    "expectation",
    [
        "{event: incident.opened.v1, incident: X, data: {external_id: X, place: {district: B}}, count: 1}",
        "{grade: {incident: X, WSA: 3, MRE: null, composite: 3, rules: {WSA: WSA-3}}}",
        "{state: incident, incident: X, fields: {figures: {deaths: 3}, verification: {deaths: unverified}}}",
        "{absent: response}",
        "{response: {incident: X, level: none}}",
        "{event: response.started.v1, count: 0, anytime: true}",
        "{obligation: {rule: OB-02, incident: X, debtor: PLANT, status: met}}",
        "{proposal: {kind: start_response, incident: X, level: 3, status: open, offices: [city_government]}}",
        "{sum: resource, of: quantity, match: {entry: {kind: ppe}}, equals: 500}",
        "{sum: resource, of: quantity, match: {entry: {kind: ambulance}}, by_field: district, equals: {A: 2, B: 1}}",
        "{joint: {incident: X, none: true}}",
        "{line: {request: R, none: true}}",
        "{grade: {incident: X, composite: {lte: 3}, rules: {WSA: {contains: WSA-3}}}}",
        "{grade: {incident: X, rules: {WSA: {in: [WSA-2, WSA-3]}}}}",
        "{proposal: {incident: X, level: 3, offices: {same_items: [city_government]}}}",
        "{obligation: {incident: X, rule: {matches: '^OB-0'}, status: met}}",
    ],
)
def test_an_expectation_that_holds_is_met(tmp_path: Path, expectation: str) -> None:
    found = verdict(tmp_path, expecting(expectation))
    assert (found.met, found.unmet, found.errors) == (1, [], [])
    assert found.passed


@pytest.mark.parametrize(
    ("expectation", "reason", "instead"),
    [
        (
            "{event: incident.opened.v1, data: {place: {district: A}}}",
            "incident.opened.v1 at 09:20: none matches",
            "place.district should be A, was 990102",
        ),
        ("{event: incident.opened.v1, at: '09:30'}", "incident.opened.v1 at 09:30: none matches", "outside the window"),
        ("{event: incident.opened.v1, count: 2}", "should be there 2 times, was there 1 times", "incident.opened.v1"),
        ("{never: incident.opened.v1}", "should be there never, was there 1 times", "09:20 incident.opened.v1"),
        ("{event: joint.activated.v1}", "none matches", "no joint.activated.v1 was seen at all"),
        ("{grade: {incident: X, WSA: 2}}", "incident at 09:20: stands differently", "families should be contains_all"),
        ("{grade: {incident: X, rules: {WSA: {contains: WSA-2}}}}", "stands differently", "WSA-2"),
        ("{proposal: {incident: X, level: 3, offices: {size: 2}}}", "stands differently", "offices should be size 2"),
        ("{proposal: {rule: E10}}", "proposal at 09:20: none matches", "rule should be E10"),
        ("{state: response}", "response at 09:20: none matches", "no response was there"),
        ("{absent: incident}", "incident at 09:20: should be there never, was there 1 times", "hazard_kinds"),
        (
            "{sum: resource, of: quantity, match: {entry: {kind: ambulance}}, by_field: district, equals: {A: 3}}",
            "A should be 3, was 2; B should be 0, was 1",
            "sums were {'A': 2, 'B': 1}",
        ),
        (
            "{obligation: {rule: OB-02, debtor: PLANT, status: open}}",
            "stands differently",
            "status should be open, was met",
        ),
    ],
)
def test_an_unmet_expectation_tells_what_was_there_instead(
    tmp_path: Path, expectation: str, reason: str, instead: str
) -> None:
    found = verdict(tmp_path, expecting(expectation))
    (unmet,) = found.unmet
    assert not found.passed
    assert reason in unmet.reason
    assert instead in "\n".join(unmet.instead)
    assert unmet.expectation.place.line == 8


def test_a_refusal_belongs_to_the_step_whose_command_is_refused(tmp_path: Path) -> None:
    refused = STEP + DIRECTIVE.replace("level: 3", "level: 2").replace(
        "}}\n", "}, expect: [{refused: NOT_AUTHORISED}]}\n"
    )
    assert verdict(tmp_path, refused).passed
    elsewhere = refused + '  - {at: "09:38", expect: [{refused: NOT_AUTHORISED}]}\n'
    (unmet,) = verdict(tmp_path, elsewhere).unmet
    assert "caused by another step" in unmet.instead[0]


def test_a_refusal_code_may_be_one_of_several(tmp_path: Path) -> None:
    refused = STEP + DIRECTIVE.replace("level: 3", "level: 2").replace(
        "}}\n", "}, expect: [{refused: {in: [EXPIRED, NOT_AUTHORISED]}}]}\n"
    )
    assert verdict(tmp_path, refused).passed
    assert not verdict(tmp_path, refused.replace("NOT_AUTHORISED]", "REPLAYED]")).passed


def test_signatures_are_made_left_out_or_forged(tmp_path: Path) -> None:
    text = STEP
    for number, (sign, code) in enumerate((("none", "UNSIGNED"), ("wrong", "BAD_SIGNATURE"))):
        step = DIRECTIVE.replace("id: start", f"id: s{number}").replace("notice: n", f"notice: n, sign: {sign}")
        text += step.replace("}}\n", f"}}, expect: [{{refused: {code}}}]}}\n")
    text += DIRECTIVE.replace("}}\n", "}, expect: [{response: {incident: X, level: 3}}]}\n")
    found = verdict(tmp_path, text)
    assert (found.met, found.unmet) == (3, [])


def test_what_is_pending_is_counted_and_not_judged(tmp_path: Path) -> None:
    text = (
        STEP
        + """    expect:
      - {event: joint.activated.v1, pending: later}
      - {event: incident.opened.v1, pending: later}
  - {at: "09:30", id: odd, pending: later, event: signal.raised.v1, data: {signal: S, channel: case, district: A},
     expect: [{event: joint.activated.v1}]}
pending:
  - {what: in words, reason: later}
"""
    )
    found = verdict(tmp_path, text)
    assert (found.met, found.unmet, len(found.pending), len(found.pending_met)) == (0, [], 5, 1)
    assert found.passed
    assert "odd" not in {one.cause for one in play(runs(tmp_path, text)[0]).observed}


def test_a_repeated_record_has_no_effect(tmp_path: Path) -> None:
    text = STEP.replace("  - at", "  - id: first\n    at") + '  - {at: "09:30", again: first}\n'
    once, twice = (
        play(runs(tmp_path, one)[0]).observed for one in (STEP.replace("  - at", "  - id: first\n    at"), text)
    )
    assert [one.type for one in once] == [one.type for one in twice]


def test_a_state_is_that_of_its_instant_before_what_falls_due_then(tmp_path: Path) -> None:
    """OB-03 is due at 11:20: until the end of that instant it is open, and breached after it."""
    text = STEP + '  - {at: "12:00"}\nexpect:\n'
    for at, status in (("09:20", "open"), ("11:20", "open"), ("11:21", "breached")):
        text += f'  - {{obligation: {{rule: OB-03, debtor: B-EM, status: {status}}}, at: "{at}"}}\n'
    text += '  - {event: obligation.breached.v1, data: {rule: OB-03}, at: "11:20", count: 1}\n'
    found = verdict(tmp_path, text)
    assert (found.met, found.unmet) == (4, [])


LOOKED_UP = '  - {at: "09:40", cancel: {id: {seen: request.admitted.v1, field: request}, by: J-120}}\n'


def test_a_value_is_looked_up_in_what_was_emitted_and_its_absence_is_a_fault(tmp_path: Path) -> None:
    asked = '  - {at: "09:27", request: {id: R, incident: X, by: J-120, lines: {ambulance: 1}}}\n'
    found = verdict(tmp_path, STEP + asked + LOOKED_UP + "expect: [{event: request.cancelled.v1}]\n")
    assert found.passed
    found = verdict(tmp_path, STEP + LOOKED_UP)
    assert "no field request.admitted.v1 was seen until this step" in found.errors[0]


def test_a_decision_that_fails_is_a_fault_and_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (scenario,) = runs(tmp_path, STEP)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("half a decision")

    player = CorePlayer(scenario)
    monkeypatch.setattr("streams.scenario.core_play.unknown_division", broken)
    with pytest.raises(ZeroDivisionError):
        player.play()
    monkeypatch.undo()
    monkeypatch.setattr("streams.scenario.core_play.cascade", broken)
    played = CorePlayer(scenario).play()
    assert len(played.errors) == len(scenario.fixture) + 1
    assert "ZeroDivisionError: half a decision" in played.errors[0]
    assert played.observed == []


def test_folding_what_was_observed_gives_the_state_that_was_played(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP + DIRECTIVE)
    player = CorePlayer(scenario)
    played: Played = player.play()
    folded = Fold(played.observed).at(scenario.end)["990100"]
    for (kind, id_), entity in player.areas["990100"].store.items():
        assert folded.tables(kind)[id_] == entity


def test_playing_twice_gives_the_same(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP + DIRECTIVE)
    assert play(scenario).observed == play(scenario).observed


def file(tmp_path: Path, text: str) -> Path:
    return Path(runs(tmp_path, text)[0].file)


def test_check_ends_with_0_when_everything_holds_and_1_when_something_is_unmet(tmp_path: Path) -> None:
    lines: list[str] = []
    assert check([file(tmp_path, expecting("{event: incident.opened.v1}"))], tell=lines.append) == 0
    assert lines == ["ok   case: 1 met, 0 unmet, 0 pending - t"]
    lines.clear()
    assert check([file(tmp_path, expecting("{event: joint.activated.v1}"))], as_text, tell=lines.append) == 1
    assert lines[0] == "FAIL case: 0 met, 1 unmet, 0 pending - t"
    assert "case.yaml:8: joint.activated.v1 at 09:20: none matches" in lines[1]


def test_check_ends_with_2_and_tells_the_lines_when_a_file_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("titel: t\nsteps: []\n", encoding="utf-8")
    lines: list[str] = []
    assert check([path], tell=lines.append) == 2
    assert any(line.startswith(f"{path}:1:1: a scenario has no key 'titel'") for line in lines)


def test_check_speaks_json_for_programs(tmp_path: Path) -> None:
    lines: list[str] = []
    check([file(tmp_path, expecting("{event: joint.activated.v1, note: why}"))], as_json, tell=lines.append)
    ((told,),) = ([entry["runs"][0] for entry in json.loads(lines[0])],)
    assert (told["scenario"], told["passed"], told["met"]) == ("case", False, 0)
    assert told["unmet"][0]["note"] == "why"
    assert told["unmet"][0]["line"] == 8


def test_the_timeline_tells_the_story_in_chinese_with_english_terms(tmp_path: Path) -> None:
    (scenario,) = runs(tmp_path, STEP + DIRECTIVE)
    teller = Teller(scenario.calendar)
    lines = [line for one in play(scenario).observed for line in teller.tell(one)]
    story = "\n".join(lines)
    for words in ("较大 serious (III)", "‹WSA-3›", "启动 started [bold]三级 level III", "市人民政府 city government"):
        assert words in story

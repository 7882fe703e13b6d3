"""Acts of government: complete notices, expert opinions, incubation periods, zones (RL-9, RL-10, GR-3, GR-5)."""

from typing import Any

import pytest

from schemas.inputs.reports import CaseOnset
from schemas.outputs.proposal_events import ProposalDecided
from schemas.outputs.refusals import CommandRefused
from schemas.outputs.response_events import (
    ResponseChanged,
    ResponseEnded,
    ResponseMismatched,
    ResponseStarted,
    ReviewOpened,
    TerminationClockSet,
)
from tests.unit.command_city import AREA, NOTICE, B, C, City, at, of


def accident(deaths: int = 3) -> City:
    city = City()
    city.report(kinds=("work_safety_accident",), deaths=deaths)
    return city


def running(level: int = 3, deaths: int = 3) -> City:
    """An accident under a response of this level."""
    city = accident(deaths)
    person = {4: "head-2", 3: "mayor", 2: "governor", 1: "premier"}[level]
    city.order(person, "start_response", incident="cad|X1", level=level, notice=NOTICE)
    return city


def opine(city: City, opinion: str = "op") -> str:
    city.order("expert", "expert_opinion", incident="cad|X1", opinion=opinion, text="可控")
    return opinion


@pytest.mark.parametrize("missing", ["matter", "expected_until", "measures"])
def test_a_start_that_does_not_state_everything_is_refused_by_name(missing: str) -> None:
    """RL-9; 应对法 Art. 72: matter, level, expected term, measures."""
    city = accident()
    notice = {name: value for name, value in NOTICE.items() if name != missing}
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=notice)
    (refused,) = of(CommandRefused, city.last)
    assert (refused.code, refused.details["missing"]) == ("NOTICE_INCOMPLETE", [missing])
    assert not city.responses()


@pytest.mark.parametrize(
    ("notice", "missing"),
    [
        (None, ["matter", "expected_until", "measures"]),
        ({**NOTICE, "measures": ["  "]}, ["measures"]),
        ({**NOTICE, "matter": " "}, ["matter"]),
        ({**NOTICE, "expected_until": "2026-03-10T09:00:00+08:00"}, ["expected_until"]),
    ],
)
def test_empty_words_and_a_term_that_is_over_state_nothing(notice: dict[str, Any] | None, missing: list[str]) -> None:
    """RL-9."""
    city = accident()
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=notice)
    (refused,) = of(CommandRefused, city.last)
    assert refused.details["missing"] == missing


def test_a_start_states_subject_level_basis_and_assessment() -> None:
    """GR-5, VE-3, RL-9."""
    city = accident()
    city.order(
        "mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE, claims={"legal_basis": "应对法 Art. 72"}
    )
    (started,) = of(ResponseStarted, city.last)
    assert (started.issuer, started.office, started.authority_rule) == ("mayor", "city_government", "AM-III")
    assert (started.legal_basis, started.at, started.zone) == ("应对法 Art. 72", city.now, AREA)
    assert started.notice.measures == ("救治",)
    assert started.assessment is not None
    assert started.assessment.composite == 3


def test_the_act_confirms_the_proposal_it_answers_and_closes_lesser_ones() -> None:
    city = accident(deaths=12)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert [(event.status, event.decided_by) for event in of(ProposalDecided, city.last)] == [("confirmed", ("mayor",))]
    city.order("governor", "raise_response", incident="cad|X1", level=2)
    assert [event.status for event in of(ProposalDecided, city.last)] == ["confirmed"]
    assert not [item for item in city.waiting() if item[0] != "joint"]


def test_confirming_a_proposal_is_the_act_itself_with_the_acts_guards() -> None:
    """RL-9 holds for a confirmation, too."""
    city = accident()
    city.order("mayor", "confirm", proposal="start_response:3@cad|X1")
    assert city.refusal() == "NOTICE_INCOMPLETE"
    assert ("start_response", "RL-10", 3) in city.waiting()
    city.order("mayor", "confirm", proposal="start_response:3@cad|X1", notice=NOTICE)
    assert city.responses() == {AREA: 3}
    assert city.proposal("RL-10").status == "confirmed"


def test_what_runs_is_not_started_again() -> None:
    city = running()
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert city.refusal() == "ALREADY_RUNNING"
    city.order("mayor", "start_response", incident="cad|X1", zone=AREA, level=4, notice=NOTICE)
    assert city.refusal() == "ALREADY_RUNNING"


def test_a_start_over_a_lesser_response_in_the_same_zone_is_a_raise() -> None:
    city = running(level=3, deaths=12)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    (changed,) = of(ResponseChanged, city.last)
    assert (changed.previous, changed.level, changed.notice is not None) == (3, 2, True)


def test_raising_widens_a_districts_response_to_the_city() -> None:
    """SC-6: the district's IV becomes the city's III; GR-3."""
    city = running(level=4, deaths=1)
    assert city.responses() == {B: 4}
    city.order("mayor", "raise_response", incident="cad|X1", level=3)
    (changed,) = of(ResponseChanged, city.last)
    assert (changed.zone, changed.previous_zone) == (AREA, B)
    assert city.responses() == {AREA: 3}
    assert changed.notice is None, "the notice that runs stays"


def test_a_district_may_be_raised_by_itself() -> None:
    """GR-3: zoned response 分区响应."""
    city = running(level=4, deaths=1)
    city.order("mayor", "raise_response", incident="cad|X1", zone=B, level=3)
    assert city.responses() == {B: 3}


def test_city_and_district_levels_stand_side_by_side() -> None:
    """GR-3, SC-2: the county's IV goes on under the city's III."""
    city = running(level=4, deaths=1)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert city.responses() == {B: 4, AREA: 3}


@pytest.mark.parametrize("level", [3, 4])
def test_a_raise_must_raise(level: int) -> None:
    city = running()
    city.order("mayor", "raise_response", incident="cad|X1", zone=AREA, level=level)
    assert city.refusal() == "NOT_MORE_SEVERE"


def test_a_lowering_must_lower() -> None:
    city = running()
    city.order("mayor", "lower_response", incident="cad|X1", level=3, expert_opinion=opine(city))
    assert city.refusal() == "NOT_LESS_SEVERE"


@pytest.mark.parametrize("action", ["raise_response", "lower_response", "end_response"])
def test_without_a_response_there_is_nothing_to_change(action: str) -> None:
    city = accident()
    fields = {} if action == "end_response" else {"level": 2}
    city.order("mayor", action, incident="cad|X1", **fields)
    assert city.refusal() == "NO_RESPONSE"
    city.order("mayor", action, incident="cad|X1", zone=C, **fields)
    assert city.refusal() == "NO_RESPONSE"


def test_lowering_is_decided_by_the_government_of_the_level_that_runs() -> None:
    """RL-10, SC-8: II is lowered by the province, not by the city that would then lead."""
    city = running(level=2, deaths=12)
    opinion = opine(city)
    city.order("mayor", "lower_response", incident="cad|X1", level=3, expert_opinion=opinion)
    assert city.refusal() == "NOT_AUTHORISED"
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion=opinion)
    assert city.responses() == {AREA: 3}
    city.order("governor", "end_response", incident="cad|X1", expert_opinion=opine(city, "op-2"))
    assert city.refusal() == "NOT_AUTHORISED", "now level III runs, which the city ends"
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion="op-2")
    assert not city.responses()


@pytest.mark.parametrize(("action", "fields"), [("lower_response", {"level": 4}), ("end_response", {})])
def test_lowering_and_ending_need_an_opinion_about_this_incident(action: str, fields: dict[str, Any]) -> None:
    """EX-5; 376 Art. 26."""
    city = running()
    city.report(kinds=("work_safety_accident",), deaths=1, id="X2", district=C)
    city.order("mayor", action, incident="cad|X1", **fields)
    assert city.refusal() == "OPINION_REQUIRED"
    city.order("mayor", action, incident="cad|X1", expert_opinion="unknown", **fields)
    assert city.refusal() == "OPINION_UNKNOWN"
    city.order("expert", "expert_opinion", incident="cad|X2", opinion="other", text="可控")
    city.order("mayor", action, incident="cad|X1", expert_opinion="other", **fields)
    assert city.refusal() == "OPINION_UNKNOWN"
    city.order("mayor", action, incident="cad|X1", expert_opinion=opine(city), **fields)
    assert city.refusal() is None


def test_an_opinion_older_than_the_last_raise_argues_for_nothing() -> None:
    """EX-5."""
    city = running()
    opinion = opine(city)
    city.until("2026-03-10 10:00")
    city.order("governor", "raise_response", incident="cad|X1", level=2)
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion=opinion)
    assert city.refusal() == "OPINION_OLD"


def test_an_opinion_holds_for_the_policys_hours_and_supports_one_act() -> None:
    """EX-5: valid_hours 168."""
    city = running(level=2, deaths=12)
    opinion = opine(city)
    city.until("2026-03-17 09:00")
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion=opinion)
    assert city.refusal() is None
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opinion)
    assert city.refusal() == "OPINION_USED"
    late = opine(city, "late")
    city.until("2026-03-24 09:01")
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=late)
    assert city.refusal() == "OPINION_OLD"


def test_an_opinion_id_is_used_once() -> None:
    city = running()
    opine(city)
    opine(city)
    assert city.refusal() == "OPINION_EXISTS"


def onset(case: str, when: str, **fields: Any) -> CaseOnset:
    return CaseOnset(case=case, district=B, onset=at(when), **fields)


def outbreak(*cases: CaseOnset) -> City:
    """Cholera, level III running."""
    city = City(start="2026-08-20 20:00")
    city.report(kinds=("cholera",), onsets=cases or (onset("1", "2026-08-20 18:00"),))
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    return city


def test_a_termination_waits_for_the_longest_incubation_period() -> None:
    """SC-8: last onset 08-20 18:00, five days; to the minute."""
    city = outbreak()
    (clock,) = of(TerminationClockSet, city.events)
    assert (clock.hazard_kind, clock.incubation_days, clock.earliest) == ("cholera", 5, at("2026-08-25 18:00"))
    city.until("2026-08-25 17:59")
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city))
    (refused,) = of(CommandRefused, city.last)
    assert refused.code == "INCUBATION_NOT_PASSED"
    assert refused.details["earliest"] == "2026-08-25T10:00:00+00:00"
    city.until("2026-08-25 18:00")
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion="op")
    assert not city.responses()


def test_a_certificate_that_the_hazard_is_removed_ends_it_earlier() -> None:
    """domain.md 2.5: hazard removed, or incubation passed."""
    city = outbreak()
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city), hazard_removed=True)
    (ended,) = of(ResponseEnded, city.last)
    assert ended.hazard_removed


def test_lowering_does_not_wait_for_the_incubation_period() -> None:
    """SC-8 08-22: II is lowered to III two days after the last onset."""
    city = outbreak()
    city.order("governor", "raise_response", incident="cad|X1", level=2)
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion=opine(city))
    assert city.refusal() is None


def test_a_new_case_restarts_the_clock_at_its_onset_and_an_excluded_one_sets_it_back() -> None:
    """SC-8, variant."""
    city = outbreak()
    city.until("2026-08-25 20:00")
    city.report(kinds=("cholera",), onsets=(onset("2", "2026-08-25 12:00", status="suspected"),))
    assert city.command().earliest_end == at("2026-08-30 12:00")
    city.until("2026-08-25 21:00")
    city.report(kinds=("cholera",), onsets=(onset("2", "2026-08-25 12:00", status="excluded"),))
    assert city.command().earliest_end == at("2026-08-25 18:00")


def test_without_a_line_list_the_clock_runs_from_the_last_rise_of_the_counted_cases() -> None:
    """SC-8 [P]; a correction downwards is no new case, the next rise after it is."""
    city = City(start="2026-08-20 18:00")
    city.report(kinds=("cholera",), cases=40)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    for when, cases, earliest in (
        ("2026-08-21 18:00", 40, "2026-08-25 18:00"),
        ("2026-08-22 18:00", 35, "2026-08-25 18:00"),
        ("2026-08-23 18:00", 36, "2026-08-28 18:00"),
    ):
        city.until(when)
        city.report(kinds=("cholera",), cases=cases)
        assert city.command().earliest_end == at(earliest), when


def test_of_several_kinds_the_longest_incubation_counts() -> None:
    city = outbreak()
    city.report(kinds=("cholera", "sars"), onsets=(onset("1", "2026-08-20 18:00"),))
    assert city.command().earliest_end == at("2026-09-03 18:00")


def test_an_accident_has_no_incubation_period() -> None:
    city = running()
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city))
    assert not city.responses()
    assert not of(TerminationClockSet, city.events)


def test_ending_the_citys_response_ends_those_of_its_districts() -> None:
    """应对法 Art. 86: the common superior lifts what it took over."""
    city = running(level=4, deaths=1)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city))
    assert [event.zone for event in of(ResponseEnded, city.last)] == [AREA, B]
    assert not city.responses()


def test_ending_a_districts_response_leaves_the_citys() -> None:
    city = running(level=4, deaths=1)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    city.order("head-2", "end_response", incident="cad|X1", zone=B, expert_opinion=opine(city))
    assert city.responses() == {AREA: 3}


def test_after_the_last_response_the_after_action_review_is_due() -> None:
    """DR-9; 应对法 Art. 87, 92."""
    city = running()
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city))
    (review,) = of(ReviewOpened, city.last)
    assert (review.kind, review.due) == ("after_action", at("2026-04-09 09:00"))
    assert "plan_revision" in review.dimensions


def test_an_ended_response_can_be_started_anew() -> None:
    city = running()
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion=opine(city))
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert city.responses() == {AREA: 3}
    assert len({event.response for event in of(ResponseStarted, city.events)}) == 2


def test_a_level_that_differs_from_the_grade_is_warned_about() -> None:
    """GR-4: a warning, never a correction."""
    city = running(level=3, deaths=12)
    (mismatch,) = of(ResponseMismatched, city.last)
    assert (mismatch.level, mismatch.composite) == (3, 2)
    assert not of(ResponseMismatched, running(level=3).events)


def test_a_merged_incidents_response_goes_on_for_the_whole_and_comes_back_on_a_split() -> None:
    """SC-2: merge and split are reversible."""
    city = running(level=4, deaths=1)
    city.report(kinds=("work_safety_accident",), deaths=1, id="X2", district=C)
    other = city.incident()
    city.order("cdc", "merge", incident="cad|X2", other="cad|X1", reason="同一事件")
    whole = city.incident("cad|X2")
    assert [response.incident for response in _responses(city)] == [whole.id]
    assert ("raise_response", "RL-10", 4) in city.waiting(), "two districts: the city is asked"
    city.order("cdc", "split", incident="cad|X2", other=other.id, reason="两起事件")
    assert [response.incident for response in _responses(city)] == [other.id]


def _responses(city: City) -> list[Any]:
    from streams.domain.escalation.entities import Response

    return list(city.state.of(Response).values())

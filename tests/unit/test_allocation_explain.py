"""D6: a dispatcher reads why this unit and not the nearer one."""

from streams.domain.allocation.explain import REASONS, explain
from tests.allocation_city import AREA, City, city_j


def told(city: City, request: str) -> str:
    law = city.policy.allocation.at(AREA, "990000", "Asia/Shanghai", city.now)
    return "\n".join(explain(city.log, request, law))


def test_the_reserve_of_the_city_team_is_named_as_the_reason_for_the_farther_team() -> None:
    city = city_j()
    city.incident("I1", "A", composite=3)
    city.ask("R", [{"kind": "PSY", "quantity": 1}], district="A")
    text = told(city, "R")
    assert "→ HT-D-PSY × 1 50.0 min" in text
    assert f"· HT-CITY-PSY-1 10.0 min · {REASONS['group_reserve']}" in text


def test_a_nearer_unit_that_is_out_of_the_question_is_named_with_its_reason() -> None:
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R1", [{"kind": "TOX", "quantity": 1}])
    city.ask("R2", [{"kind": "EMR", "quantity": 1}])
    city.ask("R3", [{"kind": "EMR", "quantity": 1}])
    text = told(city, "R3")
    assert "→ HT-CITY-EMR-1" in text
    assert "nearer, not used: HT-B-EMR 10.0 min · 已承诺他用 committed elsewhere" in text
    assert len(text.splitlines()) <= 24


def test_a_line_that_waits_says_whose_consent_is_missing() -> None:
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R", [{"kind": "disinfectant", "quantity": 400}], department="emergency_management")
    assert "crosses health，授权 authorisation 无 none (AL-1)" in told(city, "R")


def test_an_unknown_request_is_said_to_be_unknown() -> None:
    assert told(city_j(), "NONE") == "没有该申请 no request NONE"

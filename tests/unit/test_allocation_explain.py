"""D6: a dispatcher reads on one screen why this unit and not the nearer one."""

from schemas.base import Point
from schemas.inputs.reports import Place
from streams.cli.explaining import told
from tests.allocation_city import CODES, City, city_j


def screen(city: City, ref: str) -> str:
    return "\n".join(line for lines in told(city.log, ref) for line in lines)


def test_the_reserve_of_the_city_team_is_named_as_the_reason_for_the_farther_team() -> None:
    city = city_j()
    city.incident("I1", "A", composite=3)
    city.ask("R", [{"kind": "PSY", "quantity": 1}], district="A")
    text = screen(city, "R")
    assert "→ HT-D-PSY × 1  ETA  50.0 min" in text
    (near,) = [line for line in text.splitlines() if "HT-CITY-PSY-1" in line]
    assert near.split()[:4] == ["1.", "HT-CITY-PSY-1", "10.0", "min"]
    assert near.endswith("未用 队伍留守 group reserve")
    assert "district table" in text


def test_a_nearer_unit_that_is_out_of_the_question_is_named_with_its_reason() -> None:
    city = city_j()
    city.incident("I1", "B", composite=3)
    for number in ("R1", "R2", "R3"):
        city.ask(number, [{"kind": "TOX" if number == "R1" else "EMR", "quantity": 1}])
    text = screen(city, "R3")
    assert "→ HT-CITY-EMR-1" in text
    (near,) = [line for line in text.splitlines() if "HT-B-EMR" in line]
    assert "10.0 min  更近未用 nearer, not used: 已调派 already committed" in near
    assert "R1" not in text
    assert len(text.splitlines()) <= 24


def test_the_balance_that_spared_a_nearer_district_is_shown_in_minutes() -> None:
    """AL-2: the scores that decided are on the screen: travel time, and what the district's use adds to it."""
    city = City()
    for name, letter, north in (("A0", "A", 0.01), ("A1", "A", 0.01), ("B0", "B", 0.02), ("B1", "B", 0.02)):
        city.add(name, "ambulance", letter, position=Point(lat=30 + north, lon=114))
    here = Place(district=CODES["A"], point=Point(lat=30, lon=114))
    line = {"kind": "ambulance", "quantity": 1, "urgency": 4}
    city.ask("R1", [line], incident=None, place=here)
    city.ask("R2", [line], incident=None, place=here)
    text = screen(city, "R2")
    assert "→ B0" in text
    (spared,) = [one for one in text.splitlines() if " A1 " in one]
    assert "统筹 balance +5.0  取 taken 0" in spared


def test_a_line_that_waits_says_whose_consent_is_missing() -> None:
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R", [{"kind": "disinfectant", "quantity": 400}], department="emergency_management")
    assert "needs authorisation 需授权 of 卫健 health (AL-1)" in screen(city, "R")


def test_a_long_history_still_fits_on_the_screen() -> None:
    """Only the newest decision of a line is told in full; what became of each order is one line."""
    city = city_j()
    city.incident("I1", "B", composite=3)
    city.ask("R", [{"kind": "ambulance", "quantity": 1}])
    for unit in ("AMB-B-01", "AMB-B-02", "AMB-B-03"):
        city.step(unit, "declined", reason="no crew")
    text = screen(city, "R/1")
    assert text.count("先前 before: 第 1 行") == 3
    assert "AMB-B-03 committed → declined: no crew" in text
    assert len(text.splitlines()) <= 24, text


def test_an_unknown_request_has_nothing_to_tell() -> None:
    assert not screen(city_j(), "NONE")

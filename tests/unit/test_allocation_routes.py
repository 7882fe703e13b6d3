"""AL-TRAVEL: routed travel times re-rank the shortlist, are recorded before the decision, and count once."""

from schemas.base import Point
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.outputs.catalogue_events import TravelTimesAdopted
from streams.domain.allocation.entities import RoutedTimes
from streams.domain.allocation.routes import Question, routes_adopted, routes_wanted
from tests.allocation_city import AREA, CODES, POLICY_TEXT, City, city_j, policy

HERE = Point(lat=30, lon=114)
MINUTE = 60_000


def town(count: int = 3, text: str = POLICY_TEXT) -> City:
    """Ambulances A0, A1, ... so many kilometres north, farther with every number."""
    city = City(policy(text))
    city.incident("I1", "A")
    for number in range(count):
        where = Point(lat=30 + (number + 1) / 111.2, lon=114)
        city.add(f"A{number}", "ambulance", "A", category="ambulance", position=where)
    return city


def request(number: str = "R", incident: str | None = "I1", point: Point | None = HERE) -> ResourceRequested:
    return ResourceRequested(
        area=AREA,
        request=number,
        incident=incident,
        unit="U",
        department="health",
        place=Place(district=CODES["A"], point=point),
        lines=(RequestLine(line=1, kind="ambulance", quantity=1),),
    )


def wanted(city: City, event: ResourceRequested) -> tuple[Question, ...]:
    return routes_wanted(city.state, event, city.policy, city.now)


def adopt(city: City, event: ResourceRequested, seconds: list[float | None]) -> TravelTimesAdopted | None:
    law = city.policy.allocation.at(AREA, "990000", "Asia/Shanghai", city.now)
    return routes_adopted(event, "osrm", law, [(one, seconds) for one in wanted(city, event)])


def test_the_road_s_nearest_goes_although_another_is_nearer_as_the_crow_flies() -> None:
    city = town()
    adopted = adopt(city, request(), [900.0, 840.0, 300.0])
    assert adopted is not None
    city.happen(adopted)
    city.send(request())
    assert city.taken("ambulance") == {"A2": 1}
    decision = city.decisions("R")[0]
    assert decision.travel == "osrm"
    etas = {one["resource"]: one["eta_ms"] for one in decision.candidates}
    assert etas == {"A2": 6 * MINUTE, "A1": 15 * MINUTE, "A0": 16 * MINUTE}, "driving time and a minute to set out"


def test_routed_times_count_for_one_decision_and_are_gone_with_it() -> None:
    city = town()
    for number in ("R", "REFUSED"):
        adopted = adopt(city, request(number), [900.0, 840.0, 300.0])
        assert adopted is not None
        city.happen(adopted)
        assert list(city.state.of(RoutedTimes)) == [f"{number}/1"], "what a refused request left is gone"
    city.send(request("OTHER"))
    assert city.taken("ambulance") == {"A0": 1}
    assert city.decisions("OTHER")[0].travel == "great_circle"
    city.send(request("REFUSED"))
    assert city.decisions("REFUSED")[0].travel == "osrm"
    assert not city.state.of(RoutedTimes)


def test_whom_no_road_reaches_ranks_by_formula_behind_the_slowest_by_road() -> None:
    city = town()
    adopted = adopt(city, request(), [None, 840.0, 300.0])
    assert adopted is not None
    assert sorted(adopted.lines[0].eta_ms) == ["A1", "A2"]
    city.happen(adopted)
    city.send(request())
    assert [one["resource"] for one in city.decisions("R")[0].candidates] == ["A2", "A0", "A1"]


def test_an_engine_that_knows_no_way_at_all_changes_nothing() -> None:
    assert adopt(town(), request(), [None, None, None]) is None


def test_only_the_nearest_twenty_that_are_free_are_asked_about() -> None:
    city = town(30)
    city.ask("FIRST", [{"kind": "ambulance", "quantity": 1}], place=Place(district=CODES["A"], point=HERE))
    (question,) = wanted(city, request())
    assert [resource for resource, _ in question.units] == [f"A{number}" for number in range(1, 21)]
    assert question.to == HERE


def test_nobody_is_asked_where_the_district_table_counts_or_the_request_will_be_refused() -> None:
    city = town()
    assert wanted(city, request())
    assert not wanted(city, request(point=None))
    assert not wanted(city, request(incident="NONE"))
    city.send(request())
    assert not wanted(city, request())
    tabled = city_j()
    tabled.incident("I1", "A")
    assert not wanted(tabled, request())
    tabled.ask("R", [{"kind": "ambulance", "quantity": 1}], district="A")
    assert tabled.decisions("R")[0].travel == "district_minutes"


def test_the_policy_s_factor_and_the_kind_s_speed_turn_driving_time_into_travel_time() -> None:
    city = town(2, POLICY_TEXT.replace("routed_factor: 1.0", "routed_factor: 0.5"))
    adopted = adopt(city, request(), [600.0, 600.0])
    assert adopted is not None
    assert set(adopted.lines[0].eta_ms.values()) == {6 * MINUTE}

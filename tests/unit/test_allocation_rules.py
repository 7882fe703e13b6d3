"""Rules of choice and of order, one at a time (AL-KEY, AL-SCORE)."""

from schemas.base import Point
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.resources import ResourceStatusReported
from schemas.outputs.allocation_events import ResourceCommitted
from tests.allocation_city import AREA, CODES, City

ORIGIN = Point(lat=30, lon=114)


def at(letter: str = "A") -> Place:
    return Place(district=CODES[letter], point=ORIGIN)


def unit(city: City, name: str, letter: str, km: float, **more: object) -> None:
    city.add(name, more.pop("kind", "ambulance"), letter, position=Point(lat=30 + km / 111.2, lon=114), **more)  # type: ignore[arg-type]


def ready(city: City, name: str, status: str = "ready") -> None:
    city.send(
        ResourceStatusReported(area=AREA, resource=name, status=status, observed_at=city.now)  # type: ignore[arg-type]
    )


def order_of_service(city: City) -> list[str]:
    return [event.request for event in city.log if isinstance(event, ResourceCommitted)]


def test_class_1_gets_exactly_the_nearest_and_class_4_spares_a_district_in_use() -> None:
    def chosen(urgency: int) -> str:
        city = City()
        for number in range(2):
            unit(city, f"A{number}", "A", 1.0)
        for number in range(2):
            unit(city, f"B{number}", "B", 1.5)
        ready(city, "A0", "busy")
        city.ask("R", [{"kind": "ambulance", "quantity": 1, "urgency": urgency}], incident=None, place=at())
        return next(iter(city.taken("ambulance")))

    assert (chosen(1), chosen(4)) == ("A1", "B0")


def test_a_class_4_line_that_has_aged_goes_before_a_young_class_2_line_but_never_before_class_1() -> None:
    """AL-KEY: eight hours of aging for class 4; class 1 is never overtaken."""
    city = City()
    unit(city, "A0", "A", 1.0)
    unit(city, "A1", "A", 1.0)
    ready(city, "A0", "busy")
    ready(city, "A1", "busy")
    ask = {"kind": "ambulance", "quantity": 1}
    city.ask("OLD-4", [ask | {"urgency": 4}], incident=None, place=at())
    city.later(hours=9).ask("YOUNG-2", [ask | {"urgency": 2}], incident=None, place=at())
    city.later(minutes=1).ask("NEW-1", [ask | {"urgency": 1}], incident=None, place=at())
    ready(city, "A0")
    city.later(minutes=1)
    ready(city, "A1")
    assert order_of_service(city) == ["NEW-1", "OLD-4"]


def test_of_two_that_wait_the_older_is_served_whatever_its_number() -> None:
    city = City()
    unit(city, "A0", "A", 1.0)
    ready(city, "A0", "busy")
    for number in ("B-FIRST", "A-SECOND"):
        city.later(minutes=1).ask(number, [{"kind": "ambulance", "quantity": 1}], incident=None, place=at())
    ready(city, "A0")
    assert order_of_service(city) == ["B-FIRST"]


def test_units_that_become_free_together_go_one_to_each_incident() -> None:
    """AL-2, TF-5: one queue; the incident that came second gets its first before the other gets a second."""
    city = City()
    for incident in ("I1", "I2"):
        city.incident(incident, "A")
    city.send(FloorRegistered(area=AREA, kind="ambulance", floor=2))
    for number in range(2):
        unit(city, f"A{number}", "A", 1.0)
    city.ask("R1", [{"kind": "ambulance", "quantity": 2}], incident="I1", place=at())
    city.later(minutes=1).ask("R2", [{"kind": "ambulance", "quantity": 1}], incident="I2", place=at())
    city.send(FloorRegistered(area=AREA, kind="ambulance", floor=0))
    assert order_of_service(city) == ["R1", "R2"]


def test_every_required_capability_is_needed_and_a_higher_type_serves_a_lower_one() -> None:
    city = City()
    unit(city, "ONE", "A", 1.0, capabilities=("a",), type_level=1)
    unit(city, "BOTH", "A", 2.0, capabilities=("a", "b"), type_level=1)
    unit(city, "LOW", "A", 0.5, capabilities=("a", "b"), type_level=3)
    line = {"kind": "ambulance", "quantity": 3, "requires": ("a", "b"), "minimum_type": 2}
    city.ask("R", [line], incident=None, place=at())
    assert list(city.taken("ambulance")) == ["BOTH"]
    assert city.decisions("R")[0].rejections["lacks_capability"] == 2


def test_equal_scores_go_by_preferred_capabilities_and_then_by_id() -> None:
    city = City()
    unit(city, "A", "A", 1.0)
    unit(city, "B", "A", 1.0, capabilities=("x",))
    unit(city, "C", "A", 1.0, capabilities=("x",))
    line = {"kind": "ambulance", "quantity": 2, "prefers": ("x",)}
    city.ask("R", [line], incident=None, place=at())
    assert list(city.taken("ambulance")) == ["B", "C"]


def test_the_last_unit_above_the_floor_goes_and_the_next_stays() -> None:
    city = City()
    city.send(FloorRegistered(area=AREA, kind="ambulance", district=CODES["A"], floor=1))
    unit(city, "A0", "A", 1.0)
    unit(city, "A1", "A", 2.0)
    unit(city, "B0", "B", 9.0)
    city.ask("R", [{"kind": "ambulance", "quantity": 3}], incident=None, place=at())
    assert list(city.taken("ambulance")) == ["A0", "B0"]
    decision = city.decisions("R")[0]
    assert (decision.short, decision.rejections) == (1, {"floor": 1})


def test_a_large_pool_is_searched_as_exactly_as_a_small_one() -> None:
    """A guess at how far to look costs time, never an answer: the nearest wins from anywhere."""
    city = City()
    for number in range(120):
        unit(city, f"U{number:03}", "A", 0.05 * (number + 1))
    for number in range(60):
        city.ask(f"R{number}", [{"kind": "ambulance", "quantity": 2}], incident=None, place=at())
    taken = [event.resource for event in city.log if isinstance(event, ResourceCommitted)]
    assert taken == [f"U{number:03}" for number in range(120)]

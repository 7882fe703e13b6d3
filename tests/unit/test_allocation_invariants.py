"""The twelve invariants of allocation.md, a test or more for each, against a slow reference."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.inputs.registers import FloorRegistered
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceStatusReported
from schemas.outputs.allocation_events import CommitmentPreempted, LineDecided, ResourceCommitted
from streams.domain.allocation.entities import Commitment, Line, Resource
from streams.domain.cascade import cascade
from streams.domain.context import Context, Received
from tests.allocation_checks import KINDS, STANDING, Watched, fill, here, layouts, lines, resources, spot
from tests.allocation_city import AREA, CODES, City, policy
from tests.allocation_reference import decide, free


def ambulances(count: int, letter: str = "A") -> City:
    city = City(policy())
    for number in range(count):
        city.add(f"AMB-{number}", "ambulance", letter, position=spot(letter, number, 0))
    return city


@given(layout=layouts, line=lines)
@settings(max_examples=40, deadline=None)
def test_invariant_12_the_order_of_registration_does_not_matter(layout: Any, line: dict[str, Any]) -> None:
    def run(*, backwards: bool) -> list[str]:
        city = City(policy())
        numbered = list(enumerate(layout))
        for number, (kind, letter, east, north, quantity, floor, capabilities) in (
            reversed(numbered) if backwards else numbered
        ):
            form = KINDS[kind]
            city.add(
                f"{kind}-{number}", kind, letter, form=form, quantity=1 if form == "unit" else 4 * quantity,
                floor=0 if form == "unit" else floor, position=spot(letter, east, north),
                capabilities=capabilities, type_level=quantity,
            )  # fmt: skip
        events = city.ask("R", [line], incident=None, place=here())
        return [event.model_dump_json() for event in events]

    assert run(backwards=False) == run(backwards=True)


@given(layout=layouts, first=lines, second=lines)
@settings(max_examples=40, deadline=None)
def test_invariant_10_requests_of_disjoint_kinds_commute(
    layout: Any, first: dict[str, Any], second: dict[str, Any]
) -> None:
    if first["kind"] == second["kind"]:
        return

    def run(order: str) -> dict[str, list[str]]:
        city = City(policy())
        fill(city, layout)
        for name in order:
            city.ask(f"R{name}", [first if name == "1" else second], incident=None, place=here())
        return {
            name: [
                event.resource
                for event in city.log
                if isinstance(event, ResourceCommitted) and event.request == f"R{name}"
            ]
            for name in "12"
        }

    assert run("12") == run("21")


@given(layout=layouts, line=lines, extra=resources)
@settings(max_examples=40, deadline=None)
def test_invariant_11_one_more_unit_never_worsens_a_lone_class_1_request(
    layout: Any, line: dict[str, Any], extra: Any
) -> None:
    line = line | {"urgency": 1, "kind": "ambulance", "quantity": 1, "prefers": ()}

    def best(units: Any) -> int | None:
        city = City(policy())
        fill(city, units)
        made = [e for e in city.ask("R", [line], incident=None, place=here()) if isinstance(e, ResourceCommitted)]
        return made[0].eta_ms if made else None

    before, after = best(layout), best([*layout, ("ambulance", *extra[1:])])
    if before is not None:
        assert after is not None
        assert after <= before


def test_invariant_7_every_incident_gets_its_first_unit_before_any_gets_a_second() -> None:
    city = ambulances(2)
    city.incident("I1", "A", composite=3)
    city.incident("I2", "A", composite=3)
    for number in range(2):
        city.send(ResourceStatusReported(area=AREA, resource=f"AMB-{number}", status="busy", observed_at=city.now))
    city.ask("R1", [{"kind": "ambulance", "quantity": 2}], incident="I1", place=here())
    city.later(minutes=1).ask("R2", [{"kind": "ambulance", "quantity": 1}], incident="I2", place=here())
    city.send(ResourceStatusReported(area=AREA, resource="AMB-0", status="ready", observed_at=city.now))
    city.later(minutes=1).send(
        ResourceStatusReported(area=AREA, resource="AMB-1", status="ready", observed_at=city.now)
    )
    made = [event.request for event in city.log if isinstance(event, ResourceCommitted)]
    assert made == ["R1", "R2"]


@given(layout=layouts, line=lines, other=lines)
@settings(max_examples=40, deadline=None)
def test_invariant_1_and_2_what_is_promised_is_there_and_free_is_what_is_left(
    layout: Any, line: dict[str, Any], other: dict[str, Any]
) -> None:
    """Invariants 1, 2: available + committed = initial by lot; free by kind and district as counted again."""
    city = Watched(policy())
    fill(city, layout)
    initial = {one.id: one.quantity for one in city.state.of(Resource).values()}
    for number, asked in enumerate((line, other)):
        city.ask(f"R{number}", [asked], incident=None, place=here())
    taken = Counter[str]()
    for one in city.state.of(Commitment).values():
        taken[one.resource] += one.quantity
    for resource in city.state.of(Resource).values():
        assert resource.quantity - resource.held + taken[resource.id] == initial[resource.id]
        assert resource.quantity >= resource.held >= 0
    index = city.state.derived["allocation"]
    for kind in KINDS:
        pool = index.pool(kind)
        for code in CODES.values():
            same = [r for r in city.state.of(Resource).values() if r.kind == kind and r.entry.district == code]
            pool.widen(index.number(code) + 1)
            assert pool.free[index.number(code)] == sum(free(one) for one in same)
        waiting = [one.id for one in city.state.of(Line).values() if one.kind == kind and one.need > 0]
        assert sorted(key[3] for key in index.queue(kind).order) == sorted(waiting)


@given(layout=layouts, line=lines)
@settings(max_examples=60, deadline=None)
def test_invariant_3_and_5_what_is_taken_fits_and_leaves_the_floors(layout: Any, line: dict[str, Any]) -> None:
    """Invariants 3, 5: looked at in the instant of every commitment."""
    city = Watched(policy())
    for letter, floor in (("A", 1), ("B", 2), ("C", 0)):
        city.send(FloorRegistered(area=AREA, kind="ambulance", district=CODES[letter], floor=floor))
    fill(city, layout)
    for number in range(3):
        city.ask(f"R{number}", [line], incident=None, place=here())


@given(layout=layouts, line=lines)
@settings(max_examples=60, deadline=None)
def test_invariant_4_a_decision_is_that_of_the_slow_reference(layout: Any, line: dict[str, Any]) -> None:
    """Invariant 4: the same resources, quantities, times and scores, in the same order."""
    city = City(policy(STANDING))
    fill(city, layout)
    city.ask("R", [line | {"requires": ("nobody-has-this",)}], incident=None, place=here())
    law = city.policy.allocation.at(AREA, "990000", "Asia/Shanghai", city.now)
    asked = city.line("R/1").model_copy(update={"requires": line["requires"]})
    expected = decide(city.state, law, asked, law.first_wave_ms)
    city.ask("S", [line], incident=None, place=here())
    made = [event for event in city.log if isinstance(event, ResourceCommitted)]
    assert [(e.resource, e.quantity, e.eta_ms, e.score_ms) for e in made] == [
        (one.resource, one.quantity, one.eta_ms, one.score_ms) for one in expected
    ]


@given(layout=layouts, line=lines, ready=st.lists(st.integers(0, 13), max_size=6))
@settings(max_examples=40, deadline=None)
def test_invariant_6_nobody_waits_for_what_is_free(layout: Any, line: dict[str, Any], ready: list[int]) -> None:
    """Invariant 6: whatever was freed in whatever order, at rest the reference has nothing for who still waits."""
    city = City(policy())
    fill(city, layout)
    names = list(city.state.of(Resource))
    for name in names:
        city.send(ResourceStatusReported(area=AREA, resource=name, status="busy", observed_at=city.now))
    for number, urgency in enumerate((4, 1, 2)):
        city.ask(f"R{number}", [line | {"urgency": urgency}], incident=None, place=here())
    for number in ready:
        name = names[number % len(names)]
        city.send(ResourceStatusReported(area=AREA, resource=name, status="ready", observed_at=city.now))
    law = city.policy.allocation.at(AREA, "990000", "Asia/Shanghai", city.now)
    for waiting in city.state.of(Line).values():
        if waiting.need > 0:
            assert not decide(city.state, law, waiting, law.first_wave_ms)


def test_invariant_8_a_diverted_unit_had_not_arrived_and_its_line_keeps_its_age() -> None:
    """Invariant 8: class 3 holds all three, one has arrived: two class-1 lines take one each, the third waits."""
    city = Watched(policy(STANDING))
    for number in range(3):
        city.add(f"AMB-{number}", "ambulance", "A", position=spot("A", number, 0))
    for number in range(3):
        city.ask(f"LOW{number}", [{"kind": "ambulance", "quantity": 1, "urgency": 3}], incident=None, place=here())
    city.step("AMB-0", "arrived")
    for number in range(3):
        city.later(minutes=1).ask(
            f"HIGH{number}", [{"kind": "ambulance", "quantity": 1, "urgency": 1}], incident=None, place=here()
        )
    lost = [event.request for event in city.log if isinstance(event, CommitmentPreempted)]
    assert lost == ["LOW1", "LOW2"]
    assert city.line("HIGH2/1").need == 1
    assert {city.line(f"LOW{number}/1").losses for number in (1, 2)} == {1}


def test_invariant_9_the_same_history_gives_the_same_events() -> None:
    def run() -> list[str]:
        city = ambulances(4)
        city.ask("R1", [{"kind": "ambulance", "quantity": 2}], incident=None, place=here())
        city.ask("R2", [{"kind": "ambulance", "quantity": 3, "urgency": 4}], incident=None, place=here())
        return [event.model_dump_json() for event in city.log]

    assert run() == run()


@given(layout=layouts, line=lines)
@settings(max_examples=40, deadline=None)
def test_invariant_9_deciding_changes_nothing_that_undoing_does_not_restore(layout: Any, line: dict[str, Any]) -> None:
    """Invariant 9: decided, undone and decided again, the events are the same to the byte."""
    city = City(policy(STANDING))
    fill(city, layout)
    lines = (RequestLine(line=1, **line),)
    request = ResourceRequested(area=AREA, request="R", unit="U", department="health", place=here(), lines=lines)
    context = Context(AREA, "actual", city.now, city.policy, Received(request, "t", "1", b""))

    def run() -> list[str]:
        return [event.model_dump_json() for event in cascade(city.state, context)]

    first = run()
    city.state.undo()
    assert run() == first


def test_every_decision_names_its_candidates_and_counts_its_rejections() -> None:
    city = ambulances(30)
    city.ask("R1", [{"kind": "ambulance", "quantity": 5}], incident=None, place=here())
    (decision,) = [event for event in city.log if isinstance(event, LineDecided)]
    assert (len(decision.candidates), decision.suitable) == (20, 30)
    assert [one["take"] for one in decision.candidates[:6]] == [1, 1, 1, 1, 1, 0]

"""The twelve invariants of allocation.md, on random histories through the cascade, against a slow reference."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.base import Point
from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestAmended, RequestCancelled
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs.allocation_events import CommitmentPreempted, LineDecided, ResourceCommitted
from streams.domain.allocation.choose import plan
from streams.domain.allocation.desk import desk
from streams.domain.allocation.entities import Commitment, Line, Request, Resource
from streams.domain.allocation.index import AllocationIndex
from streams.domain.context import Context, Received
from tests.allocation_city import AREA, CODES, POLICY_TEXT, City, policy
from tests.allocation_reference import decide, floor_of, free

STANDING = POLICY_TEXT.replace("preemption_classes: []", "preemption_classes: [1]").replace(
    "first_wave_minutes: 60", "first_wave_minutes: 30"
)
CENTRES = {"A": (30.0, 114.0), "B": (30.05, 114.1), "C": (30.3, 114.4)}
KINDS = {"ambulance": "unit", "rescue_team": "unit", "ppe": "stock", "icu_bed": "beds"}
CAPABILITIES = ("hazmat", "trauma")
letters = st.sampled_from("ABC")
steps = st.integers(-3, 3)
few = st.integers(1, 3)


def spot(letter: str, east: int, north: int) -> Point:
    """Points on a coarse grid: distance ties are common."""
    lat, lon = CENTRES[letter]
    return Point(lat=lat + 0.01 * north, lon=lon + 0.01 * east)


def fill(city: City, layout: list[tuple[str, str, int, int, int, int, tuple[str, ...]]]) -> None:
    for number, (kind, letter, east, north, quantity, floor, capabilities) in enumerate(layout):
        form = KINDS[kind]
        city.add(
            f"{kind}-{number}",
            kind,
            letter,
            form=form,
            quantity=1 if form == "unit" else 4 * quantity,
            floor=0 if form == "unit" else floor,
            position=spot(letter, east, north),
            capabilities=capabilities,
            type_level=quantity,
        )


resources = st.tuples(
    st.sampled_from(sorted(KINDS)), letters, steps, steps, few, st.integers(0, 2),
    st.lists(st.sampled_from(CAPABILITIES), unique=True).map(tuple),
)  # fmt: skip
layouts = st.lists(resources, min_size=3, max_size=14)
lines = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "quantity": st.integers(1, 4),
        "urgency": st.integers(1, 4),
        "requires": st.lists(st.sampled_from(CAPABILITIES), max_size=1).map(tuple),
        "prefers": st.lists(st.sampled_from(CAPABILITIES), max_size=2, unique=True).map(tuple),
        "minimum_type": st.none() | few,
    }
)


class Histories(RuleBasedStateMachine):
    """Anything that may happen to a city's resources and requests."""

    def __init__(self) -> None:
        super().__init__()
        self.city = City(policy(STANDING))
        self.count = 0

    @initialize(layout=layouts, floors=st.dictionaries(letters, st.integers(0, 2)))
    def begin(self, layout: Any, floors: dict[str, int]) -> None:
        for incident in ("I1", "I2"):
            self.city.incident(incident, "A", composite=3)
        for letter, floor in floors.items():
            self.city.send(FloorRegistered(area=AREA, kind="ambulance", district=CODES[letter], floor=floor))
        fill(self.city, layout)

    def open_ones(self) -> list[Commitment]:
        return [one for one in self.city.state.of(Commitment).values() if one.open]

    @rule(line=lines, letter=letters, east=steps, north=steps, incident=st.sampled_from(["I1", "I2", None]))
    def ask(self, line: dict[str, Any], letter: str, east: int, north: int, incident: str | None) -> None:
        self.count += 1
        request = f"R{self.count}"
        place = Place(district=CODES[letter], point=spot(letter, east, north))
        city = self.city
        before = len(city.log)
        # The reference decides on the state in which the line waits and nothing was decided yet.
        probe = City(city.policy, city.now)
        probe.state.load(entity for table in city.state._tables.values() for entity in table.values())
        probe.ask(request, [line | {"requires": ("nobody-has-this",)}], incident=incident, place=place)
        asked = probe.line(f"{request}/1").model_copy(update={"requires": line["requires"], "told": -1})
        law = city.policy.allocation.at(AREA, "990000", "Asia/Shanghai", city.now)
        expected = decide(probe.state, law, asked, law.first_wave_ms)
        city.ask(request, [line], incident=incident, place=place)
        made = [e for e in city.log[before:] if isinstance(e, ResourceCommitted) and e.request == request]
        if not any(isinstance(e, CommitmentPreempted) for e in city.log[before:]):
            assert [(e.resource, e.quantity, e.eta_ms, e.score_ms) for e in made] == [
                (one.resource, one.quantity, one.eta_ms, one.score_ms) for one in expected
            ]

    @precondition(lambda self: self.open_ones())
    @rule(
        data=st.data(),
        step=st.sampled_from(
            ["accepted", "declined", "departed", "arrived", "released", "returned", "ready", "delivered", "consumed"]
        ),
    )
    def report(self, data: st.DataObject, step: str) -> None:
        one = data.draw(st.sampled_from(self.open_ones()))
        self.city.step(one.resource, step, commitment=one.id)

    @rule(data=st.data(), status=st.sampled_from(["ready", "busy", "rest", "out_of_service"]))
    def status(self, data: st.DataObject, status: Any) -> None:
        resource = data.draw(st.sampled_from(list(self.city.state.of(Resource).values())))
        self.city.send(
            ResourceStatusReported(area=AREA, resource=resource.id, status=status, observed_at=self.city.now)
        )

    @rule(data=st.data(), quantity=st.integers(0, 12))
    def recount(self, data: st.DataObject, quantity: int) -> None:
        resource = data.draw(st.sampled_from(list(self.city.state.of(Resource).values())))
        self.city.send(
            ResourceQuantityReported(area=AREA, resource=resource.id, quantity=quantity, observed_at=self.city.now)
        )

    @precondition(lambda self: self.city.state.of(Request))
    @rule(data=st.data(), quantity=st.integers(0, 5))
    def amend(self, data: st.DataObject, quantity: int) -> None:
        request = data.draw(st.sampled_from(list(self.city.state.of(Request).values())))
        self.city.send(RequestAmended(area=AREA, request=request.id, unit="U", quantities={1: quantity}))

    @precondition(lambda self: self.city.state.of(Request))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(list(self.city.state.of(Request).values())))
        self.city.send(RequestCancelled(area=AREA, request=request.id, unit="U"))

    @rule(minutes=st.sampled_from([1, 20, 70, 300]))
    def wait(self, minutes: int) -> None:
        self.city.later(minutes=minutes)

    @invariant()
    def what_is_promised_is_there_and_nothing_is_promised_twice(self) -> None:
        """Invariants 1 and 2: a unit has one open commitment at most; held is the sum of the open ones on hand."""
        held: dict[str, int] = {}
        for one in self.open_ones():
            if one.stage not in ("shipped", "delivered", "occupied"):
                held[one.resource] = held.get(one.resource, 0) + one.quantity
        for resource in self.city.state.of(Resource).values():
            assert resource.held == held.get(resource.id, 0)
            assert 0 <= resource.held <= max(resource.quantity, 0)

    @invariant()
    def a_line_needs_what_it_asked_and_was_not_promised(self) -> None:
        for line in self.city.state.of(Line).values():
            assert line.need >= 0
            open_ones = [one for one in self.open_ones() if one.line == line.id]
            assert line.under_way == len(open_ones)

    @invariant()
    def the_warm_index_is_the_cold_one(self) -> None:
        """Invariants 2 and 12: free, floors, tallies, queues and holdings as counted from the entities."""
        warm = self.city.state.derived.get("allocation")
        if warm is None:
            return
        cold = AllocationIndex(self.city.state, warm.law)
        for kind in KINDS:
            a, b = warm.pool(kind), cold.pool(kind)
            by_code = {code: warm.number(code) for code in CODES.values()}
            for code, number in by_code.items():
                other = cold.number(code)
                a.widen(number + 1)
                b.widen(other + 1)
                assert (a.free[number], a.floor[number], a.capacity[number]) == (
                    b.free[other], b.floor[other], b.capacity[other],
                )  # fmt: skip
            assert {id: a.state(row) for id, row in a.row_of.items()} == {id: b.state(r) for id, r in b.row_of.items()}
            assert {a.ids[row] for row in a.open[: a.n].nonzero()[0]} == {b.ids[r] for r in b.open[: b.n].nonzero()[0]}
            assert warm.queue(kind).order == cold.queue(kind).order

    @invariant()
    def at_rest_nobody_waits_for_what_is_free(self) -> None:
        """Invariant 6."""
        city = self.city
        trigger = Received(RequestCancelled(area=AREA, request="X", unit="U"), "t", "t", b"")
        at = desk(city.state, Context(AREA, "actual", city.now, city.policy, trigger))
        for line in city.state.of(Line).values():
            if line.need > 0:
                place = at.request_of(line).place
                chosen = plan(at.index, line, at.index.spot(place), line.need, at.limit_ms(line))
                assert not chosen.picks

    @invariant()
    def floors_hold_at_the_moment_of_every_commitment(self) -> None:
        """Invariant 5: checked on the events of the last step, by replaying what was free before them."""
        state = self.city.state
        for district in CODES.values():
            units = [
                resource
                for resource in state.of(Resource).values()
                if resource.kind == "ambulance" and resource.entry.district == district
            ]
            free_now = sum(free(resource) for resource in units)
            ready = sum(1 for resource in units if resource.status == "ready")
            kept = floor_of(state, "ambulance", district)
            promised = [one for one in self.open_ones() if one.resource in {unit.id for unit in units}]
            if promised and all(one.tier == "above_floor" for one in promised) and ready - len(promised) == free_now:
                last = max(promised, key=lambda one: one.committed_at)
                if last.committed_at == self.city.now:
                    assert free_now >= min(kept, ready)

    @invariant()
    def who_was_preempted_had_not_arrived_and_loses_once(self) -> None:
        """Invariant 8."""
        for event in self.city.log:
            if isinstance(event, CommitmentPreempted):
                assert event.previous in ("committed", "accepted", "en_route")
        assert all(line.losses <= 1 for line in self.city.state.of(Line).values())

    @invariant()
    def kind_and_capability_fit(self) -> None:
        """Invariant 3."""
        for one in self.open_ones():
            entry = self.city.resource(one.resource).entry
            line = self.city.line(one.line)
            assert entry.kind == line.kind
            assert one.quantity > 0
            assert set(line.requires) <= set(entry.capabilities)
            if line.minimum_type is not None:
                assert entry.type_level is not None
                assert entry.type_level <= line.minimum_type


Histories.TestCase.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistories = Histories.TestCase


def ambulances(count: int, letter: str = "A") -> City:
    city = City(policy())
    for number in range(count):
        city.add(f"AMB-{number}", "ambulance", letter, position=spot(letter, number, 0))
    return city


def here() -> Place:
    return Place(district=CODES["A"], point=spot("A", 0, 0))


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


def test_invariant_9_the_same_history_gives_the_same_events() -> None:
    def run() -> list[str]:
        city = ambulances(4)
        city.ask("R1", [{"kind": "ambulance", "quantity": 2}], incident=None, place=here())
        city.ask("R2", [{"kind": "ambulance", "quantity": 3, "urgency": 4}], incident=None, place=here())
        return [event.model_dump_json() for event in city.log]

    assert run() == run()


def test_every_decision_names_its_candidates_and_counts_its_rejections() -> None:
    city = ambulances(30)
    city.ask("R1", [{"kind": "ambulance", "quantity": 5}], incident=None, place=here())
    (decision,) = [event for event in city.log if isinstance(event, LineDecided)]
    assert (len(decision.candidates), decision.suitable) == (20, 30)
    assert [one["take"] for one in decision.candidates[:6]] == [1, 1, 1, 1, 1, 0]

"""The invariants of allocation.md on random histories: anything that may happen to a city, in any order."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.inputs.registers import FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestAmended, RequestCancelled
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs.allocation_events import CommitmentPreempted, ResourceCommitted
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.allocation.choose import plan
from streams.domain.allocation.desk import desk
from streams.domain.allocation.entities import Commitment, Line, Request, Resource
from streams.domain.allocation.index import AllocationIndex
from streams.domain.context import Context, Received
from streams.domain.directives.entities import Proposal
from streams.policy.model import Policy
from tests.allocation_checks import KINDS, OFFICES, STANDING, Watched, fill, layouts, letters, lines, spot, steps
from tests.allocation_city import AREA, CODES, City, policy
from tests.allocation_reference import decide


class Histories(RuleBasedStateMachine):
    """Anything that may happen to a city's resources and requests."""

    def __init__(self) -> None:
        super().__init__()
        self.city = Watched(Policy(version="test", allocation=policy(STANDING).allocation, authority=OFFICES))
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

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), status=st.sampled_from(["confirmed", "confirmed", "rejected"]))
    def decide_proposal(self, data: st.DataObject, status: Any) -> None:
        """A dispatcher answers a diversion or a re-plan, perhaps long after things have changed."""
        one = data.draw(st.sampled_from(self.waiting()))
        self.city.happen(
            ProposalDecided(
                incident=one.incident, proposal=one.id, kind=one.kind, rule=one.rule, status=status, directive="D"
            )
        )

    def waiting(self) -> list[Proposal]:
        return [one for one in self.city.state.of(Proposal).values() if one.waiting()]

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
    def who_was_preempted_loses_once(self) -> None:
        """Invariant 8; the rest of it is looked at as it happens, see Watched."""
        assert all(line.losses <= 1 for line in self.city.state.of(Line).values())


Histories.TestCase.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistories = Histories.TestCase

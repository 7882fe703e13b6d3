"""Two cities, a wire that loses, repeats and overtakes, workers that die: MA-1's promises on random histories.

Both cities lend and borrow. Clocks differ. Timers fire late. After every step no unit is in two places and no
confirmation was accepted after its hold; at the end, once the wire is in order, every saga ends in bounded time.
"""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.domain.allocation.entities import Request, Resource
from streams.domain.mutual_aid.entities import Aid, Loan
from tests.aid_world import HOLD_S, PATIENCE_S, REVIEW_S, Side, World

sides = st.sampled_from(("j", "k"))
picks = st.integers(0, 50)


class TwoCities(RuleBasedStateMachine):
    """See the module."""

    world: World

    @initialize(skew_s=st.integers(-400, 400), units=st.integers(0, 3))
    def begin(self, skew_s: int, units: int) -> None:
        self.world = World(skew_s=skew_s)
        for name, side in (("J", self.world.j), ("K", self.world.k)):
            for number in range(units):
                side.add(f"{name}-EMR-{number}", "EMR")
            side.add(f"{name}-PPE", "ppe", form="stock", quantity=20, floor=5)

    def side(self, name: str) -> Side:
        return self.world.j if name == "j" else self.world.k

    @rule(name=sides, quantity=st.integers(1, 4), kind=st.sampled_from(("EMR", "ppe")), urgency=st.integers(1, 4))
    def ask(self, name: str, quantity: int, kind: str, urgency: int) -> None:
        self.side(name).ask(kind, quantity if kind == "EMR" else 8 * quantity, urgency)

    @rule(name=sides, pick=picks)
    def cancel(self, name: str, pick: int) -> None:
        requests = [one.id for one in self.side(name).state.of(Request).values() if one.unit == "U"]
        if requests:
            self.side(name).cancel(requests[pick % len(requests)])

    @rule(name=sides, pick=picks, step=st.sampled_from(("departed", "arrived", "released", "returned", "consumed")))
    def work(self, name: str, pick: int, step: str) -> None:
        """Somebody reports about what serves a line of this city itself."""
        side = self.side(name)
        own = [one for one in side.open_commitments() if one.request not in side.state.of(Loan)]
        if own:
            side.step(own[pick % len(own)], step)

    @rule(pick=picks)
    def deliver(self, pick: int) -> None:
        """Whichever message comes first comes first."""
        if self.world.wire.waiting:
            self.world.deliver(pick % len(self.world.wire.waiting))

    @rule(number=st.integers(1, 6))
    def deliver_in_order(self, number: int) -> None:
        for _ in range(min(number, len(self.world.wire.waiting))):
            self.world.deliver()

    @rule(pick=picks)
    def repeat(self, pick: int) -> None:
        if self.world.wire.waiting:
            self.world.deliver(pick % len(self.world.wire.waiting), keep=True)

    @rule(pick=picks)
    def lose(self, pick: int) -> None:
        if self.world.wire.waiting:
            self.world.wire.waiting.pop(pick % len(self.world.wire.waiting))

    @rule(seconds=st.sampled_from((1, 29, 31, HOLD_S, HOLD_S + 1, PATIENCE_S, REVIEW_S)))
    def wait(self, seconds: int) -> None:
        self.world.later(seconds)

    @rule(name=sides)
    def look_at_the_clock(self, name: str) -> None:
        self.side(name).fire()

    @rule(name=sides)
    def crash(self, name: str) -> None:
        self.side(name).crash()

    @invariant()
    def nothing_is_held_twice(self) -> None:
        """At home by its commitments; and what a borrower uses its home has lent to that very saga."""
        for name, other in (("j", "k"), ("k", "j")):
            home, borrower = self.side(name), self.side(other)
            held: Counter[str] = Counter()
            lent: set[tuple[str, str]] = set()
            for one in home.open_commitments():
                held[one.resource] += one.quantity
                loan = home.state.get(Loan, one.request)
                if loan is not None and loan.status == "lent":
                    lent.add((loan.id, one.resource))
            for id, quantity in held.items():
                resource = home.state.of(Resource)[id]
                assert quantity <= (1 if resource.entry.form == "unit" else resource.entry.quantity), id
            for aid in borrower.state.of(Aid).values():
                for resource_id in aid.in_use():
                    assert (aid.id, resource_id.partition("@")[0]) in lent, (aid.id, resource_id)

    @invariant()
    def no_late_confirmation_was_accepted(self) -> None:
        assert not self.world.j.late + self.world.k.late

    @invariant()
    def the_working_state_is_the_fold(self) -> None:
        for side in self.world.sides.values():
            for resource in side.state.of(Resource).values():
                assert side.fold.of(Resource)[resource.id] == resource

    def teardown(self) -> None:
        """The wire is in order again, everybody is done: within bounded time nothing is open anywhere."""
        if not hasattr(self, "world"):
            return
        for side in self.world.sides.values():
            for request in [one.id for one in side.state.of(Request).values() if one.unit == "U"]:
                side.cancel(request)
            for one in side.open_commitments():
                if one.request not in side.state.of(Loan):
                    side.step(one, "returned")
        self.world.exchange()
        self.world.quiet(HOLD_S + 2 * PATIENCE_S + 2 * REVIEW_S, step_s=60)
        for side in self.world.sides.values():
            assert not [aid.id for aid in side.state.of(Aid).values() if aid.resident()]
            assert not [loan.id for loan in side.state.of(Loan).values() if loan.open]
            assert not [one.id for one in side.open_commitments() if one.request.startswith("99")]
            assert not [one.id for one in side.state.of(Resource).values() if one.aid is not None]


TwoCities.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTwoCities = TwoCities.TestCase

"""MA-1: a city that is short borrows from a partner; only the home commits, and everything comes back."""

from datetime import timedelta

import pytest

from schemas.inputs.directives import Authorise
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs.aid_events import AidAnswered, AidEnded, AidRequested, AidReturned, ResourceGivenBack
from schemas.outputs.allocation_events import LineDecided, ResourceCommitted
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.entities import Commitment
from streams.domain.context import Happened
from streams.domain.mutual_aid.asking import MUTUAL_AID
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.aid_world import ASKING, HOLD_S, PATIENCE_S, QUICK, REVIEW_S, J, K, Side, World
from tests.allocation_city import policy
from tests.unit.command_city import of


def lent(quantity: int = 1) -> World:
    """K has two teams; J has none, asks for some and uses what K lends."""
    world = World()
    for number in (1, 2):
        world.k.add(f"K-EMR-{number}", "EMR")
    world.j.ask("EMR", quantity)
    world.exchange()
    return world


def test_a_short_line_is_served_by_the_partner_and_the_unit_comes_back() -> None:
    """MA-1: request, hold, confirm, use, return."""
    world = lent()
    (borrowed,) = world.j.open_commitments()
    (held,) = world.k.open_commitments()
    assert (borrowed.resource, borrowed.tier, world.j.line("R1").need) == ("K-EMR-1", "mutual_aid", 0)
    assert (held.resource, world.k.loan(f"{J}-MA1").status) == ("K-EMR-1", "lent")
    for step in ("departed", "arrived", "released"):
        world.j.step(borrowed, step)
    world.exchange()
    assert world.j.resource("K-EMR-1") is None, "it is no part of J's catalogue any more"
    assert (world.j.aid().status, world.j.aid().outcome) == ("ended", "returned")
    assert world.k.loan(f"{J}-MA1").status == "closed"
    home = world.k.resource("K-EMR-1")
    assert home is not None
    assert (home.held, home.status) == (0, "rest"), "a unit that worked rests before it is ready"


def test_the_home_explains_what_it_lends_like_any_other_decision() -> None:
    world = lent()
    (decision,) = of(LineDecided, world.k.log)
    assert (decision.cause, decision.authorisation) == ("mutual_aid", f"AG-{J}")
    assert {"MA-1", "AL-SCORE"} <= set(decision.rules)
    assert [candidate["resource"] for candidate in decision.candidates] == ["K-EMR-1", "K-EMR-2"]


def test_what_is_lent_counts_against_the_homes_own_requests() -> None:
    world = lent()
    world.k.ask("EMR", 2)
    taken = [event.resource for event in of(ResourceCommitted, world.k.log) if event.request == "R1"]
    assert taken == ["K-EMR-2"]
    assert world.k.line("R1").need == 1


def test_floors_of_the_home_hold() -> None:
    world = World()
    world.k.add("K-PPE", "ppe", form="stock", quantity=100, floor=60)
    world.j.ask("ppe", 80)
    world.exchange()
    assert [one.quantity for one in world.k.open_commitments()] == [40]
    assert world.j.line("R1").need == 40


def test_the_agreement_limits_kind_quantity_and_time() -> None:
    world = World(quantities={"EMR": 1})
    for number in (1, 2):
        world.k.add(f"K-EMR-{number}", "EMR")
    world.j.ask("EMR", 2)
    world.exchange()
    assert [one.resource for one in world.k.open_commitments()] == ["K-EMR-1"]
    world.j.ask("EMR", 1)
    world.exchange()
    assert of(AidEnded, world.j.log)[-1].code == "QUANTITY_USED"
    world.j.ask("TOX", 1)
    assert len(of(AidRequested, world.j.log)) == 2, "the agreement does not speak of toxicology"
    ended = World(valid_to=world.wire.now - timedelta(hours=1))
    ended.j.ask("EMR", 1)
    assert not of(AidRequested, ended.j.log)


def test_a_partner_without_the_agreement_declines() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.k.open(J, kinds=("ppe",))
    world.j.ask("EMR", 1)
    world.exchange()
    assert [(event.outcome, event.code) for event in of(AidEnded, world.j.log)] == [("declined", "NO_AGREEMENT")]


def test_an_agreement_may_be_one_sided() -> None:
    world = World(direction="lend")
    world.j.ask("EMR", 1)
    assert not of(AidRequested, world.j.log)


def test_a_confirmation_after_the_hold_is_not_accepted_and_the_borrower_is_told() -> None:
    """MA-1: the home's clock decides, even where its timer has not fired yet."""
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    world.deliver()
    world.later(HOLD_S + 1)
    world.deliver()
    world.deliver()
    (answer,) = [event for event in of(AidAnswered, world.k.log) if event.status == "lapsed"]
    assert answer.code == "EXPIRED"
    world.exchange()
    assert world.j.aid().outcome == "lapsed"
    assert world.j.line("R1").need == 1
    assert not world.j.open_commitments() + world.k.open_commitments()


def test_a_confirmation_at_the_last_instant_is_accepted() -> None:
    world = World(skew_s=7)
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    world.deliver()
    world.later(HOLD_S)
    world.exchange()
    assert world.k.loan(f"{J}-MA1").status == "lent"


def test_every_message_lost_once_is_said_again() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    for _ in range(3):
        world.wire.waiting.clear()
        world.quiet(30)
    world.quiet(60)
    assert world.j.aid().status == "borrowed"
    assert len(of(ResourceCommitted, world.j.log)) == 1


def test_a_borrower_that_nobody_answers_gives_up() -> None:
    world = World()
    world.j.ask("EMR", 1)
    for _ in range(2 * PATIENCE_S // 30):
        world.later(30)
        world.j.fire()
        world.wire.waiting.clear()
    assert (world.j.aid().status, world.j.aid().outcome) == ("ended", "unanswered")


def test_a_hold_for_somebody_who_gave_up_is_given_back_at_once() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    late = world.wire.waiting.pop()
    for _ in range(2 * PATIENCE_S // 30):
        world.later(30)
        world.j.fire()
        world.wire.waiting.clear()
    assert world.j.aid().status == "ended"
    world.wire.waiting = [late]
    world.exchange()
    assert not world.k.open_commitments()


def test_a_home_that_lent_to_somebody_who_gave_up_asks_and_gets_it_back() -> None:
    """The confirmation arrived, nothing that the home said ever did, nor the cancellation."""
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    for _ in range(3):
        world.deliver()
    assert world.k.loan(f"{J}-MA1").status == "lent"
    for _ in range(3 * PATIENCE_S // 30):
        world.wire.waiting.clear()
        world.later(30)
        world.j.fire()
    world.wire.waiting.clear()
    assert (world.j.aid().status, world.j.aid().outcome) == ("ended", "unacknowledged")
    world.quiet(REVIEW_S)
    assert world.k.loan(f"{J}-MA1").status == "closed"


def test_a_borrower_uses_nothing_before_the_home_has_lent_it() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    world.deliver()
    world.deliver(keep=True)
    world.deliver()
    assert world.j.aid().status == "confirming"
    assert not world.j.open_commitments()


def test_a_request_that_comes_after_its_cancellation_holds_nothing() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    request = world.j.ask("EMR", 1)
    world.j.cancel(request)
    world.deliver(1)
    world.deliver(0)
    assert not world.k.open_commitments()
    world.exchange()
    assert world.j.aid().outcome == "cancelled"


def test_a_line_that_was_filled_meanwhile_gives_the_hold_back() -> None:
    world = World()
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    world.j.add("J-EMR-1", "EMR")
    world.exchange()
    assert [one.resource for one in world.j.open_commitments()] == ["J-EMR-1"]
    assert not world.k.open_commitments()
    assert world.k.resource("K-EMR-1").status == "ready", "it never left"  # type: ignore[union-attr]


def test_a_home_that_loses_what_it_lent_tells_the_borrower_whose_line_is_short_again() -> None:
    """Observations are never refused: the owner in K takes the team out of service."""
    world = lent()
    world.k.tell(ResourceStatusReported(area=K, resource="K-EMR-1", status="out_of_service", observed_at=world.k.now))
    world.exchange()
    assert world.j.line("R1").need == 1
    assert world.j.resource("K-EMR-1") is None
    assert world.k.line(f"{J}-MA1").need == 0, "nobody takes its place without a new saga"
    assert world.k.open_commitments() == []


def test_the_owners_steps_at_home_are_steps_at_the_borrower() -> None:
    world = lent()
    (held,) = world.k.open_commitments()
    world.k.step(held, "departed")
    world.exchange()
    assert [one.stage for one in world.j.open_commitments()] == ["en_route"]


def test_units_come_back_one_by_one() -> None:
    world = lent(2)
    first, second = world.j.open_commitments()
    world.j.step(first, "arrived")
    world.j.step(first, "released")
    world.exchange()
    assert [one.resource for one in world.k.open_commitments()] == [second.resource]
    assert world.j.aid().status == "borrowed"
    world.j.step(second, "released")
    world.exchange()
    assert world.j.aid().outcome == "returned"


def test_a_lost_partial_return_is_told_again_when_the_home_asks() -> None:
    world = lent(2)
    first, _ = world.j.open_commitments()
    world.j.step(first, "released")
    world.wire.waiting.clear()
    world.quiet(REVIEW_S + 60)
    assert [one.resource for one in world.k.open_commitments()] == ["K-EMR-2"]


def test_a_loan_that_the_home_no_longer_knows_ends_at_the_borrower_when_it_asks() -> None:
    world = lent()
    (held,) = world.k.open_commitments()
    world.k.step(held, "returned")
    world.wire.waiting.clear()
    world.quiet(REVIEW_S + 60)
    assert world.j.aid().status == "ended"
    assert world.j.line("R1").need == 1


@pytest.mark.parametrize(
    ("step", "left", "stock_at_home"), [("consumed", 0, 70), ("returned", 30, 100), ("released", 30, 100)]
)
def test_stock_comes_back_or_is_used_up(step: str, left: int, stock_at_home: int) -> None:
    world = World()
    world.k.add("K-PPE", "ppe", form="stock", quantity=100)
    world.j.ask("ppe", 30)
    world.exchange()
    (borrowed,) = world.j.open_commitments()
    assert (borrowed.resource, borrowed.quantity) == (f"K-PPE@{J}-MA1", 30)
    if step != "released":
        world.j.step(borrowed, "departed")
    world.j.step(borrowed, step)
    (back,) = of(ResourceGivenBack, world.j.log)
    assert back.quantity == left
    world.exchange()
    home = world.k.resource("K-PPE")
    assert home is not None
    assert (home.quantity, home.held) == (stock_at_home, 0)
    assert world.j.aid().outcome == "returned"


def test_a_part_of_stock_that_was_not_used_comes_back() -> None:
    world = World()
    world.k.add("K-PPE", "ppe", form="stock", quantity=100)
    world.j.ask("ppe", 30)
    world.exchange()
    (borrowed,) = world.j.open_commitments()
    world.j.step(borrowed, "delivered")
    world.j.step(borrowed, "returned", quantity=12)
    world.exchange()
    assert world.k.resource("K-PPE").quantity == 82  # type: ignore[union-attr]


def test_two_sagas_may_draw_on_one_lot() -> None:
    world = World()
    world.k.add("K-PPE", "ppe", form="stock", quantity=100)
    for quantity in (30, 50):
        world.j.ask("ppe", quantity)
        world.exchange()
        world.later(1)
    assert {one.quantity for one in world.j.open_commitments()} == {30, 50}
    world.k.tell(ResourceQuantityReported(area=K, resource="K-PPE", quantity=40, observed_at=world.k.now))
    world.exchange()
    assert [one.quantity for one in world.j.open_commitments()] == [30], "the younger loan is not covered any more"


def test_nobody_else_gets_a_borrowed_unit() -> None:
    world = lent()
    world.j.ask("EMR", 1)
    world.exchange()
    lines = {one.line: one.resource for one in world.j.open_commitments()}
    assert lines == {"R1/1": "K-EMR-1", "R2/1": "K-EMR-2"}
    world.j.step(world.j.state.of(Commitment)["R1/1/1"], "released")
    world.j.ask("EMR", 1)
    assert world.j.line("R3").need == 1


def _deciding() -> Side:
    """A city whose law lets nobody ask without a decision."""
    law = Policy(version="test", allocation=policy(ASKING).allocation, authority=bundled().authority)
    world = World(law)
    world.j.ask("EMR", 1)
    return world.j


def test_al_1_without_authorisation_asking_is_a_proposal() -> None:
    """AL-1, design rule 5: the system proposes, a named authority decides."""
    side = _deciding()
    (proposal,) = of(ProposalOpened, side.log)
    assert (proposal.kind, proposal.rule, proposal.offices) == (
        MUTUAL_AID, "MA-1", ("city_government", "commander_in_chief"),
    )  # fmt: skip
    assert not of(AidRequested, side.log)
    decided = ProposalDecided(
        incident="I1",
        proposal=proposal.proposal,
        kind=MUTUAL_AID,
        rule="MA-1",
        status="confirmed",
        decided_by=("mayor",),
    )
    side._run(Happened(decided, "x"))
    (asked,) = of(AidRequested, side.log)
    assert (asked.decided_by, asked.quantity) == (("mayor",), 1)


def test_al_1_an_authorisation_of_the_incident_lets_it_be_asked_at_once() -> None:
    side = _deciding()
    command = Authorise(incident="I1")
    accepted = DirectiveAccepted(
        directive="D1", issuer="mayor", office="city_government", issued_at=side.now, legal_basis="",
        command=command, authority_rule="AM",
    )  # fmt: skip
    side._run(Happened(accepted, "x"))
    side.ask("EMR", 1)
    assert [event.authorisation for event in of(AidRequested, side.log)] == ["D1"]


def test_a_shortage_is_proposed_once() -> None:
    side = _deciding()
    side.ask("EMR", 1)
    side.add("J-1", "ambulance")
    assert [event.payload["line"] for event in of(ProposalOpened, side.log)] == ["R1/1", "R2/1"]


def test_terms_are_policy() -> None:
    """Another hold in the policy is another hold in the answer."""
    world = World(policy(QUICK.replace(f"hold_seconds: {HOLD_S}", "hold_seconds: 77")))
    world.k.add("K-EMR-1", "EMR")
    world.j.ask("EMR", 1)
    world.deliver()
    (held,) = of(AidAnswered, world.k.log)
    assert held.expires_at == world.k.now + timedelta(seconds=77)


def test_a_stranger_cannot_confirm_or_return_somebody_elses_loan() -> None:
    world = lent()
    (returned,) = [AidReturned(area=K, from_area="990300", aid=f"{J}-MA1", at=world.wire.now, final=True)]
    world.wire.send(returned, "990300")
    world.exchange()
    assert world.k.loan(f"{J}-MA1").status == "lent"

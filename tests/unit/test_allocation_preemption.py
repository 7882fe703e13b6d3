"""Preemption: a proposal to the dispatcher, or at once where a standing order permits it (domain.md 5.2)."""

from schemas.outputs.allocation_events import CommitmentPreempted
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.entities import Commitment
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.allocation_city import POLICY_TEXT, City, city_j, policy

STANDING = POLICY_TEXT.replace("preemption_classes: []", "preemption_classes: [1]")


def small(law: Policy) -> City:
    """Two rescue teams in district B, both ordered to something of class 3."""
    city = City(law)
    seeded = city_j()
    city.state = seeded.state
    city.now = seeded.now
    city.incident("I1", "B", composite=3)
    city.incident("I2", "B", composite=3)
    city.ask(
        "LOW",
        [{"kind": "rescue_team", "quantity": 2, "urgency": 3}],
        department="emergency_management",
        incident="I2",
    )
    return city


def test_a_standing_order_diverts_at_once_and_the_victim_keeps_its_age() -> None:
    city = small(policy(STANDING))
    asked = city.line("LOW/1").asked_ms
    city.later(minutes=1).ask(
        "HIGH", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", incident="I1"
    )
    preempted = [event for event in city.log if isinstance(event, CommitmentPreempted)]
    assert [event.request for event in preempted] == ["LOW"]
    assert (city.line("LOW/1").need, city.line("LOW/1").losses) == (1, 1)
    assert city.line("LOW/1").asked_ms == asked
    assert city.line("HIGH/1").need == 0


def test_a_line_is_preempted_once_and_no_more() -> None:
    city = small(policy(STANDING))
    city.ask("H1", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", incident="I1")
    city.ask("H2", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", incident="I1")
    assert len([event for event in city.log if isinstance(event, CommitmentPreempted)]) == 1
    assert city.line("H2/1").need == 1


def test_a_unit_that_has_arrived_is_not_diverted() -> None:
    city = small(policy(STANDING))
    for commitment in tuple(city.state.of(Commitment).values()):
        city.step(commitment.resource, "arrived")
    city.ask("HIGH", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", incident="I1")
    assert not [event for event in city.log if isinstance(event, CommitmentPreempted)]


def test_without_a_standing_order_it_is_a_proposal_that_a_confirmation_carries_out() -> None:
    law = Policy(version="test", allocation=policy().allocation, authority=bundled().authority)
    city = small(law)
    city.ask("HIGH", [{"kind": "rescue_team", "quantity": 1}], department="emergency_management", incident="I1")
    (asked,) = [event for event in city.log if isinstance(event, ProposalOpened)]
    assert (asked.kind, asked.about) == ("preemption", "HIGH/1")
    assert city.line("HIGH/1").need == 1
    city.happen(
        ProposalDecided(
            incident="I1", proposal=asked.proposal, kind=asked.kind, rule=asked.rule, status="confirmed", directive="D1"
        )
    )
    assert city.line("HIGH/1").need == 0
    assert city.line("LOW/1").need == 1

"""What the system proposes waits for a named authority, and never silently lapses (RL-10, TF-1)."""

from datetime import timedelta

import pytest

from schemas.outputs.proposal_events import ProposalAnswered, ProposalDecided, ProposalEscalated
from schemas.outputs.taskforce_events import JointActivated
from streams.domain.context import Context, TimerFired
from streams.domain.core import Timer
from streams.domain.directives.proposals import decide_expiry, pending
from streams.domain.directives.refs import resolve_incident, resolve_proposal
from streams.policy.loader import bundled_documents, load
from tests.unit.command_city import AREA, NOTICE, REALM, City, at, of


@pytest.fixture
def city() -> City:
    """An accident with three dead, level III running: W2 waits for both conveners since 09:00."""
    city = City()
    city.report(deaths=3, injured=25)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    return city


def test_w2_waits_for_both_conveners_for_fifteen_minutes(city: City) -> None:
    """W2, TF-1; domain.md 3.0: conveners 15 min."""
    (proposal,) = pending(city.state)
    assert (proposal.rule, proposal.offices, proposal.needs) == ("W2", ("convener_health", "convener_em"), "all")
    assert proposal.expires_at == city.now + timedelta(minutes=15)
    assert proposal.decision_rule == "PT-W2"


def test_one_convener_is_not_enough_and_two_are(city: City) -> None:
    city.order("convener-h", "confirm", proposal="W2@cad|X1")
    assert not of(JointActivated, city.events)
    city.order("convener-em", "confirm", proposal="W2@cad|X1")
    (activated,) = of(JointActivated, city.last)
    assert (activated.rule, activated.decided_by) == ("W2", ("convener-h", "convener-em"))
    assert city.proposal("W2").status == "confirmed"


def test_the_two_seats_are_two_persons(city: City) -> None:
    """TF-1: two seats."""
    city.person("both", "convener_health", "convener_em")
    city.order("both", "confirm", office="convener_health", proposal="W2@cad|X1")
    city.order("both", "confirm", office="convener_em", proposal="W2@cad|X1")
    assert city.refusal() == "NOT_AUTHORISED"
    city.order("both", "confirm", office="convener_health", proposal="W2@cad|X1")
    assert city.refusal() == "ALREADY_ANSWERED"


def test_the_government_may_take_the_seat_of_one_missing_convener(city: City) -> None:
    """TF-1: both conveners, or one plus government order."""
    city.order("mayor", "confirm", proposal="W2@cad|X1")
    assert not of(JointActivated, city.events)
    city.order("convener-em", "confirm", proposal="W2@cad|X1")
    assert of(JointActivated, city.last)


def test_a_rejection_ends_the_proposal_with_its_reason(city: City) -> None:
    city.order("convener-em", "reject", proposal="W2@cad|X1", reason="企业自行处置")
    (answered,), (decided,) = of(ProposalAnswered, city.last), of(ProposalDecided, city.last)
    assert (answered.answer, decided.status, decided.reason) == ("reject", "rejected", "企业自行处置")
    city.order("convener-h", "confirm", proposal="W2@cad|X1")
    assert city.refusal() == "PROPOSAL_CLOSED"
    city.report(deaths=3, injured=26)
    assert not pending(city.state), "nothing got worse: it is not asked again"
    city.report(deaths=10, injured=26)
    assert ("joint", "W2", None) in city.waiting(), "the incident got worse: it is asked again"


def test_an_answer_at_the_last_instant_counts(city: City) -> None:
    city.order("convener-h", "confirm", proposal="W2@cad|X1")
    city.until("2026-03-10 09:15")
    city.order("convener-em", "confirm", proposal="W2@cad|X1")
    assert of(JointActivated, city.last)


def test_after_fifteen_minutes_the_government_decides_and_a_late_convener_is_told_so(city: City) -> None:
    """W2: both must confirm within 15 minutes; an unanswered proposal goes to the next authority."""
    city.order("convener-h", "confirm", proposal="W2@cad|X1")
    (escalated,) = of(ProposalEscalated, city.until("2026-03-10 09:16"))
    assert (escalated.asked, escalated.offices) == (("convener_health", "convener_em"), ("city_government",))
    city.order("convener-em", "confirm", proposal="W2@cad|X1")
    assert city.refusal() == "DEADLINE_PASSED"
    assert not of(JointActivated, city.events)
    city.order("mayor", "confirm", proposal="W2@cad|X1")
    assert of(JointActivated, city.last)


def test_an_unanswered_proposal_climbs_to_the_top_and_stays_there(city: City) -> None:
    """It never lapses: nobody above is left to be asked, and it still waits."""
    escalated = of(ProposalEscalated, city.until("2026-03-12 00:00"))
    assert [event.offices for event in escalated] == [
        ("city_government",),
        ("province_government",),
        ("national_government",),
        ("national_government",),
    ]
    assert escalated[-1].expires_at is None
    (proposal,) = pending(city.state)
    assert proposal.status == "escalated"
    assert proposal.opened_at == at("2026-03-10 09:00")
    assert not [timer for timer in city.state.of(Timer).values() if timer.kind == "proposal"]


def test_the_government_that_should_have_decided_still_may_where_the_policy_lets_it(city: City) -> None:
    city.report(deaths=10, injured=26)
    proposal = city.proposal("RL-10")
    assert (proposal.level, proposal.offices) == (2, ("province_government",))
    city.until("2026-03-10 10:00")
    assert city.proposal("RL-10").offices == ("national_government",)
    city.order("governor", "confirm", proposal="start_response:2@cad|X1", notice=NOTICE)
    assert city.responses() == {AREA: 2}


def test_a_superior_takes_over_what_its_inferior_did_not_decide() -> None:
    """应对法 Art. 17: before the term has passed the city may not, afterwards it may."""
    city = City()
    city.report(kinds=("food_poisoning",), cases=40)
    city.order("mayor", "start_response", incident="cad|X1", zone="990102", level=4, notice=NOTICE)
    assert city.refusal() == "NOT_AUTHORISED"
    city.until("2026-03-10 09:31")
    city.order("mayor", "start_response", incident="cad|X1", zone="990102", level=4, notice=NOTICE)
    assert city.responses() == {"990102": 4}


def test_a_proposal_is_named_by_rule_or_kind_with_or_without_its_level(city: City) -> None:
    city.report(deaths=10, injured=26)
    proposal = city.proposal("RL-10")
    for ref in ("RL-10@cad|X1", "RL-10:2@cad|X1", "start_response:2@cad|X1", "raise_response:2@cad|X1", proposal.id):
        assert resolve_proposal(city.state, ref) == proposal
    for ref in ("RL-10:1@cad|X1", "E9@cad|X1", "RL-10@cad|X2", "990100-P99", "@", "x@", ""):
        assert resolve_proposal(city.state, ref) is None


def test_of_several_proposals_the_newest_that_waits_is_meant(city: City) -> None:
    city.order("convener-em", "reject", proposal="W2@cad|X1", reason="")
    city.report(deaths=10, injured=26)
    again = resolve_proposal(city.state, "W2@cad|X1")
    assert again is not None
    assert again.waiting()


def test_a_merged_incident_is_the_one_that_it_became_part_of(city: City) -> None:
    city.report(deaths=1, id="X2")
    city.order("cdc", "merge", incident="cad|X1", other="cad|X2", reason="同一事件")
    one = resolve_incident(city.state, "cad|X1")
    assert one is not None
    assert resolve_incident(city.state, "cad|X2") == one
    assert {proposal.incident for proposal in pending(city.state)} == {one.id}


def test_a_timer_of_a_settled_proposal_does_nothing(city: City) -> None:
    proposal = city.proposal("W2")
    city.order("convener-em", "reject", proposal="W2@cad|X1", reason="")
    fired = TimerFired("t", "proposal", proposal.id, city.now, proposal.incident)
    assert not list(decide_expiry(city.state, fired, Context(AREA, REALM, city.now, city.policy, fired)))


def test_terms_and_offices_are_policy_data() -> None:
    """B4: another term and another confirming office need no code."""
    documents = bundled_documents()
    text = documents["authority.yaml"]
    changed = text.replace("offices: [convener_health, convener_em], needs: all", "offices: [hq_office]").replace(
        "minutes: 15,", "minutes: 5,"
    )
    city = City(load({**documents, "authority.yaml": changed}))
    city.report(deaths=3, injured=25)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    assert city.proposal("W2").expires_at == at("2026-03-10 09:05")
    city.order("hq", "confirm", proposal="W2@cad|X1")
    assert of(JointActivated, city.last)


def test_a_kind_of_proposal_may_expire_where_the_policy_says_so() -> None:
    documents = bundled_documents()
    line = "late_answers: false, source"
    assert line in documents["authority.yaml"]
    changed = documents["authority.yaml"].replace(line, "late_answers: false, on_expiry: expire, source")
    city = City(load({**documents, "authority.yaml": changed}))
    city.report(deaths=3, injured=25)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    (decided,) = of(ProposalDecided, city.until("2026-03-10 09:16"))
    assert decided.status == "expired"
    assert not pending(city.state)

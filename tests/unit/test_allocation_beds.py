"""BD-1: surge tiers open in order when the ones before are exhausted and close in reverse; BD-8: designated first."""

from schemas.inputs.requests import RequestCancelled
from schemas.outputs.allocation_events import ResourceCommitted
from schemas.outputs.bed_events import BedTierClosed, BedTierOpened
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.entities import Commitment
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.allocation_city import City, city_j, policy


def hospital(law: Policy | None = None) -> City:
    city = city_j(law)
    city.incident("I1", "A", composite=3)
    for tier, beds in ((1, 20), (2, 20), (3, 40)):
        city.add(
            f"H1-ISO-{tier}", "isolation_bed", "A", category="bed", form="beds", quantity=beds, tier=tier,
            role="designated", owner_unit="H1",
        )  # fmt: skip
    return city


def ask(city: City, request: str, beds: int) -> None:
    city.ask(request, [{"kind": "isolation_bed", "quantity": beds}], district="A")


def test_sc_2_tier_two_opens_only_when_tier_one_is_used_up() -> None:
    city = hospital()
    ask(city, "R1", 20)
    assert city.taken("isolation_bed") == {"H1-ISO-1": 20}
    assert not [event for event in city.log if isinstance(event, BedTierOpened)]
    ask(city, "R2", 5)
    assert city.taken("isolation_bed") == {"H1-ISO-1": 20, "H1-ISO-2": 5}
    assert [event.tier for event in city.log if isinstance(event, BedTierOpened)] == [2]


def test_a_line_that_tier_one_cannot_fill_takes_the_rest_from_tier_two() -> None:
    city = hospital()
    ask(city, "R1", 25)
    assert city.taken("isolation_bed") == {"H1-ISO-1": 20, "H1-ISO-2": 5}


def test_tier_three_is_cleared_by_a_person() -> None:
    law = Policy(version="test", allocation=policy().allocation, authority=bundled().authority)
    city = hospital(law)
    ask(city, "R1", 45)
    (asked,) = [event for event in city.log if isinstance(event, ProposalOpened) and event.kind == "bed_tier"]
    assert city.line("R1/1").need == 5
    city.happen(
        ProposalDecided(
            incident="I1", proposal=asked.proposal, kind=asked.kind, rule=asked.rule, status="confirmed", directive="D"
        )
    )
    assert city.taken("isolation_bed")["H1-ISO-3"] == 5


def test_a_tier_closes_however_its_last_bed_became_free() -> None:
    """BD-1: a cancelled request frees beds as a discharged patient does."""
    city = hospital()
    ask(city, "R1", 20)
    ask(city, "R2", 5)
    city.send(RequestCancelled(area=city.state.area, request="R2", unit="A-Health"))
    assert not [event for event in city.log if isinstance(event, BedTierClosed)]
    city.send(RequestCancelled(area=city.state.area, request="R1", unit="A-Health"))
    assert [event.tier for event in city.log if isinstance(event, BedTierClosed)] == [2]


def test_tiers_close_in_reverse_order_when_they_are_empty_again() -> None:
    city = hospital()
    ask(city, "R1", 25)
    for commitment in [one for one in city.log if isinstance(one, ResourceCommitted)]:
        city.step(commitment.resource, "arrived", commitment=commitment.commitment)
    second, first = (
        next(one for one in city.state.of(Commitment).values() if one.resource == f"H1-ISO-{tier}") for tier in (2, 1)
    )
    city.step(second.resource, "released", commitment=second.id)
    assert not [event for event in city.log if isinstance(event, BedTierClosed)]
    city.step(first.resource, "released", commitment=first.id)
    assert [event.tier for event in city.log if isinstance(event, BedTierClosed)] == [2]


def two_hospitals() -> City:
    """H1 is designated, H2 its backup and nearer."""
    city = city_j()
    city.incident("I1", "B", composite=3)
    for name, district, role, beds in (("H1", "A", "designated", 10), ("H2", "B", "backup", 10)):
        city.add(
            f"{name}-ISO", "isolation_bed", district, category="bed", form="beds", quantity=beds, tier=1, role=role,
            owner_unit=name,
        )  # fmt: skip
    return city


def test_bd_8_the_backup_hospital_comes_after_the_designated_one_however_near_it_is() -> None:
    """BD-8: designated, then backup; the backup hospital opens when the designated one is used up and then closes."""
    city = two_hospitals()
    ask(city, "R1", 10)
    assert city.taken("isolation_bed") == {"H1-ISO": 10}
    ask(city, "R2", 3)
    assert city.taken("isolation_bed") == {"H1-ISO": 10, "H2-ISO": 3}
    assert [event.owner_unit for event in city.log if isinstance(event, BedTierOpened)] == ["H2"]
    (backup,) = [one for one in city.state.of(Commitment).values() if one.resource == "H2-ISO"]
    city.step("H2-ISO", "arrived", commitment=backup.id)
    city.step("H2-ISO", "released", commitment=backup.id)
    assert [event.owner_unit for event in city.log if isinstance(event, BedTierClosed)] == ["H2"]


def test_bd_9_critical_patients_go_before_others_who_asked_earlier() -> None:
    """BD-9: the green channel is class 1, which no other class overtakes."""
    city = two_hospitals()
    ask(city, "FULL", 20)
    for request, urgency in (("ELECTIVE", 4), ("CRITICAL", 1)):
        city.later(minutes=1).ask(request, [{"kind": "isolation_bed", "quantity": 1, "urgency": urgency}], district="A")
    one = next(one for one in city.state.of(Commitment).values() if one.resource == "H1-ISO")
    city.step("H1-ISO", "arrived", commitment=one.id)
    city.step("H1-ISO", "released", commitment=one.id)
    assert city.line("CRITICAL/1").need == 0
    served = [event.request for event in city.log if isinstance(event, ResourceCommitted)]
    assert served.index("CRITICAL") < served.index("ELECTIVE")

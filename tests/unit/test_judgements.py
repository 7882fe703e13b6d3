"""What named authorities decide about an incident: verify, refute, flags, close (VE-*, EX-5, RQ-3)."""

from datetime import timedelta
from typing import Literal

import pytest

from schemas.inputs import directives as cmd
from schemas.outputs import incident_judgements as judged
from schemas.outputs.incident_events import IncidentClosed, IncidentGraded
from schemas.outputs.refusals import CommandRefused
from streams.domain.core import Incident
from tests.unit.intake_world import START, E, World, of, report

LATER = START + timedelta(hours=1)


def accident(**figures: int) -> tuple[World, str]:
    world = World()
    world.tell(report(START, ["work_safety_accident"], figures=figures, verification="unverified"), START)
    return world, world.incident.id


def test_figures_without_values_verify_what_counts_now() -> None:
    """VE-1: each fact is unverified, verified or refuted."""
    world, incident = accident(deaths=12, serious=3)
    assert set(world.incident.verification.values()) == {"unverified"}
    (verified,) = of(judged.FactsVerified, world.accept(cmd.VerifyFacts(action="verify", incident=incident), LATER))
    assert verified.figures == {"deaths": 12, "serious": 3}
    assert world.incident.verification == {"deaths": "verified", "serious": "verified"}


def test_a_stated_case_count_is_verified_with_the_rest() -> None:
    """VE-1: a total that somebody stated is a figure like others, though a line list could also give it."""
    world = World()
    world.tell(report(START, ["food_poisoning"], figures={"cases": 40}, verification="unverified"), START)
    world.accept(cmd.VerifyFacts(action="verify", incident=world.incident.id), LATER)
    assert world.incident.verification == {"cases": "verified"}


def test_verification_may_lower_the_computed_grade() -> None:
    """Corrections may lower a computed grade; a response is another matter."""
    world, incident = accident(deaths=12)
    events = world.accept(cmd.VerifyFacts(action="verify", incident=incident, figures={"deaths": 2}), LATER)
    assert [(event.previous, event.composite) for event in of(IncidentGraded, events)] == [(2, 4)]


def test_a_hoax_leaves_no_figure() -> None:
    """VE-2: a refuted incident has no grade; what is said later counts again."""
    world, incident = accident(deaths=12)
    events = world.accept(cmd.VerifyFacts(action="refute", incident=incident, reason="hoax"), LATER)
    assert of(judged.IncidentRefuted, events)
    assert (world.incident.figures, world.incident.composite) == ({}, None)
    again = LATER + timedelta(hours=1)
    world.tell(report(again, ["work_safety_accident"], figures={"deaths": 1}, occurred_at=START), again)
    assert world.incident.composite == 4


def test_one_refuted_report_leaves_the_others() -> None:
    world, incident = accident(deaths=12)
    other = report(START, ["work_safety_accident"], figures={"deaths": 3}, source="120", occurred_at=START)
    world.tell(other, START)
    two = max(world.state.of(Incident))
    world.accept(cmd.MergeIncidents(action="merge", incident=incident, other=two, reason="same"))
    refute = cmd.VerifyFacts(action="refute", incident=incident, report="cad-b|X1")
    events = world.accept(refute, LATER)
    assert (world.incident.figures, len(of(judged.IncidentRefuted, events))) == ({"deaths": 3}, 0)
    events = world.accept(refute.model_copy(update={"report": "120|X1"}), LATER)
    assert (world.incident.figures, len(of(judged.IncidentRefuted, events))) == ({}, 1)


def test_spreading_counts_only_from_an_expert_or_a_verified_report() -> None:
    """2.2 note 4, EX-5: a judgement with author and time, never computed; the newest word counts."""
    world = World()
    kinds = ["novel_or_imported"]
    world.tell(
        report(START, kinds, figures={"cases": 1, "spreading": True}, verification="unverified", district=E), START
    )
    assert world.incident.severity("PHE") == 2
    incident = world.incident.id

    def opinion(number: int, **flags: bool) -> cmd.ExpertOpinion:
        return cmd.ExpertOpinion(incident=incident, opinion=f"o{number}", flags=dict(flags), text="judged")

    (stated,) = of(judged.FlagsStated, world.accept(opinion(1, spreading=True), LATER))
    assert (stated.issuer, stated.office, stated.as_of) == ("p-1", "cdc", LATER)
    assert world.incident.severity("PHE") == 1
    world.accept(opinion(2, spreading=False), LATER + timedelta(hours=1))
    assert world.incident.severity("PHE") == 2
    third = LATER + timedelta(hours=2)
    world.tell(report(third, kinds, figures={"spreading": True}, occurred_at=START, district=E), third)
    assert world.incident.severity("PHE") == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (cmd.VerifyFacts(action="verify", incident="cad-b|X1", figures={"ufos": 1}), "UNKNOWN_FACT"),
        (cmd.VerifyFacts(action="verify", incident="cad-b|X1", figures={"deaths": "two"}), "WRONG_FACT_TYPE"),
        (cmd.VerifyFacts(action="refute", incident="cad-b|X1", figures={"ufos": 1}), "UNKNOWN_FACT"),
        (cmd.VerifyFacts(action="refute", incident="cad-b|X1", report="x|y"), "UNKNOWN_REPORT"),
        (cmd.VerifyFacts(action="verify", incident="nobody"), "UNKNOWN_INCIDENT"),
        (cmd.ExpertOpinion(incident="cad-b|X1", opinion="o", flags={"ufos": True}, text="x"), "UNKNOWN_FACT"),
        (cmd.ReassessGrade(incident="nobody", family="EQi", reason="x"), "UNKNOWN_INCIDENT"),
    ],
)
def test_what_cannot_be_judged_is_refused(command: cmd.Action, code: str) -> None:
    world, _ = accident(deaths=1)
    before = world.incident
    refused = of(CommandRefused, world.accept(command, LATER))
    assert code in {event.code for event in refused}
    assert world.incident == before


def test_an_incident_without_figures_has_nothing_to_verify() -> None:
    world, incident = accident()
    (refused,) = of(CommandRefused, world.accept(cmd.VerifyFacts(action="verify", incident=incident), LATER))
    assert refused.code == "NOTHING_TO_VERIFY"


def test_an_incident_closes_by_directive() -> None:
    world, incident = accident(deaths=1)
    assert of(IncidentClosed, world.accept(cmd.CloseIncident(incident=incident, reason="over"), LATER))
    assert not world.state.of(Incident)


def test_an_incident_whose_response_runs_does_not_close() -> None:
    world, incident = accident(deaths=3)
    start = cmd.StartResponse(
        incident=incident,
        zone=world.state.area,
        level=3,
        notice=cmd.Notice(matter="explosion", expected_until=LATER + timedelta(days=3), measures=("rescue",)),
    )
    world.accept(start, LATER, office="city_government")
    (refused,) = of(CommandRefused, world.accept(cmd.CloseIncident(incident=incident), LATER))
    assert refused.code == "RESPONSE_RUNNING"


@pytest.mark.parametrize("settled", ["return", "compensate"])
@pytest.mark.parametrize("merged", [False, True])
def test_an_open_requisition_keeps_the_incident_open(settled: Literal["return", "compensate"], *, merged: bool) -> None:
    """RQ-3: neither given back nor paid for, it blocks closing; also when its incident was merged into another."""
    world = World()
    for external in ("one", "two"):
        told = report(START, ["cholera"], figures={"cases": 2}, verification="verified", external_id=external)
        world.tell(told, START)
    one, two = sorted(world.state.of(Incident))
    ordered = cmd.Requisition(incident=two, item="HOTEL", owner="LAKE-LTD", requisition="REQ-1")
    world.accept(ordered, LATER, office="city_government")
    if merged:
        world.accept(cmd.MergeIncidents(action="merge", incident=one, other=two, reason="same strain"), LATER)
    close = cmd.CloseIncident(incident=one if merged else two, reason="over")
    (refused,) = of(CommandRefused, world.accept(close, LATER))
    assert (refused.code, refused.details) == ("REQUISITION_OPEN", {"requisitions": ["REQ-1"]})
    settling = {"step": settled, "incident": close.incident}
    world.accept(ordered.model_copy(update=settling), LATER, office="city_government")
    assert of(IncidentClosed, world.accept(close, LATER))


def test_the_requisitions_of_others_do_not_keep_an_incident_open() -> None:
    """RQ-3: only its own requisitions block it."""
    world = World()
    for external in ("one", "two"):
        world.tell(report(START, ["cholera"], figures={"cases": 2}, external_id=external), START)
    one, two = sorted(world.state.of(Incident))
    ordered = cmd.Requisition(incident=two, item="HOTEL", owner="LAKE-LTD", requisition="REQ-1")
    world.accept(ordered, LATER, office="city_government")
    assert of(IncidentClosed, world.accept(cmd.CloseIncident(incident=one, reason="over"), LATER))

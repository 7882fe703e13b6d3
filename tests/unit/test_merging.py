"""Merge, split, link: reversible, no external id lost, figures per source (SC-2; design, intake)."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.base import Point
from schemas.inputs import directives as cmd
from schemas.inputs.reports import CaseOnset, Place
from schemas.outputs import incident_judgements as judged
from schemas.outputs.incident_events import IncidentOpened
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from schemas.outputs.refusals import CommandRefused
from streams.domain.context import Context, Happened
from streams.domain.core import ExternalRef, Incident
from streams.domain.intake import standing
from streams.domain.intake.entities import CaseCounts, IncidentLink, LineList, Source
from tests.unit.intake_world import START, B, C, E, World, at, of, report

D0 = at("2026-08-01 10:00")
D8 = at("2026-08-09 09:30")


def two_clusters() -> tuple[World, str, str]:
    """SC-2: one incident in E since D0, one in C since D8."""
    world = World()
    onset = CaseOnset(case="e1", district=E, onset=D0)
    world.tell(report(D0, ["cholera"], figures={"cases": 1}, onsets=(onset,), district=E, source="h5"), D0)
    more = (CaseOnset(case="c1", district=C, onset=D8), CaseOnset(case="c2", district=C, onset=D8))
    world.tell(
        report(D8, ["cholera"], figures={"cases": 2}, onsets=more, district=C, source="h4", needs=("sanitation",)), D8
    )
    one, two = sorted(world.state.of(Incident))
    return world, one, two


def merge(world: World, one: str, two: str, action: Any = "merge") -> list[Any]:
    return world.accept(cmd.MergeIncidents(action=action, incident=one, other=two, reason="same strain, linked meal"))


def everything(world: World, *ids: str) -> list[Any]:
    """What is known of incidents, grades included."""
    kinds = ("incident", "report_source", "line_list", "case_counts", "external_ref", "verdicts")
    found = {id: e for kind in kinds for id, e in ((f"{kind}:{i}", e) for i, e in world.state.tables(kind).items())}
    return [found[id] for id in sorted(found) if any(found[id].incident == incident for incident in ids)]


def test_two_incidents_become_one_and_are_graded_as_one() -> None:
    """SC-2 D8: counties = 2 and first in the urban area, both rules recorded; every external id leads to it."""
    world, one, two = two_clusters()
    assert world.state.of(Incident)[one].severity("PHE") == 4
    merge(world, one, two)
    incident = world.incident
    assert (incident.id, incident.districts, incident.occurred_at, incident.needs) == (one, (E, C), D0, ("sanitation",))
    assert (incident.figures["counties"], incident.figures["cases"]) == (2, 3)
    hits = [hit.rule for grade in incident.families for hit in grade.hits]
    assert hits == ["CH-3b", "CH-3c"]
    assert {ref.id: ref.incident for ref in world.state.of(ExternalRef).values()} == {"h4|X1": one, "h5|X1": one}
    found = standing(world.state, two)
    assert found is not None
    assert found.id == one


def test_a_split_brings_back_what_a_merge_joined() -> None:
    """Reversible: what was said before and since goes with its source."""
    world, one, two = two_clusters()
    world.accept(cmd.VerifyFacts(action="verify", incident=two, figures={"deaths": 1}), D8)
    before = everything(world, one, two)
    merge(world, one, two)
    assert world.incident.figures["deaths"] == 1
    merge(world, one, two, "split")
    assert everything(world, one, two) == before


def test_follow_ups_after_the_merge_go_with_their_source() -> None:
    world, one, two = two_clusters()
    merge(world, one, two)
    later = D8 + timedelta(hours=3)
    onsets = (
        CaseOnset(case="c3", district=C, onset=later),
        CaseOnset(case="c1", district=C, onset=D8, status="excluded"),
    )
    world.tell(
        report(later, ["cholera"], figures={"cases": 4}, onsets=onsets, district=C, source="h4", occurred_at=D8), later
    )
    assert world.state.of(Source)["h4|X1"].incident == one
    merge(world, one, two, "split")
    lists = {id: set(entity.cases) for id, entity in world.state.of(LineList).items()}
    assert lists == {one: {"e1"}, two: {"c1", "c2", "c3"}}
    counts = {
        entity.incident: [count.number for count in entity.counts] for entity in world.state.of(CaseCounts).values()
    }
    assert counts[two] == [2, 4]
    assert world.state.of(Incident)[two].figures["cases"] == 4


def test_a_chain_of_merges_is_undone_link_by_link() -> None:
    world, one, two = two_clusters()
    world.tell(report(D8, ["cholera"], figures={"cases": 1}, district=B, source="h3"), D8)
    three = max(world.state.of(Incident))
    merge(world, two, three)
    merge(world, one, two)
    assert {source.incident for source in world.state.of(Source).values()} == {one}
    assert (found := standing(world.state, three)) is not None
    assert found.id == one
    merge(world, one, two, "split")
    assert {s.id: s.incident for s in world.state.of(Source).values()} == {"h3|X1": two, "h4|X1": two, "h5|X1": one}
    merge(world, two, three, "split")
    assert {s.id: s.incident for s in world.state.of(Source).values()} == {"h3|X1": three, "h4|X1": two, "h5|X1": one}
    assert all(not source.origins for source in world.state.of(Source).values())


def test_splitting_the_only_report_of_a_merged_incident_raises_that_incident_again() -> None:
    world = World()
    world.tell(report(START, ["work_safety_accident"], figures={"deaths": 3}), START)
    other = report(START, ["work_safety_accident"], figures={"deaths": 11}, source="120", channel="ems_120")
    world.tell(other, START)
    one, two = sorted(world.state.of(Incident))
    merge(world, one, two)
    assert world.incident.severity("WSA") == 2
    events = merge(world, one, "120|X1", "split")
    assert not of(IncidentOpened, events)
    assert {i.id: i.composite for i in world.state.of(Incident).values() if i.status == "open"} == {one: 3, two: 2}


def test_a_report_attached_by_nearness_can_be_split_off() -> None:
    world = World()
    place = {"place": Place(district=B, point=Point(lat=30.0, lon=114.0))}
    world.tell(report(START, ["work_safety_accident"], figures={"deaths": 3}, **place), START)
    world.tell(
        report(START, ["work_safety_accident"], figures={"deaths": 11}, source="120", channel="ems_120", **place), START
    )
    one = world.incident.id
    assert world.incident.composite == 2
    (opened,) = of(IncidentOpened, merge(world, one, "120|X1", "split"))
    assert opened.incident != one
    grades = {incident.id: incident.composite for incident in world.state.of(Incident).values()}
    assert grades == {one: 3, opened.incident: 2}
    assert world.state.of(ExternalRef)["120|X1"].incident == opened.incident
    assert not world.state.of(ExternalRef)["120|X1"].provisional


@pytest.mark.parametrize(
    ("action", "other", "code"),
    [
        ("merge", "one", "SAME_INCIDENT"),
        ("link", "one", "SAME_INCIDENT"),
        ("merge", "nobody", "UNKNOWN_INCIDENT"),
        ("link", "nobody", "UNKNOWN_INCIDENT"),
        ("split", "two", "NOTHING_TO_SPLIT"),
        ("split", "h5|X1", "NOTHING_WOULD_REMAIN"),
    ],
)
def test_what_cannot_be_merged_or_split_is_refused(action: str, other: str, code: str) -> None:
    world, one, two = two_clusters()
    named = {"one": one, "two": two}.get(other, other)
    (refused,) = of(CommandRefused, merge(world, one, named, action))
    assert (refused.code, refused.incident) == (code, one)


def test_a_closed_incident_is_not_merged() -> None:
    world, one, two = two_clusters()
    world.accept(cmd.CloseIncident(incident=two))
    (refused,) = of(CommandRefused, merge(world, one, two))
    assert refused.code in {"UNKNOWN_INCIDENT", "INCIDENT_NOT_OPEN"}


def test_linked_incidents_stay_two() -> None:
    """SC-2 variant a: an unrelated strain, two incidents that have to do with each other."""
    world, one, two = two_clusters()
    (linked,) = of(judged.IncidentsLinked, merge(world, one, two, "link"))
    assert (linked.incident, linked.other) == (one, two)
    assert [link.other for link in world.state.of(IncidentLink).values()] == [two]
    assert {incident.status for incident in world.state.of(Incident).values()} == {"open"}
    assert world.state.of(Incident)[two].severity("PHE") == 3


def proposal_of(world: World) -> str:
    (opened,) = [event for event in of(ProposalOpened, world.events) if event.kind == "merge"]
    return opened.proposal


def test_a_merge_by_directive_settles_the_proposal() -> None:
    world, one, two = two_clusters()
    (decided,) = [event for event in of(ProposalDecided, merge(world, one, two)) if event.kind == "merge"]
    assert (decided.proposal, decided.status) == (proposal_of(world), "superseded")


@pytest.mark.parametrize(("status", "merged"), [("confirmed", 1), ("rejected", 0)])
def test_a_confirmed_proposal_merges(status: Any, merged: int) -> None:
    world, one, two = two_clusters()
    decided = ProposalDecided(
        incident=one, proposal=proposal_of(world), kind="merge", rule="IN-link", status=status, decided_by=("p-9",)
    )
    context = Context(world.state.area, "actual", world.now, world.policy, Happened(decided, "d"))
    events = of(judged.IncidentsMerged, world._run(context))
    assert [(event.incident, event.other, event.issuer) for event in events] == [(one, two, "p-9")] * merged

"""From reports to incidents: identity, attachment, what the policy cannot read, closed incidents."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.base import InputEvent, Point
from schemas.inputs import directives as cmd
from schemas.inputs.registers import DistrictRegistered
from schemas.inputs.reports import Place
from schemas.outputs import incident_events as out
from schemas.outputs.proposal_events import ProposalOpened
from streams.domain.core import ExternalRef, Incident
from streams.domain.intake import unknown_division
from streams.domain.intake.entities import Source, Suspicion
from tests.unit.intake_world import AREA, START, A, B, C, World, at, of, report

EXPLOSION = ("work_safety_accident", "mass_casualty")
HERE = Place(district=B, point=Point(lat=30.0, lon=114.0))
NEAR = Place(district=B, point=Point(lat=30.003, lon=114.0))
LOOSE = Place(district=B, point=Point(lat=30.02, lon=114.0))
FAR = Place(district=B, point=Point(lat=30.2, lon=114.0))


def first(world: World, **fields: Any) -> str:
    world.tell(report(START, EXPLOSION, place=HERE, figures={"deaths": 3}, **fields), START)
    return world.incident.id


def second(world: World, **fields: Any) -> list[Any]:
    defaults = {
        "source": "120",
        "external_id": "E7",
        "channel": "ems_120",
        "place": NEAR,
        "occurred_at": START + timedelta(minutes=5),
        "figures": {"deaths": 5},
    }
    return world.tell(report(START, EXPLOSION, **{**defaults, **fields}), START + timedelta(minutes=6))


def test_an_incident_is_numbered_by_area_local_day_and_count() -> None:
    """The day is the area's own: 00:30 in Shanghai belongs to the new day though UTC is still on the old one."""
    world = World()
    for number, when in enumerate((at("2026-03-10 23:50"), at("2026-03-11 00:30"), at("2026-03-11 09:00")), start=1):
        world.tell(report(when, EXPLOSION, external_id=f"X{number}", district=A), when)
    assert list(world.state.of(Incident)) == ["990100-20260310-001", "990100-20260311-001", "990100-20260311-002"]


def test_a_follow_up_attaches_by_the_senders_own_id() -> None:
    """IN-7: same source and external id, same incident."""
    world = World()
    incident = first(world)
    events = world.tell(report(START + timedelta(minutes=30), EXPLOSION, figures={"deaths": 8}), START)
    assert [event.incident for event in of(out.ReportAttached, events)] == [incident]
    assert not of(out.IncidentOpened, events)
    assert world.incident.figures["deaths"] == 8


def test_another_channel_near_in_space_and_time_attaches_provisionally() -> None:
    """IN-7: one incident, the figures kept per source, shown as provisional."""
    world = World()
    incident = first(world)
    (attached,) = of(out.ReportAttached, second(world))
    assert (attached.incident, attached.provisional) == (incident, True)
    assert world.incident.figures["deaths"] == 5
    kept = {source.id: source.figures["deaths"].value for source in world.state.of(Source).values()}
    assert kept == {"cad-b|X1": 3, "120|E7": 5}
    assert world.state.of(ExternalRef)["120|E7"].provisional


@pytest.mark.parametrize(
    ("fields", "proposals"),
    [
        ({"channel": "cad"}, 1),
        ({"place": LOOSE}, 1),
        ({"place": Place(district=B)}, 1),
        ({"occurred_at": START + timedelta(minutes=31)}, 1),
        ({"place": Place(district=A)}, 0),
        ({"place": FAR}, 0),
        ({"occurred_at": START + timedelta(minutes=121)}, 0),
        ({"hazard_kinds": ("natural_disaster",)}, 0),
    ],
)
def test_anything_looser_opens_an_incident_of_its_own(fields: dict[str, Any], proposals: int) -> None:
    """Two explosions in one park are two incidents until a person says otherwise."""
    world = World()
    one = first(world)
    events = second(world, **fields)
    (opened,) = of(out.IncidentOpened, events)
    merges = [event for event in of(ProposalOpened, events) if event.kind == "merge"]
    assert [(merge.incident, merge.about) for merge in merges] == [(one, opened.incident)] * proposals


def test_two_clusters_of_one_infectious_kind_are_proposed_as_one_outbreak_within_the_linkage_days() -> None:
    """2.2 note 3: the 14-day linkage only proposes; who may merge is asked."""
    world = World()
    for number, (day, district) in enumerate((("01", A), ("15", B), ("30", C)), start=1):
        when = at(f"2026-08-{day} 10:00")
        world.tell(report(when, ["cholera"], external_id=f"X{number}", district=district, figures={"cases": 1}), when)
    merges = [event for event in of(ProposalOpened, world.events) if event.kind == "merge"]
    assert [(merge.rule, merge.incident) for merge in merges] == [("IN-link", "990100-20260801-001")]
    assert merges[0].offices


def test_a_suspicion_is_kept_and_opens_nothing() -> None:
    """IN-10: a clue below any threshold becomes an incident only when it is reported as one."""
    world = World()
    events = world.tell(report(START, ["unknown_cause_cluster"], suspicion=True), START)
    assert [type(event) for event in events if event.incident or isinstance(event, out.SuspicionKept)] == [
        out.SuspicionKept
    ]
    assert not world.state.of(Incident)
    assert not world.state.of(Suspicion), "history leaves the working state"
    world.tell(report(START, ["unknown_cause_cluster"], figures={"clusters": 1}), START)
    assert world.incident.composite == 3


def test_what_the_policy_cannot_read_is_kept_and_flagged() -> None:
    """Observations are never refused: unknown kinds, facts and types are told, the rest counts."""
    world = World()
    events = world.tell(
        report(
            START,
            ["alien_landing", "work_safety_accident"],
            figures={"deaths": 3, "ufos": 2, "serious": "ten", "dc": 4, "spreading": True},
            verification="unverified",
            as_of=START + timedelta(days=400),
        ),
        START,
    )
    flags = {event.reason: event.names for event in of(out.ReportFlagged, events)}
    assert flags == {
        "unknown_hazard_kind": ("alien_landing",),
        "unknown_fact": ("ufos", "dc"),
        "wrong_fact_type": ("serious",),
        "judgement_without_expert": ("spreading",),
        "future_as_of": ("as_of",),
    }
    assert world.incident.hazard_kinds == ("alien_landing", "work_safety_accident")
    assert world.incident.figures == {"deaths": 3}
    assert world.incident.figures_as_of == START
    assert world.incident.severity("WSA") == 3


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    world = World()
    ahead = START + timedelta(minutes=10)
    assert not of(out.ReportFlagged, world.tell(report(START, EXPLOSION, as_of=ahead), START))
    assert world.incident.figures_as_of == ahead


def test_a_taxonomy_code_means_its_kind() -> None:
    """domain.md 2.7: 13A02 is cholera."""
    world = World()
    events = world.tell(report(START, ["13A02"], figures={"cases": 1}, district=B), START)
    assert world.incident.hazard_kinds == ("cholera",)
    assert world.incident.severity("PHE") == 4
    assert not of(out.ReportFlagged, events)


def test_a_report_widens_kinds_districts_setting_and_time() -> None:
    """IN-1: an incident may carry several kinds; it began when the earliest report says it did."""
    world = World()
    first(world)
    earlier = START - timedelta(minutes=8)
    changed = of(
        out.KindsChanged,
        world.tell(
            report(
                START + timedelta(hours=1),
                ["occupational_poisoning"],
                district=C,
                setting="school",
                occurred_at=earlier,
                figures={"cases": 4},
            ),
            START + timedelta(hours=1),
        ),
    )
    assert [(event.hazard_kinds, event.districts) for event in changed] == [
        ((*EXPLOSION, "occupational_poisoning"), (B, C))
    ]
    incident = world.incident
    assert (incident.setting, incident.occurred_at, incident.severity("PHE")) == ("school", earlier, 3)


def test_a_need_is_stated_once_per_district() -> None:
    """NS-2c: the same need again, or from a second unit of the district, is no new need."""
    world = World()
    first(world)

    def needs(**fields: Any) -> list[str]:
        fields = {"occurred_at": START, **fields}
        events = world.tell(report(START + timedelta(hours=1), EXPLOSION, **fields), START + timedelta(hours=1))
        return [f"{event.need}@{event.district}" for event in of(out.NeedStated, events)]

    assert needs(needs=("sanitation", "medical")) == [f"sanitation@{B}", f"medical@{B}"]
    assert needs(needs=("sanitation",)) == []
    assert second(world, needs=("sanitation", "shelter"))
    assert [event.need for event in of(out.NeedStated, world.events)] == ["sanitation", "medical", "shelter"]
    assert set(world.incident.needs) == {"sanitation", "medical", "shelter"}


def test_a_late_report_attaches_to_a_closed_incident_without_opening_it() -> None:
    """Decree 493 Art. 13: a supplement is recorded; the incident stays closed."""
    world = World()
    incident = first(world)
    world.accept(cmd.CloseIncident(incident=incident, reason="over"))
    closed = {entity.id: entity for entity in world.state.of(Incident).values()}
    assert closed == {}, "a closed incident leaves the working state"


def test_a_report_for_a_closed_incident_is_a_late_supplement() -> None:
    world = World()
    incident = first(world)
    cluster = [e for kind in ("incident", "external_ref", "report_source") for e in world.state.tables(kind).values()]
    world.accept(cmd.CloseIncident(incident=incident, reason="over"))
    stored = [e.model_copy(update={"status": "closed"}) if isinstance(e, Incident) else e for e in cluster]
    world.state.load(stored, visitors=(incident,))
    events = world.tell(report(START + timedelta(days=3), EXPLOSION, figures={"deaths": 12}), START + timedelta(days=3))
    (attached,) = of(out.ReportAttached, events)
    assert (attached.incident, attached.late) == (incident, True)
    assert [event.composite for event in of(out.IncidentGraded, events)] == [2]
    assert not of(out.IncidentReopened, events)


@pytest.mark.parametrize(
    ("event", "unknown"),
    [
        (report(START, EXPLOSION, district=B), None),
        (report(START, EXPLOSION, district=AREA), None),
        (report(START, EXPLOSION, district="990109"), "990109"),
        (DistrictRegistered(area=AREA, district="990109", name="new"), None),
    ],
)
def test_a_division_that_the_area_does_not_have_is_named(event: InputEvent, unknown: str | None) -> None:
    """Design, bad input: the shell dead-letters what speaks of an unknown division."""
    assert unknown_division(World().state, event) == unknown

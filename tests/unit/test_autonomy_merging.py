"""A node's log is merged in its city (AU-1): once, in its own order, facts kept, contradictions replanned."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import OutputEvent
from schemas.inputs.nodes import (
    WORDS,
    Happening,
    LogEntry,
    QuantitySeen,
    ReportTaken,
    RequestChangedThere,
    StatusSeen,
    SteppedThere,
    TierMoved,
    sealed,
)
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.incident_events import IncidentClosed, IncidentOpened, ReportAttached
from streams.domain.allocation.entities import BedTier, Commitment, Line, Resource
from streams.domain.autonomy.entities import NodeEntry, NodeLog
from streams.domain.autonomy.facts import MEANINGS
from streams.domain.context import Happened
from streams.domain.core import Incident
from tests.unit.intake_world import AREA, A, D, of, report
from tests.unit.node_world import BEGUN, NODE, OVER, Installation, asked, clock, gave, log

if TYPE_CHECKING:
    from streams.domain.state import Entity

WHOLE: tuple[Happening, ...] = (
    BEGUN,
    ReportTaken(report=report(clock("03:17"), ["earthquake"], district=D, figures={"deaths": 6}, as_of=clock("03:40"))),
    asked("R", ambulance=2, icu_bed=5),
    gave("R/1/1", "AMB-D-1"),
    gave("R/1/2", "AMB-D-2"),
    gave("R/2/1", "H6-ICU", 2),
    TierMoved(owner_unit="H6", bed_kind="icu_bed", tier=2, request="R", line=2),
    gave("R/2/2", "H6-SURGE", 2),
    SteppedThere(commitment="R/1/1", resource="AMB-D-1", stage="en_route", observed_at=clock("03:50")),
    SteppedThere(
        commitment="R/1/2",
        resource="AMB-D-2",
        stage="released",
        observed_at=clock("03:55"),
        freed=1,
        resource_status="rest",
    ),
    asked("S", rescue_team=1),
    gave("S/1/1", "RT-D"),
    ReportTaken(
        report=report(clock("03:17"), ["earthquake"], district=D, figures={"deaths": 11}, as_of=clock("05:00"))
    ),
    OVER,
)
"""A night of district D."""


def cut_off() -> Installation:
    """The city, which committed two ambulances and a bed of D before D fell silent, for others."""
    city = Installation()
    city.request("CITY", "03:10", ambulance=2, icu_bed=1)
    city.fall_silent()
    return city


def outcome(city: Installation) -> dict[str, Any]:
    """Everything that the merge leaves behind."""
    kinds: tuple[type[Entity], ...] = (Commitment, Line, Resource, NodeEntry, NodeLog, BedTier, Incident)
    return {kind.KIND: city.stored(kind) for kind in kinds}


EXPECTED = cut_off()
EXPECTED.merge(*log(*WHOLE))


def test_every_word_of_a_log_has_a_meaning() -> None:
    assert set(MEANINGS) == set(WORDS.values())


def test_au_1_local_commitments_are_kept_and_the_citys_replanned() -> None:
    """AU-1: a delegated resource is where its node says; the city's line gets another one, or waits."""
    city = cut_off()
    assert set(city.holders()) == {"AMB-D-1", "AMB-D-2", "H6-ICU"}
    events = city.merge(*log(*WHOLE))
    holders = city.holders()
    assert holders["AMB-D-1"] == [f"{NODE}:R/1/1"]
    assert holders["RT-D"] == [f"{NODE}:S/1/1"]
    assert holders["H6-ICU"] == [f"{NODE}:R/2/1"]
    settled = of(out.ConflictSettled, events)
    assert {(one.resource, one.delegated) for one in settled} == {
        ("AMB-D-1", True),
        ("AMB-D-2", True),
        ("H6-ICU", True),
    }
    lost = of(alloc.CommitmentDisplaced, events)
    assert [one.commitment for one in lost] == [one.replanned for one in settled]
    assert [of(alloc.LineDecided, events)[0].cause, len(lost)] == ["displaced", 3]
    served = {one.resource for one in of(alloc.ResourceCommitted, events) if one.request == "CITY"}
    assert served >= {"AMB-A-1", "AMB-A-2"}


def test_au_1_what_the_node_could_not_serve_is_the_citys_to_serve_afterwards() -> None:
    """AU-1, C13: handed over at the end of the log, not before: until then the node may still serve it."""
    city = Installation()
    city.fall_silent()
    entries = log(BEGUN, asked("R", ambulance=4), *(gave(f"R/1/{n}", f"AMB-D-{n}") for n in (1, 2, 3)), OVER)
    assert not of(alloc.LineDecided, city.merge(*entries[:4]))
    events = city.merge(*entries[4:])
    (handed,) = of(out.LinesHandedOver, events)
    assert handed.lines == (f"{NODE}:R/1",)
    (decided,) = of(alloc.LineDecided, events)
    assert (decided.cause, decided.needed, decided.committed) == ("freed", 1, 1)
    assert city.holders()["AMB-A-1"] == [f"{NODE}:R/1/1004"]


def test_au_1_of_two_claims_to_what_was_not_delegated_the_citys_stands() -> None:
    """AU-1, C13: local resources only; the node's line is replanned, and nothing is refused."""
    city = Installation()
    city.request("CITY", "03:10", district=A, ambulance=2)
    city.fall_silent()
    events = city.merge(*log(BEGUN, asked("R", ambulance=2), gave("R/1/1", "AMB-A-1"), gave("R/1/2", "AMB-A-3"), OVER))
    (settled,) = of(out.ConflictSettled, events)
    assert (settled.kept, settled.replanned, settled.delegated) == ("CITY/1/1", f"{NODE}:R/1/1", False)
    assert city.holders()["AMB-A-1"] == ["CITY/1/1"]
    assert city.holders()["AMB-A-3"] == [f"{NODE}:R/1/2"], "numbered as the node did"
    assert city.holders()["AMB-D-1"] == [f"{NODE}:R/1/1003"]
    assert not of(alloc.CommitmentDisplaced, events)


def test_au_1_reports_of_the_node_are_observations_like_any_other() -> None:
    """AU-1: they attach to the incident that they name, and the figures count."""
    (incident,) = EXPECTED.state.of(Incident).values()
    assert incident.figures["deaths"] == 11
    assert len(of(IncidentOpened, EXPECTED.events)) == 1
    assert len(of(ReportAttached, EXPECTED.events)) == 2


def test_au_1_steps_mean_here_what_they_meant_there() -> None:
    """AU-1: a unit that was released rests; a bed is held; a tier is open."""
    commitments = EXPECTED.stored(Commitment)
    stages = {id: commitments[f"{NODE}:{id}"].stage for id in ("R/1/1", "R/1/2")}  # type: ignore[attr-defined]  # Commitment
    assert stages == {"R/1/1": "en_route", "R/1/2": "released"}
    resources = EXPECTED.state.of(Resource)
    assert (resources["AMB-D-2"].status, resources["AMB-D-2"].held) == ("rest", 0)
    assert (resources["H6-ICU"].held, resources["H6-SURGE"].held) == (2, 2 + 2)
    assert EXPECTED.state.of(BedTier)["H6|icu_bed"].open == 2


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_au_1_any_order_repetition_and_partition_of_a_log_merges_to_the_same(data: st.DataObject) -> None:
    """AU-1: idempotent and order-tolerant; no unit is ever committed twice."""
    entries = log(*WHOLE)
    again = data.draw(st.lists(st.sampled_from(entries), max_size=6), label="repeated")
    arriving = data.draw(st.permutations([*entries, *again]), label="order")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(arriving) - 1), max_size=6), label="pieces"))
    city = cut_off()
    for start, end in zip([0, *cuts], [*cuts, len(arriving)], strict=True):
        city.merge(*arriving[start:end])
        assert all(len(ids) == 1 for unit, ids in city.holders().items() if not unit.startswith("H6"))
    assert outcome(city) == outcome(EXPECTED)
    merged = of(out.EntryMerged, city.events)
    assert [one.sequence for one in merged] == [one.sequence for one in entries]
    assert all(one.chained for one in merged)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_au_1_what_the_city_decides_in_between_never_commits_a_unit_twice(data: st.DataObject) -> None:
    """AU-1: requests, heartbeats and pieces of the log in any order; the node's commitments all stand."""
    steps: list[Any] = [*log(*WHOLE), *(f"CITY-{n}" for n in range(3)), "beat", "silence"]
    city = cut_off()
    for minute, step in enumerate(data.draw(st.permutations(steps), label="order"), start=1):
        when = f"05:{minute:02d}"
        if isinstance(step, LogEntry):
            city.merge(step, when="05:00")
        elif step == "beat":
            city.beat(when)
        elif step == "silence":
            city.until(clock(when) + timedelta(seconds=1))
        else:
            city.request(step, when, ambulance=1, rescue_team=1)
        assert all(len(ids) == 1 for unit, ids in city.holders().items() if not unit.startswith("H6"))
    assert city.holders()["AMB-D-1"] == [f"{NODE}:R/1/1"]
    assert {f"{NODE}:{id}" for id in ("R/1/1", "R/1/2", "R/2/1", "R/2/2", "S/1/1")} <= city.stored(Commitment).keys()


def test_au_1_while_a_log_is_merged_the_city_keeps_its_hands_off_what_the_log_is_about() -> None:
    """AU-1: also where no heartbeat had told of the outage: nobody is replanned onto what the next entry takes."""
    city = Installation()
    city.request("CITY", "03:10", ambulance=1)
    entries = log(BEGUN, asked("R", ambulance=2), gave("R/1/1", "AMB-D-1"), gave("R/1/2", "AMB-D-2"), OVER)
    events = city.merge(*entries[:4])
    assert [one.resource for one in of(out.ConflictSettled, events)] == ["AMB-D-1"]
    assert city.holders()["AMB-A-1"] == ["CITY/1/2"]
    assert [one.until for one in of(out.LogAwaited, events)] == [clock("05:15")]
    assert [one.reason for one in of(out.DelegationEnded, city.merge(entries[4]))] == ["log_merged"]


def test_au_1_a_gap_is_waited_for_and_then_passed() -> None:
    """AU-1: after the policy's minutes the log goes on; what comes late still counts, and is marked."""
    city = Installation()
    city.fall_silent()
    entries = log(BEGUN, asked("R", ambulance=1), gave("R/1/1", "AMB-D-1"), OVER)
    city.merge(entries[0], when="05:05")
    assert len(of(out.EntryHeld, city.merge(*entries[2:], when="05:05"))) == 2
    assert not of(out.EntryMerged, city.until(clock("05:10")))
    events = city.until(clock("05:11"))
    assert [(one.sequence, one.chained) for one in of(out.EntryMerged, events)] == [(12, True)]
    assert [one.reason for one in of(out.DelegationEnded, events)] == ["log_merged"]
    assert not city.holders(), "the commitment waits for its request"
    merged = of(out.EntryMerged, city.merge(entries[1], when="05:20"))
    assert [(one.sequence, one.late) for one in merged] == [(6, True), (9, True)]
    assert city.holders() == {"AMB-D-1": [f"{NODE}:R/1/1"]}


def reasons(events: list[OutputEvent]) -> list[str]:
    return [one.reason for one in of(out.EntrySetAside, events)]


def test_au_1_a_tampered_entry_has_no_effect_and_a_sound_copy_has() -> None:
    """AU-1: the seal does not fit; the entry is kept whole, its place in the log stays free."""
    city = Installation()
    begun, request, commitment = log(BEGUN, asked("R", ambulance=1), gave("R/1/1", "AMB-D-1"))
    forged = commitment.model_copy(update={"entry": gave("R/1/1", "AMB-D-2")})
    events = city.merge(begun, request, forged)
    assert reasons(events) == ["tampered"]
    assert of(out.EntrySetAside, events)[0].entry == forged
    assert not city.holders()
    city.merge(commitment)
    assert city.holders() == {"AMB-D-1": [f"{NODE}:R/1/1"]}


def test_au_1_other_content_under_the_same_sequence_is_told_and_the_first_stands() -> None:
    """AU-1: never silently dropped."""
    city = Installation()
    begun, request, commitment = log(BEGUN, asked("R", ambulance=1), gave("R/1/1", "AMB-D-1"))
    city.merge(begun, request, commitment)
    other = sealed(NODE, commitment.model_copy(update={"entry": gave("R/1/1", "AMB-D-2")}))
    assert reasons(city.merge(other)) == ["other_content"]
    assert set(city.holders()) == {"AMB-D-1"}


def test_au_1_a_log_that_was_changed_behind_an_entry_is_noticed() -> None:
    """AU-1: resealing one entry breaks the chain at the next; what happened still applies, and says so."""
    city = Installation()
    begun, request, commitment = log(BEGUN, asked("R", ambulance=1), gave("R/1/1", "AMB-D-1"))
    changed = sealed(NODE, request.model_copy(update={"entry": asked("R", ambulance=2)}))
    merged = of(out.EntryMerged, city.merge(begun, changed, commitment))
    assert [one.chained for one in merged] == [True, True, False]


def test_au_1_a_log_of_nobody_or_of_elsewhere_is_set_aside() -> None:
    """AU-1: an unknown node, a unit that is no node, another city, a division or resource that is not known."""
    city = Installation()
    assert reasons(city.merge(*log(BEGUN, node="X-NODE"), node="X-NODE")) == ["unknown_node"]
    assert reasons(city.merge(*log(BEGUN, node="D-EM"), node="D-EM")) == ["unknown_node"]
    assert reasons(city.merge(*log(BEGUN), node="X-NODE")) == ["tampered"], "the seal covers whose log it is"
    foreign = report(clock("03:17"), ["earthquake"], area="990200", district=D)
    unknown = report(clock("03:17"), ["earthquake"], district="990109")
    status = ResourceStatusReported(area=AREA, resource="X", status="busy", observed_at=clock("03:30"))
    wrong = log(
        ReportTaken(report=foreign),
        ReportTaken(report=unknown),
        StatusSeen(status=status),
        RequestChangedThere(request="Q", quantities={1: 0}),
        asked("R", ambulance=1),
        gave("R/1/1", "X"),
        gave("R/1/2", "AMB-D-1"),
    )
    assert reasons(city.merge(*wrong)) == [
        "foreign_area",
        "unknown_division",
        "unknown_resource",
        "unknown_resource",
    ]
    assert set(city.holders()) == {"AMB-D-1"}


def test_au_1_what_owners_told_the_node_counts() -> None:
    """AU-1: availability and counts."""
    city = Installation()
    gone = ResourceStatusReported(area=AREA, resource="AMB-D-1", status="out_of_service", observed_at=clock("03:30"))
    count = ResourceQuantityReported(area=AREA, resource="H6-ICU", quantity=1, observed_at=clock("03:31"))
    city.merge(*log(BEGUN, StatusSeen(status=gone), QuantitySeen(quantity=count), OVER))
    resources = city.state.of(Resource)
    assert (resources["AMB-D-1"].status, resources["H6-ICU"].quantity) == ("out_of_service", 1)


def test_au_1_a_report_that_waited_finds_an_incident_that_was_closed_meanwhile() -> None:
    """AU-1: what a waiting entry refers to is loaded when it is merged, under a record that does not name it."""
    city = Installation()
    city.tell(report(clock("03:17"), ["earthquake"], district=D), "03:18")
    (incident,) = city.state.of(Incident).values()
    city._decide(Happened(IncidentClosed(incident=incident.id, reason="over"), "close"), None)
    assert incident.id not in city.state.of(Incident)
    late = ReportTaken(report=report(clock("03:17"), ["earthquake"], district=D, as_of=clock("03:50")))
    begun, told = log(BEGUN, late)
    city.merge(told)
    events = city.merge(begun)
    assert [one.incident for one in of(ReportAttached, events)] == [incident.id]
    assert not of(IncidentOpened, events)

"""A node's log is merged in its city (AU-1): once, in its own order, facts kept, contradictions replanned."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import OutputEvent
from schemas.inputs.nodes import (
    WORDS,
    AutonomyBegun,
    AutonomyOver,
    Happening,
    LogEntry,
    QuantitySeen,
    ReportTaken,
    RequestChangedThere,
    StatusSeen,
    SteppedThere,
    TierMoved,
    digest_of,
    sealed,
)
from schemas.inputs.requests import RequestAmended, RequestCancelled
from schemas.inputs.resources import ResourceDeploymentReported, ResourceQuantityReported, ResourceStatusReported
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.incident_events import IncidentClosed, IncidentOpened, ReportAttached
from schemas.outputs.obligation_events import ObligationBreached, ObligationExcused, ObligationResumed
from streams.domain.allocation.entities import BedTier, Commitment, Line, Resource
from streams.domain.autonomy.entities import NodeEntry, NodeLog
from streams.domain.autonomy.facts import MEANINGS
from streams.domain.autonomy.log import entries_of
from streams.domain.context import Happened
from streams.domain.core import Incident
from streams.domain.obligations.entities import Obligation
from tests.unit.intake_world import AREA, SHANGHAI, A, D, of, report
from tests.unit.node_world import NODE, Installation, asked, clock, gave, log

if TYPE_CHECKING:
    from streams.domain.state import Entity

BEGUN = AutonomyBegun(reason="link_down", since=clock("03:17"))
OVER = AutonomyOver(reason="link_down", until=clock("05:04"))
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


def accident(city: Installation) -> None:
    """A report of an accident in D, which D-EM has to pass on in time."""
    told = report(
        clock("03:17"),
        ["work_safety_accident"],
        district=D,
        reporter_unit="H6",
        received_by="D-EM",
        received_at=clock("03:20"),
        figures={"deaths": 11},
    )
    city.tell(told, "03:20")


def breached(city: Installation) -> set[str]:
    return {one.obligation for one in of(ObligationBreached, city.events) if one.debtor == "D-EM"}


def test_au_1_what_fell_due_while_the_link_was_down_was_no_breach() -> None:
    """AU-1, SC-5: no heartbeat had told of the outage; the log does. What was due before it stays breached."""
    for since, excused in (("03:17", True), ("06:30", False)):
        city = Installation()
        accident(city)
        city.until(clock("06:00"))
        late = breached(city)
        assert late
        begun = AutonomyBegun(reason="link_down", since=clock(since))
        over = AutonomyOver(reason="link_down", until=clock("06:50"))
        events = city.merge(*log(begun, over), when="07:00")
        assert {one.obligation for one in of(ObligationExcused, events)} >= (late if excused else set())
        resumed = [one for one in of(ObligationResumed, events) if one.obligation in late]
        assert bool(resumed) is excused
        statuses = {id: city.state.of(Obligation)[id].status for id in late}
        assert set(statuses.values()) == ({"open"} if excused else {"breached"})


def test_sc_5_what_fell_due_between_the_last_heartbeat_and_the_alarm_was_no_breach() -> None:
    """SC-5: the link was down since the last sign of life, not since somebody noticed."""
    first = Installation()
    accident(first)
    due = min(one.due for one in first.state.of(Obligation).values() if one.debtor == "D-EM")
    for minutes, excused in ((-1, True), (1, False)):
        city = Installation()
        accident(city)
        city.until(due + timedelta(minutes=minutes))
        city.beat((due + timedelta(minutes=minutes)).astimezone(SHANGHAI).strftime("%H:%M"))
        city.until(due + timedelta(minutes=10))
        late = breached(city)
        assert late
        assert {one.obligation for one in of(ObligationExcused, city.events)} & late == (late if excused else set())


def test_au_1_what_a_node_decides_is_what_its_city_merges() -> None:
    """AU-1: from the node's core through its log to the city's: same resources, same stages, same counts."""
    node = Installation(node=NODE)
    node.tell(report(clock("03:17"), ["earthquake"], district=D, figures={"deaths": 6}), "03:18")
    for when in ("03:20", "03:21", "03:22"):
        node.tried(when)
    node.request("R", "03:30", ambulance=4, icu_bed=4, rescue_team=1)

    def step(resource: str, word: Any, when: str) -> None:
        node.tell(ResourceDeploymentReported(area=AREA, resource=resource, step=word, observed_at=clock(when)), when)

    step("AMB-D-1", "departed", "03:35")
    step("AMB-D-1", "arrived", "03:45")
    step("AMB-D-2", "departed", "03:40")
    step("AMB-D-2", "released", "04:10")
    step("H6-ICU", "arrived", "04:12")
    node.tell(RequestAmended(area=AREA, request="R", unit="J-120", quantities={2: 3}), "04:20")
    node.request("GONE", "04:30", rescue_team=1)
    node.tell(RequestCancelled(area=AREA, request="GONE", unit="J-120"), "04:31")
    node.tried("05:04", "delivered")
    entries = list(entries_of(NODE, AREA, node.recorded))
    assert {type(one.entry) for one in entries} >= {AutonomyBegun, ReportTaken, SteppedThere, TierMoved, AutonomyOver}
    assert all(one.digest == digest_of(NODE, one) for one in entries)
    city = Installation()
    city.fall_silent()
    events = city.merge(*entries[::2])
    events += city.merge(*entries[1::2])
    assert not of(out.EntrySetAside, events)
    assert not of(alloc.DeploymentContradicted, events)
    assert all(one.chained for one in of(out.EntryMerged, events))
    there = {id: one for id, one in node.stored(Commitment).items() if isinstance(one, Commitment)}
    here = {id: one for id, one in city.stored(Commitment).items() if isinstance(one, Commitment)}
    told = {id: (one.resource, one.quantity, one.stage) for id, one in there.items()}
    merged = {id: here[f"{NODE}:{id}"] for id in there}
    assert {id: (one.resource, one.quantity, one.stage) for id, one in merged.items()} == told
    mine = {id: (one.quantity, one.held) for id, one in node.state.of(Resource).items() if one.entry.district == D}
    theirs = {id: (one.quantity, one.held) for id, one in city.state.of(Resource).items() if one.entry.district == D}
    assert theirs == mine
    assert not of(out.EntryMerged, city.merge(*entries)), "a second time it is nothing new"


def test_a_log_tells_only_of_autonomy() -> None:
    """AU-1: a node that was never cut off has no log; two nights make one chained log."""
    node = Installation(node=NODE)
    node.tell(report(clock("03:17"), ["earthquake"], district=D), "03:18")
    assert not list(entries_of(NODE, AREA, node.recorded))
    for hour in ("03", "04"):
        for minute in ("20", "21", "22"):
            node.tried(f"{hour}:{minute}")
        node.tried(f"{hour}:40", "delivered")
    entries = list(entries_of(NODE, AREA, node.recorded))
    assert [one.entry.what for one in entries].count("autonomy_begun") == 2
    assert [one.previous for one in entries[1:]] == [one.sequence for one in entries[:-1]]
    assert entries[0].previous is None


@pytest.mark.parametrize("field", ["sequence", "previous", "previous_digest", "logged_at", "entry"])
def test_a_seal_covers_the_whole_entry(field: str) -> None:
    """AU-1: whatever is changed, the seal does not fit any more."""
    _, entry = log(BEGUN, OVER)
    other: dict[str, Any] = {
        "sequence": 99,
        "previous": 98,
        "previous_digest": "1" * 64,
        "logged_at": clock("09:00"),
        "entry": BEGUN,
    }
    assert digest_of(NODE, entry.model_copy(update={field: other[field]})) != entry.digest

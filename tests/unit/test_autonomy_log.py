"""A node's log (AU-1): what it tells, how it is sealed, and what it proves about deadlines."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.inputs.nodes import (
    AutonomyBegun,
    AutonomyOver,
    ReportTaken,
    SteppedThere,
    TierMoved,
    digest_of,
)
from schemas.inputs.registers import NodeRegistered
from schemas.inputs.requests import RequestAmended, RequestCancelled
from schemas.inputs.resources import ResourceDeploymentReported
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.obligation_events import ObligationBreached, ObligationExcused, ObligationResumed
from streams.domain.allocation.entities import Commitment, Resource
from streams.domain.autonomy.log import entries_of
from streams.domain.obligations.entities import Obligation
from tests.unit.intake_world import AREA, SHANGHAI, A, D, of, report
from tests.unit.node_world import BEGUN, NODE, OVER, Installation, asked, clock, gave, log


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


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_au_1_logs_of_two_nodes_interleave_as_they_like(data: st.DataObject) -> None:
    """AU-1: each node's commitments stand, whoever comes first, and no unit is committed twice."""
    other = "A-NODE"
    ours = log(BEGUN, asked("R", ambulance=3), gave("R/1/1", "AMB-D-1"), gave("R/1/2", "AMB-D-2"), OVER)
    theirs = log(BEGUN, asked("R", ambulance=3), gave("R/1/1", "AMB-A-1"), gave("R/1/2", "AMB-A-2"), OVER, node=other)
    told = [*((NODE, entry) for entry in ours), *((other, entry) for entry in theirs)]
    city = Installation()
    city.tell(NodeRegistered(area=AREA, node=other, district=A))
    city.request("CITY", "03:10", ambulance=2)
    city.fall_silent()
    for node, entry in data.draw(st.permutations(told), label="order"):
        city.merge(entry, node=node)
        assert all(len(ids) == 1 for ids in city.holders().values())
    holders = city.holders()
    for node, district in ((NODE, "D"), (other, "A")):
        assert [holders[f"AMB-{district}-{n}"] for n in (1, 2)] == [[f"{node}:R/1/1"], [f"{node}:R/1/2"]]

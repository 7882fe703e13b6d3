"""Autonomous mode in the city (AU-1): what a silent district's node disposes of, and until when."""

from datetime import timedelta
from typing import Any

from schemas.base import OutputEvent
from schemas.inputs.nodes import AutonomyOver
from schemas.inputs.registers import NodeRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.bed_events import BedTierOpened
from schemas.outputs.proposal_events import ProposalOpened
from streams.domain.core import Incident
from tests.unit.intake_world import AREA, A, D, of, report
from tests.unit.node_world import NODE, UNITS, Installation, clock, log


def ambulances(request: str, urgency: Any, quantity: int, incident: str) -> ResourceRequested:
    """A request of ambulances in D."""
    return ResourceRequested(
        area=AREA,
        request=request,
        unit="J-120",
        department="health",
        incident=incident,
        place=Place(district=D),
        lines=(RequestLine(line=1, kind="ambulance", quantity=quantity, urgency=urgency),),
    )


def committed(events: list[OutputEvent]) -> set[str]:
    return {one.resource for one in of(alloc.ResourceCommitted, events)}


def test_au_1_the_city_does_not_commit_what_is_a_silent_districts() -> None:
    """AU-1, SC-5: neither its ambulances nor its beds, and its surge tiers stay closed."""
    city = Installation()
    city.fall_silent()
    (delegated,) = of(out.ResourcesDelegated, city.events)
    assert set(delegated.resources) == {"AMB-D-1", "AMB-D-2", "AMB-D-3", "RT-D", "H6-ICU", "H6-SURGE"}
    events = city.request("R", "03:30", ambulance=3, icu_bed=6)
    assert committed(events) == {"AMB-A-1", "AMB-A-2"}
    assert [one.rejections.get("delegated") for one in of(alloc.LineDecided, events)] == [3, 2]
    assert not of(BedTierOpened, events)
    assert not of(ProposalOpened, events)


def test_au_1_without_a_node_nothing_is_delegated() -> None:
    """AU-1: a silent district without a command node is still the city's."""
    city = Installation(units=tuple(unit for unit in UNITS if unit[0] != NODE))
    city.tell(NodeRegistered(area=AREA, node="A-NODE", district=A))
    city.fall_silent()
    assert not of(out.ResourcesDelegated, city.events)
    assert committed(city.request("R", "03:30", ambulance=1)) == {"AMB-D-1"}


def test_au_1_the_register_may_delegate_less() -> None:
    """AU-1: exactly what the register says."""
    city = Installation()
    city.tell(NodeRegistered(area=AREA, node=NODE, district=D, resources=("AMB-D-1",)))
    city.fall_silent()
    assert committed(city.request("R", "03:30", ambulance=1)) == {"AMB-D-2"}


def test_au_1_a_unit_of_a_silent_district_is_not_diverted() -> None:
    """AU-1: nobody can tell it to turn; one of a district that is heard is proposed for it."""

    def asked_for(city: Installation) -> list[ProposalOpened]:
        return of(ProposalOpened, city.tell(ambulances("URGENT", 1, 5, incident.id)))

    for silent in (False, True):
        city = Installation()
        city.tell(report(clock("03:00"), ["earthquake"], district=D, figures={"deaths": 1}), "03:05")
        (incident,) = city.state.of(Incident).values()
        city.tell(ambulances("ROUTINE", 4, 2, incident.id), "03:10")
        if silent:
            city.fall_silent()
        assert [one.kind for one in asked_for(city)] == ([] if silent else ["preemption"])


def test_au_1_resources_come_back_with_the_log() -> None:
    """AU-1: the link is up, but nobody knows what is free until the log is merged; then who waits is served."""
    city = Installation()
    city.fall_silent()
    city.request("R", "03:30", ambulance=4)
    events = city.beat("05:05")
    (awaited,) = of(out.LogAwaited, events)
    assert awaited.until == clock("05:15")
    assert not committed(events)
    events = city.merge(*log(AutonomyOver(reason="link_down", until=clock("05:04"))), when="05:06")
    assert [one.reason for one in of(out.DelegationEnded, events)] == ["log_merged"]
    assert committed(events) == {"AMB-D-1", "AMB-D-2"}
    assert not of(out.DelegationEnded, city.until(clock("06:00")))


def test_au_1_the_log_is_not_awaited_without_end() -> None:
    """AU-1: after the policy's minutes the city disposes of them again; unless the district is silent again."""
    city = Installation()
    city.fall_silent()
    city.beat("05:05")
    events = city.until(clock("05:20"))
    assert not of(out.DelegationEnded, events)
    (silent, again) = of(out.ResourcesDelegated, city.events)
    assert silent.since < again.since
    for minute in range(10, 25):
        city.beat(f"06:{minute}")
    (ended,) = of(out.DelegationEnded, city.events)
    assert (ended.reason, ended.at) == ("no_log", clock("06:10") + timedelta(minutes=10))
    assert committed(city.request("R", "06:25", ambulance=1)) == {"AMB-D-1"}


def test_au_1_a_node_that_decided_nothing_says_so() -> None:
    """AU-1: its heartbeat tells how far its log goes: nothing need be awaited."""
    city = Installation()
    city.fall_silent()
    events = city.beat("03:40", position=0)
    assert [one.reason for one in of(out.DelegationEnded, events)] == ["nothing_logged"]


def test_au_1_a_node_that_decided_something_is_waited_for() -> None:
    """AU-1: and the city says how far behind it is."""
    city = Installation()
    city.fall_silent()
    events = city.beat("03:40", position=12)
    assert not of(out.DelegationEnded, events)
    assert [(one.position, one.behind) for one in of(out.LogPositionNoted, events)] == [(12, 12)]

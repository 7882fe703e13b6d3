"""Autonomous mode on the node (AU-1 to AU-3): when it begins, with what, when it is over."""

from datetime import date

import pytest

from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs.notification_events import TaskOpened
from schemas.outputs.refusals import CommandRefused
from streams.domain.autonomy.entities import acting
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.unit.duty_world import policy_with
from tests.unit.intake_world import A, D, of, report
from tests.unit.node_world import NODE, Installation, clock


def test_au_1_the_terms_are_those_of_the_domain_report() -> None:
    """AU-1, AU-3: whoever changes a term changes this table knowingly."""
    law = bundled().autonomy.at(date(2026, 9, 8), ("990100", "990000", "CN"))
    assert law.mode is not None
    assert (law.mode.id, law.mode.tries, law.mode.severities, law.mode.categories) == ("AU-1", 3, (1, 2), ())
    assert (law.mode.waives, law.mode.gap_minutes, law.mode.log_minutes) == (("floor", "consent"), 5, 10)
    assert law.skip is not None
    assert law.skip.id == "AU-3"
    before = bundled().autonomy.at(date(2007, 5, 31), ("990100", "990000", "CN"))
    assert (before.mode, before.skip) == (None, None)


def cut_off(policy: Policy | None = None) -> Installation:
    """The node after three failed tries."""
    node = Installation(policy, node=NODE)
    for when in ("03:20", "03:21", "03:22"):
        node.tried(when)
    assert acting(node.state) is not None
    return node


def policy_of(old: str, new: str) -> Policy:
    """The policy with one change."""
    return policy_with("autonomy.yaml", old, new)


def test_au_1_a_node_acts_by_itself_after_as_many_failed_tries_as_the_policy_says() -> None:
    """AU-1: the third failed try in a row; self-rescue tasks open at the same time (AU-2)."""
    node = Installation(node=NODE)
    assert not of(out.AutonomyEntered, [*node.tried("03:20"), *node.tried("03:21")])
    events = node.tried("03:22")
    (entered,) = of(out.AutonomyEntered, events)
    assert (entered.reason, entered.district, entered.since, entered.here) == ("link_down", D, clock("03:20"), True)
    assert [(task.kind, task.unit) for task in of(TaskOpened, events)] == [("self_rescue", "D-EM")]
    assert not of(out.AutonomyEntered, node.tried("03:23"))


def test_au_1_the_number_of_tries_is_the_policys() -> None:
    """AU-1: another number in the policy, another moment."""
    node = Installation(policy_of("tries: 3", "tries: 2"), node=NODE)
    assert not of(out.AutonomyEntered, node.tried("03:20"))
    assert of(out.AutonomyEntered, node.tried("03:21"))


def test_au_1_a_try_that_succeeds_begins_the_count_anew() -> None:
    """AU-1: three in a row, not three in all."""
    node = Installation(node=NODE)
    for when, outcome in (("03:20", "failed"), ("03:21", "failed"), ("03:22", "delivered"), ("03:23", "failed")):
        assert not of(out.AutonomyEntered, node.tried(when, outcome))


def test_au_3_a_dead_superior_is_passed_over_once() -> None:
    """AU-3: the report goes to the superior's superior; whoever has none is told that nobody stands above."""
    node = Installation(node=NODE)
    events = [event for when in ("03:20", "03:21", "03:22", "03:23") for event in node.tried(when)]
    assert [(one.unit, one.past, one.to) for one in of(out.ReportEscalatedPast, events)] == [("D-EM", "J-EM", "P-EM")]
    events = [event for when in ("03:24", "03:25", "03:26") for event in node.tried(when, to="P-EM")]
    assert [(one.past, one.to) for one in of(out.ReportEscalatedPast, events)] == [("P-EM", None)]


def test_a_city_that_hears_of_a_failed_try_is_not_cut_off() -> None:
    """AU-1: only a node that is here acts by itself; a unit of another district says nothing about it."""
    city = Installation()
    assert not [event for _ in range(4) for event in of(out.NodeEvent, city.tried("03:20"))]
    node = Installation(node=NODE)
    assert not [event for _ in range(4) for event in of(out.NodeEvent, node.tried("03:20", unit="J-EM", to="P-EM"))]


def test_au_1_a_grave_event_lets_the_node_act_at_once_and_once() -> None:
    """AU-1: 重特大, although the link is up; a milder one, or one elsewhere, does not."""
    node = Installation(node=NODE)
    quake = {"magnitude": 6.1, "density": "fairly_dense"}
    elsewhere = report(clock("03:17"), ["earthquake_initial"], district=A, external_id="X9", figures=quake)
    assert not of(out.AutonomyEntered, node.tell(elsewhere, "03:18"))
    (entered,) = of(
        out.AutonomyEntered,
        node.tell(report(clock("03:17"), ["earthquake_initial"], district=D, figures=quake), "03:18"),
    )
    assert (entered.reason, entered.incident is not None) == ("catastrophic", True)
    node.tried("03:30", "delivered")
    assert acting(node.state) is None
    worse = {**quake, "magnitude": 7.5}
    again = report(clock("03:17"), ["earthquake_initial"], district=D, figures=worse, as_of=clock("03:40"))
    assert not of(out.AutonomyEntered, node.tell(again, "03:40"))


def test_c13_a_node_under_command_commits_nothing() -> None:
    """C13: autonomy is bounded; before it and after it the city commands."""
    node = Installation(node=NODE)
    assert [one.code for one in of(CommandRefused, node.request("R", "03:19", ambulance=1))] == ["NODE_NOT_AUTONOMOUS"]
    node = cut_off()
    assert of(alloc.ResourceCommitted, node.request("R", "03:25", ambulance=1))
    (exited,) = of(out.AutonomyExited, node.tried("05:05", "delivered"))
    assert (exited.since, exited.until, exited.here) == (clock("03:20"), clock("05:05"), True)
    assert [one.code for one in of(CommandRefused, node.request("S", "05:06", ambulance=1))] == ["NODE_NOT_AUTONOMOUS"]


def test_au_1_only_local_resources_below_the_floor_and_across_departments() -> None:
    """AU-1: what is at home in the district, floors and consent waived, nothing from elsewhere."""
    node = cut_off()
    events = node.request("R", "03:25", ambulance=4, rescue_team=2)
    assert {one.resource for one in of(alloc.ResourceCommitted, events)} == {"AMB-D-1", "AMB-D-2", "AMB-D-3", "RT-D"}
    decided = of(alloc.LineDecided, events)
    assert [(one.short, one.rejections.get("not_local")) for one in decided] == [(1, 3), (1, 1)]


@pytest.mark.parametrize(("waives", "ambulances", "teams"), [("consent", 2, 1), ("floor", 3, 0)])
def test_au_1_what_is_waived_is_the_policys(waives: str, ambulances: int, teams: int) -> None:
    """AU-1: without the waiver the floor of one ambulance stands, and another department's team waits for consent."""
    node = cut_off(policy=policy_of("waives: [floor, consent]", f"waives: [{waives}]"))
    given = of(alloc.ResourceCommitted, node.request("R", "03:25", ambulance=4, rescue_team=2))
    assert [sum(one.kind == kind for one in given) for kind in ("ambulance", "rescue_team")] == [ambulances, teams]


def test_a_node_merges_nobodys_log_and_delegates_to_nobody() -> None:
    """AU-1: the city's side of it is the city's."""
    node = cut_off()
    node.fall_silent()
    assert not of(out.ResourcesDelegated, node.events)

"""In the city: what is a silent district's node's to dispose of, and when it is the city's again (AU-1, SC-5)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.base import OutputEvent
from schemas.outputs import autonomy_events as out
from schemas.outputs.notification_events import DistrictCameBack, DistrictFellSilent, HeartbeatTaken
from streams.domain.allocation.desk import desk
from streams.domain.allocation.entities import Line, Resource
from streams.domain.allocation.lines import serve
from streams.domain.autonomy.entities import CommandNode, Delegation, NodeLog, this_node
from streams.domain.context import Context, TimerFired
from streams.domain.core import Unit
from streams.domain.directives.days import law
from streams.domain.notification.entities import Heartbeat
from streams.domain.state import AreaState
from streams.policy.autonomy import Mode


def node_of(state: AreaState, district: str) -> str | None:
    """The command node of a district: the registered one, else its unit of kind `node`."""
    for node in state.of(CommandNode).values():
        if node.entry.district == district:
            return node.id
    for unit in state.of(Unit).values():
        if unit.entry.kind == "node" and unit.entry.district == district:
            return unit.id
    return None


def district_of(state: AreaState, node: str) -> str | None:
    """The district of a node whose log this installation merges; None where there is no such node."""
    if this_node(state) is not None:
        return None
    registered = state.get(CommandNode, node)
    if registered is not None:
        return registered.entry.district
    unit = state.get(Unit, node)
    return unit.entry.district if unit is not None and unit.entry.kind == "node" else None


def on_silent(state: AreaState, event: DistrictFellSilent, context: Context) -> Iterator[OutputEvent]:
    """Nobody hears the district: what is its node's, the city does not touch."""
    mode = law(state, context.policy.autonomy, context.now).mode
    node = node_of(state, event.district)
    if mode is None or node is None or this_node(state) is not None:
        return
    yield out.ResourcesDelegated(
        node=node,
        district=event.district,
        resources=delegated(state, node, event.district, mode),
        since=event.since,
        rule=mode.id,
    )


def told_late(state: AreaState, context: Context, node: str, since: datetime) -> Iterator[OutputEvent]:
    """A log begins of a district that no heartbeat had reported silent: its resources are the node's while it lasts."""
    mode = law(state, context.policy.autonomy, context.now).mode
    district = district_of(state, node)
    if mode is None or district is None or state.get(Delegation, node) is not None:
        return
    found = delegated(state, node, district, mode)
    yield out.ResourcesDelegated(node=node, district=district, resources=found, since=since, rule=mode.id)
    until = context.now + timedelta(minutes=mode.log_minutes)
    yield out.LogAwaited(node=node, district=district, until=until)


def delegated(state: AreaState, node: str, district: str, mode: Mode) -> tuple[str, ...]:
    """What is a node's to dispose of: what the register says, else what is at home in its district."""
    registered = state.get(CommandNode, node)
    if registered is not None and registered.entry.resources is not None:
        return registered.entry.resources
    return tuple(
        resource.id
        for resource in state.of(Resource).values()
        if resource.entry.district == district and (not mode.categories or resource.entry.category in mode.categories)
    )


def on_back(state: AreaState, event: DistrictCameBack, context: Context) -> Iterator[OutputEvent]:
    """The link is up: wait for the log, without which nobody knows what is free."""
    mode = law(state, context.policy.autonomy, context.now).mode
    for delegation in tuple(state.of(Delegation).values()):
        if delegation.district == event.district:
            minutes = mode.log_minutes if mode is not None else 0
            until = context.now + timedelta(minutes=minutes)
            yield out.LogAwaited(node=delegation.id, district=event.district, until=until)


def on_heartbeat(state: AreaState, event: HeartbeatTaken, context: Context) -> Iterator[OutputEvent]:
    """A node says how far its log goes: with nothing in it that is not merged, nothing need be awaited."""
    if event.log_position is None or event.district is None:
        return
    node = node_of(state, event.district)
    if node is not None:
        yield from noted(state, context, node, event.log_position)


def noted(state: AreaState, context: Context, node: str, position: int) -> Iterator[OutputEvent]:
    """Take notice of how far a log goes."""
    log = state.get(NodeLog, node) or NodeLog(id=node)
    if position != log.position:
        behind = max(position - log.merged, 0)
        yield out.LogPositionNoted(node=node, position=position, merged=log.merged, behind=behind)
    if position <= log.merged:
        yield from ended(state, context, node, "log_merged" if position else "nothing_logged")


def decide_no_log(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """The term for the log is over. While the district is silent again, it goes on being the node's."""
    delegation = state.get(Delegation, fired.ref)
    if delegation is None:
        return
    heard = state.get(Heartbeat, delegation.district)
    if heard is None or heard.silent_since is None:
        yield from ended(state, context, delegation.id, "no_log")


def ended(state: AreaState, context: Context, node: str, reason: out.EndReason) -> Iterator[OutputEvent]:
    """Resources and open lines are the city's again; who waits is served."""
    delegation = state.get(Delegation, node)
    lines = [line for line in state.of(Line).values() if line.withheld and line.request.startswith(f"{node}:")]
    kinds: dict[str, None] = {line.kind: None for line in lines}
    if delegation is not None:
        catalogue = state.of(Resource)
        kinds |= {catalogue[id].kind: None for id in delegation.resources if id in catalogue}
        yield out.DelegationEnded(node=node, district=delegation.district, reason=reason, at=context.now)
    if lines:
        yield out.LinesHandedOver(node=node, lines=tuple(line.id for line in lines))
    yield from serve(desk(state, context), kinds, "freed")

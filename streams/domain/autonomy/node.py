"""On the node: when it begins to act by itself, whom it reports to instead, when it is over (AU-1, AU-3; C13)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.nodes import LinkTried
from schemas.inputs.registers import NodeRegistered
from schemas.outputs import autonomy_events as out
from schemas.outputs.incident_events import IncidentGraded
from streams.domain.autonomy.entities import Autonomy, CommandNode, LinkTry, acting, this_node
from streams.domain.autonomy.records import try_id
from streams.domain.context import Context
from streams.domain.core import Incident, Unit
from streams.domain.directives.days import law
from streams.domain.parties import local_district
from streams.domain.state import AreaState


def decide_node(state: AreaState, event: NodeRegistered, context: Context) -> Iterator[OutputEvent]:
    """Take a command node into the register."""
    yield out.NodeTaken(node=event.node, entry=event)


def decide_tried(state: AreaState, event: LinkTried, context: Context) -> Iterator[OutputEvent]:
    """Count failed tries. A city that hears of one is not cut off: it only notes the record."""
    node = this_node(state)
    if node is None or local_district(state, event.unit) != node.entry.district:
        return
    known = state.get(LinkTry, try_id(event.unit, event.to_unit))
    failed = event.outcome == "failed"
    if failed or known is not None:
        yield out.LinkTriesCounted(
            node=node.id,
            unit=event.unit,
            to_unit=event.to_unit,
            tries=(known.tries if known is not None else 0) + 1 if failed else 0,
            since=known.since if known is not None else event.observed_at,
            at=context.now,
        )
    if failed:
        yield from _given_up(state, context, node, event)
    elif (autonomy := acting(state)) is not None:
        yield out.AutonomyExited(
            incident=None,
            node=node.id,
            district=autonomy.district,
            reason=autonomy.reason,
            since=autonomy.since,
            until=context.now,
            here=True,
        )


def _given_up(state: AreaState, context: Context, node: CommandNode, event: LinkTried) -> Iterator[OutputEvent]:
    """As many tries failed as the policy wants: pass over the superior (AU-3), and act by oneself (AU-1)."""
    rules = law(state, context.policy.autonomy, context.now)
    row = state.get(LinkTry, try_id(event.unit, event.to_unit))
    if rules.mode is None or row is None or row.tries < rules.mode.tries:
        return
    if rules.skip is not None and row.tries == rules.mode.tries:
        superior = state.get(Unit, event.to_unit)
        yield out.ReportEscalatedPast(
            node=node.id,
            unit=event.unit,
            past=event.to_unit,
            to=superior.entry.superior if superior is not None else None,
            rule=rules.skip.id,
            at=context.now,
        )
    if acting(state) is None:
        yield out.AutonomyEntered(
            node=node.id,
            district=node.entry.district,
            reason="link_down",
            since=row.since,
            here=True,
            rule=rules.mode.id,
        )


def on_graded(state: AreaState, event: IncidentGraded, context: Context) -> Iterator[OutputEvent]:
    """A 重特大 event in the node's district: it responds at once, without waiting for anybody (AU-1)."""
    node = this_node(state)
    if node is None or event.composite is None or acting(state) is not None:
        return
    mode = law(state, context.policy.autonomy, context.now).mode
    incident, before = state.get(Incident, event.incident), state.get(Autonomy, node.id)
    if mode is None or incident is None or event.composite not in mode.severities:
        return
    if node.entry.district not in incident.districts or (before is not None and event.incident in before.seen):
        return
    yield out.AutonomyEntered(
        incident=event.incident,
        node=node.id,
        district=node.entry.district,
        reason="catastrophic",
        since=context.now,
        here=True,
        rule=mode.id,
    )

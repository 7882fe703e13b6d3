"""What events of autonomous mode mean for the state."""

from collections.abc import Iterator

from schemas.outputs import autonomy_events as out
from streams.domain.allocation.entities import Line
from streams.domain.autonomy.entities import (
    Autonomy,
    CommandNode,
    Delegation,
    LinkTry,
    NodeEntry,
    NodeLog,
    Overruled,
    entry_id,
)
from streams.domain.core import Timer, timer
from streams.domain.state import AreaState, Change, Drop, Put

GAP = "autonomy.gap"
LOG = "autonomy.log"
OWN_NUMBERS = 1000
"""What the city itself commits to a node's line is numbered from here on: the node's numbers stay the node's."""


def evolve_node(state: AreaState, event: out.NodeTaken) -> Iterator[Change]:
    """The register entry."""
    yield Put(CommandNode(id=event.node, entry=event.entry))


def evolve_tried(state: AreaState, event: out.LinkTriesCounted) -> Iterator[Change]:
    """A row of failed tries goes on, or is over."""
    id = try_id(event.unit, event.to_unit)
    if event.tries:
        yield Put(LinkTry(id=id, tries=event.tries, since=event.since))
    elif state.get(LinkTry, id) is not None:
        yield Drop(LinkTry, id)


def try_id(unit: str, to_unit: str) -> str:
    """Identity of a row of tries."""
    return f"{unit}>{to_unit}"


def evolve_entered(state: AreaState, event: out.AutonomyEntered) -> Iterator[Change]:
    """The node acts by itself."""
    known = state.get(Autonomy, event.node)
    seen = known.seen if known is not None else ()
    yield Put(
        Autonomy(
            id=event.node,
            district=event.district,
            reason=event.reason,
            since=event.since,
            here=event.here,
            rule=event.rule,
            seen=(*seen, event.incident) if event.incident is not None else seen,
        )
    )


def evolve_exited(state: AreaState, event: out.AutonomyExited) -> Iterator[Change]:
    """The city commands again."""
    known = state.get(Autonomy, event.node)
    if known is not None:
        yield Put(known.model_copy(update={"active": False}))


def evolve_delegated(state: AreaState, event: out.ResourcesDelegated) -> Iterator[Change]:
    """These resources are the node's."""
    yield Put(
        Delegation(
            id=event.node, district=event.district, resources=event.resources, since=event.since, rule=event.rule
        )
    )
    yield from _without(state, LOG, event.node)


def evolve_awaited(state: AreaState, event: out.LogAwaited) -> Iterator[Change]:
    """The term for the log runs."""
    yield Put(timer(LOG, event.node, event.until, None))


def evolve_ended(state: AreaState, event: out.DelegationEnded) -> Iterator[Change]:
    """They are the city's again."""
    yield Drop(Delegation, event.node)
    yield from _without(state, LOG, event.node)


def evolve_position(state: AreaState, event: out.LogPositionNoted) -> Iterator[Change]:
    """How far the log goes."""
    log = state.get(NodeLog, event.node) or NodeLog(id=event.node)
    yield Put(log.model_copy(update={"position": event.position}))


def evolve_held(state: AreaState, event: out.EntryHeld) -> Iterator[Change]:
    """The entry waits; the first that waits for another sets the term."""
    entry = event.entry
    id = entry_id(event.node, entry.sequence)
    yield Put(NodeEntry(id=id, node=event.node, sequence=entry.sequence, digest=entry.digest, held=entry))
    if event.passed:
        yield _moved(state, event.node, entry.sequence, entry.digest)
    elif state.get(Timer, f"{GAP}:{event.node}") is None:
        yield Put(timer(GAP, event.node, event.until, None))


def evolve_merged(state: AreaState, event: out.EntryMerged) -> Iterator[Change]:
    """The entry counts; in its turn, it moves the log on."""
    id = entry_id(event.node, event.sequence)
    yield Put(NodeEntry(id=id, node=event.node, sequence=event.sequence, digest=event.digest))
    if not event.late:
        yield _moved(state, event.node, event.sequence, event.digest)
    waits = (one for one in state.of(NodeEntry).values() if one.held is not None)
    if not any(one.node == event.node and one.id != id for one in waits):
        yield from _without(state, GAP, event.node)


def _moved(state: AreaState, node: str, sequence: int, digest: str) -> Put:
    log = state.get(NodeLog, node) or NodeLog(id=node)
    position = max(log.position, sequence)
    return Put(log.model_copy(update={"merged": sequence, "digest": digest, "position": position}))


def evolve_settled(state: AreaState, event: out.ConflictSettled) -> Iterator[Change]:
    """Remember a commitment of the node that never came to be here."""
    if not event.delegated:
        yield Put(Overruled(id=event.replanned))


def evolve_handed(state: AreaState, event: out.LinesHandedOver) -> Iterator[Change]:
    """The city serves these lines from now on."""
    for id in event.lines:
        line = state.get(Line, id)
        if line is not None:
            number = line.commitments + OWN_NUMBERS
            yield Put(line.model_copy(update={"withheld": False, "commitments": number}))


def evolve_nothing(state: AreaState, event: out.NodeEvent) -> Iterator[Change]:
    """Told, and remembered in the recorder."""
    yield from ()


def _without(state: AreaState, kind: str, ref: str) -> Iterator[Change]:
    if state.get(Timer, f"{kind}:{ref}") is not None:
        yield Drop(Timer, f"{kind}:{ref}")

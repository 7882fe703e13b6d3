"""In the city: a node's log is merged, each entry once and in the log's own order, however it came (AU-1, C13).

Entries that came early wait for what precedes them, so every order of arrival has the same result. What never comes
is not waited for without end: after the policy's minutes the log goes on without it.
"""

from collections.abc import Iterator
from datetime import timedelta

from schemas.base import OutputEvent
from schemas.inputs.nodes import LogEntry, NodeLogSynced, digest_of
from schemas.outputs import autonomy_events as out
from streams.domain.autonomy.delegating import district_of, ended, noted
from streams.domain.autonomy.entities import Autonomy, Delegation, NodeEntry, NodeLog, entry_id
from streams.domain.autonomy.facts import happened, lacks_request
from streams.domain.context import Context, TimerFired
from streams.domain.directives.days import law
from streams.domain.state import AreaState


def decide_synced(state: AreaState, event: NodeLogSynced, context: Context) -> Iterator[OutputEvent]:
    """Merge a piece of a log."""
    for entry in sorted(event.entries, key=lambda one: one.sequence):
        yield from _take(state, context, event.node, entry)
    autonomy = state.get(Autonomy, event.node)
    if (autonomy is None or not autonomy.active) and state.get(Delegation, event.node) is None:
        yield from ended(state, context, event.node, "log_merged")
    if event.position is not None and district_of(state, event.node) is not None:
        log = state.get(NodeLog, event.node)
        if log is None or event.position > log.position:
            yield from noted(state, context, event.node, event.position)


def _take(state: AreaState, context: Context, node: str, entry: LogEntry) -> Iterator[OutputEvent]:
    aside = _distrusted(state, node, entry)
    if aside is not None:
        yield out.EntrySetAside(node=node, reason=aside, entry=entry)
        return
    if state.get(NodeEntry, entry_id(node, entry.sequence)) is not None:
        return
    merged = _merged(state, node)
    if entry.sequence > merged and (entry.previous or 0) > merged:
        yield _held(state, context, node, entry)
        return
    yield from _merge(state, context, node, entry)
    for waiting in _waiting(state, node):
        merged = _merged(state, node)
        if waiting.sequence > merged and (waiting.previous or 0) > merged:
            return
        yield from _merge(state, context, node, waiting)


def _held(state: AreaState, context: Context, node: str, entry: LogEntry, *, passed: bool = False) -> OutputEvent:
    mode = law(state, context.policy.autonomy, context.now).mode
    until = context.now + timedelta(minutes=mode.gap_minutes if mode is not None else 0)
    return out.EntryHeld(node=node, entry=entry, until=until, passed=passed)


def _merged(state: AreaState, node: str) -> int:
    log = state.get(NodeLog, node)
    return log.merged if log is not None else 0


def _distrusted(state: AreaState, node: str, entry: LogEntry) -> out.AsideReason | None:
    """Why an entry cannot be believed. Its sequence is not used up: a sound copy is merged when it comes."""
    if digest_of(node, entry) != entry.digest:
        return "tampered"
    if district_of(state, node) is None:
        return "unknown_node"
    known = state.get(NodeEntry, entry_id(node, entry.sequence))
    return "other_content" if known is not None and known.digest != entry.digest else None


def _merge(state: AreaState, context: Context, node: str, entry: LogEntry) -> Iterator[OutputEvent]:
    """Let an entry count; what is about a request that a gap had swallowed waits for it: no commitment is given up."""
    log = state.get(NodeLog, node) or NodeLog(id=node)
    late = entry.sequence < log.merged
    if lacks_request(state, node, entry):
        if entry.sequence > log.merged:
            yield _held(state, context, node, entry, passed=True)
        elif state.get(NodeEntry, entry_id(node, entry.sequence)) is None:
            yield _held(state, context, node, entry)
        return
    yield out.EntryMerged(
        node=node,
        sequence=entry.sequence,
        what=entry.entry.what,
        digest=entry.digest,
        logged_at=entry.logged_at,
        late=late,
        chained=not late and (entry.previous or 0) == log.merged and entry.previous_digest == log.digest,
        behind=max(log.position - max(log.merged, entry.sequence), 0),
    )
    yield from happened(state, context, node, entry)


def _waiting(state: AreaState, node: str) -> list[LogEntry]:
    found = (one.held for one in state.of(NodeEntry).values() if one.node == node)
    return sorted((held for held in found if held is not None), key=lambda one: one.sequence)


def decide_gap(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """What is missing has not come in time: the log goes on without it."""
    for entry in _waiting(state, fired.ref):
        yield from _merge(state, context, fired.ref, entry)

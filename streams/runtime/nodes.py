"""Metrics of merged logs of cut-off nodes."""

from collections.abc import Iterable

from schemas.base import OutputEvent
from schemas.outputs import autonomy_events as out
from streams.telemetry import Metrics

OUTCOMES: dict[type[OutputEvent], str] = {
    out.EntryMerged: "merged",
    out.EntryHeld: "held",
    out.EntrySetAside: "set_aside",
    out.ConflictSettled: "conflict",
}


def observe(metrics: Metrics, events: Iterable[OutputEvent]) -> None:
    """Count what became of entries, and how far each log is behind its node."""
    for event in events:
        outcome = OUTCOMES.get(type(event))
        if outcome is not None:
            metrics.node_entries.labels(metrics.realm, outcome).inc()
        if isinstance(event, out.EntryMerged | out.LogPositionNoted):
            metrics.node_lag.labels(metrics.realm, event.node).set(event.behind)

"""Concern `autonomy`: its table of contents."""

from schemas.inputs.nodes import LinkTried, NodeLogSynced
from schemas.inputs.registers import NodeRegistered
from schemas.outputs import autonomy_events as out
from schemas.outputs import notification_events as note
from schemas.outputs.incident_events import IncidentGraded
from streams.domain.autonomy import delegating, merging, node, records
from streams.domain.context import Concern

AUTONOMY = Concern(
    name="autonomy",
    inputs={
        NodeRegistered: node.decide_node,
        LinkTried: node.decide_tried,
        NodeLogSynced: merging.decide_synced,
    },
    timers={
        records.GAP: merging.decide_gap,
        records.LOG: delegating.decide_no_log,
    },
    reactions={
        IncidentGraded: node.on_graded,
        note.DistrictFellSilent: delegating.on_silent,
        note.DistrictCameBack: delegating.on_back,
        note.HeartbeatTaken: delegating.on_heartbeat,
    },
    evolve={
        out.NodeTaken: records.evolve_node,
        out.LinkTriesCounted: records.evolve_tried,
        out.ReportEscalatedPast: records.evolve_nothing,
        out.AutonomyEntered: records.evolve_entered,
        out.AutonomyExited: records.evolve_exited,
        out.ResourcesDelegated: records.evolve_delegated,
        out.LogAwaited: records.evolve_awaited,
        out.DelegationEnded: records.evolve_ended,
        out.LogPositionNoted: records.evolve_position,
        out.EntryHeld: records.evolve_held,
        out.EntryMerged: records.evolve_merged,
        out.EntrySetAside: records.evolve_nothing,
        out.ConflictSettled: records.evolve_settled,
        out.MeasureReported: records.evolve_nothing,
        out.LinesHandedOver: records.evolve_handed,
    },
)

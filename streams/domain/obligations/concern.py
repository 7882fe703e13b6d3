"""Concern `obligations`: its table of contents."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.reports import UpwardReportNoticed
from schemas.outputs import incident_events as inc
from schemas.outputs import incident_judgements as judged
from schemas.outputs import notification_events as note
from schemas.outputs import obligation_events as out
from schemas.outputs.area_events import DirectiveAccepted, UnitTaken
from schemas.outputs.autonomy_events import AutonomyExited
from schemas.outputs.handover_events import HandoverAnswered
from schemas.outputs.response_events import ResponseChanged, ResponseEnded, ResponseStarted
from schemas.outputs.taskforce_events import JointActivated
from streams.domain.context import Concern, Context
from streams.domain.obligations import acts, meeting, moving, records, taking, tracing
from streams.domain.state import AreaState


def on_attached(state: AreaState, event: inc.ReportAttached, context: Context) -> Iterator[OutputEvent]:
    """A report: its hop, then what its series means."""
    yield from tracing.on_report(state, event, context)
    yield from moving.on_final(state, event, context)


def on_ended(state: AreaState, event: ResponseEnded, context: Context) -> Iterator[OutputEvent]:
    """The end of a response: the report after it, and the end of daily reports."""
    yield from acts.on_ended(state, event, context)
    yield from moving.on_ended(state, event, context)


OBLIGATIONS = Concern(
    name="obligations",
    inputs={UpwardReportNoticed: tracing.decide_noticed},
    timers={records.DUE: meeting.decide_due},
    reactions={
        inc.ReportAttached: on_attached,
        inc.FactsChanged: acts.on_facts,
        inc.KindsChanged: acts.on_kinds,
        inc.IncidentGraded: acts.on_graded,
        inc.ReportingThresholdMet: acts.on_threshold,
        inc.IncidentClosed: moving.on_closed,
        judged.IncidentsMerged: moving.on_merged,
        judged.IncidentSplit: moving.on_split,
        judged.IncidentRefuted: moving.on_refuted,
        note.NoticeDelivered: tracing.on_delivered,
        note.DistrictFellSilent: moving.on_silent,
        note.DistrictCameBack: moving.on_back,
        AutonomyExited: moving.on_merged_log,
        out.ObligationMet: acts.on_met,
        out.ObligationBreached: acts.on_breached,
        HandoverAnswered: taking.on_answered,
        ResponseStarted: acts.on_started,
        ResponseChanged: acts.on_changed,
        ResponseEnded: on_ended,
        JointActivated: acts.on_activated,
        DirectiveAccepted: tracing.on_directive,
        UnitTaken: acts.on_unit,
    },
    evolve={
        out.ReportTraced: records.evolve_traced,
        out.UpwardWaiting: records.evolve_waiting,
        out.UpwardFound: records.evolve_found,
        out.BasisNoted: records.evolve_basis,
        out.ObligationOpened: records.evolve_opened,
        out.RecipientTold: records.evolve_told,
        out.ObligationMet: records.evolve_met,
        out.ObligationBreached: records.evolve_breached,
        out.ObligationExcused: records.evolve_excused,
        out.ObligationResumed: records.evolve_resumed,
        out.ObligationWithdrawn: records.evolve_withdrawn,
        out.ObligationMoved: records.evolve_moved,
        out.KnowledgeJoined: records.evolve_joined,
    },
)

"""Concern `escalation`: alert state, response levels and their life, command (RL-1..RL-11).

normal -> alert -> response IV..I -> lowered -> ended -> recovery -> closed, per incident and zone. The system proposes
at once and never lowers or ends anything; named authorities decide, within the guards of the law.
"""

from schemas.inputs.alerts import AlertIssued
from schemas.outputs import command_events as com
from schemas.outputs import incident_events as inc
from schemas.outputs import incident_judgements as jud
from schemas.outputs import response_events as out
from schemas.outputs import taskforce_events as joint
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.context import Concern
from streams.domain.directives.proposals import evolve_opened
from streams.domain.escalation import alerts, folding, moving, reacting
from streams.domain.escalation.acts import act
from streams.domain.escalation.opinions import evolve_opinion

ESCALATION = Concern(
    name="escalation",
    inputs={AlertIssued: alerts.decide_alert},
    timers={alerts.TIMER: alerts.decide_expiry},
    reactions={
        DirectiveAccepted: act,
        inc.IncidentGraded: reacting.on_graded,
        inc.ReportAttached: reacting.on_report,
        inc.FactsChanged: reacting.on_facts,
        inc.KindsChanged: reacting.on_kinds,
        jud.IncidentsMerged: moving.on_merged,
        jud.IncidentSplit: moving.on_split,
        inc.IncidentClosed: reacting.on_closed,
        inc.IncidentReopened: reacting.on_reopened,
        com.AlertStateChanged: alerts.on_alert,
        out.ResponseStarted: reacting.on_act,
        out.ResponseChanged: reacting.on_act,
        out.ResponseEnded: reacting.on_act,
        joint.JointActivated: reacting.on_joint,
        joint.JointStoodDown: reacting.on_joint,
    },
    evolve={
        out.ResponseProposed: evolve_opened,
        out.ResponseStarted: folding.evolve_started,
        out.ResponseChanged: folding.evolve_changed,
        out.ResponseEnded: folding.evolve_ended,
        out.ResponseMoved: folding.evolve_moved,
        out.ResponseMismatched: folding.evolve_told,
        out.OpinionRecorded: evolve_opinion,
        out.TerminationClockSet: folding.evolve_clock,
        out.ReviewOpened: folding.evolve_review,
        com.AlertStateChanged: alerts.evolve_alert,
        com.ConsultationConvened: folding.evolve_told,
        com.PhaseChanged: folding.evolve_phase,
        com.ModeChanged: folding.evolve_mode,
        com.ProfileChanged: folding.evolve_profile,
        com.LeadChanged: folding.evolve_lead,
    },
)

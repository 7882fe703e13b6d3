"""Concern `activation`: the joint mechanism and its task force 专班/联合工作组 (E9, E10, E11, W2, D3; TF-*, JA-*)."""

from schemas.outputs import incident_events as inc
from schemas.outputs import taskforce_events as out
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.incident_judgements import IncidentRefuted, IncidentsMerged, IncidentSplit
from schemas.outputs.proposal_events import ProposalDecided
from schemas.outputs.response_events import ResponseEnded, ResponseMoved, ResponseStarted
from streams.domain.activation import commands, mechanism, reacting
from streams.domain.context import Concern
from streams.domain.directives.proposals import evolve_opened

ACTIVATION = Concern(
    name="activation",
    inputs={},
    timers={},
    reactions={
        inc.IncidentGraded: reacting.on_graded,
        inc.KindsChanged: reacting.on_graded,
        inc.FactsChanged: reacting.on_seen,
        inc.NeedStated: reacting.on_seen,
        inc.TrendAssessed: reacting.on_trend,
        inc.IncidentClosed: reacting.on_closed,
        IncidentRefuted: reacting.on_refuted,
        IncidentsMerged: reacting.on_merged,
        IncidentSplit: reacting.on_split,
        ResponseStarted: reacting.on_seen,
        ResponseMoved: reacting.on_seen,
        ResponseEnded: reacting.on_ended,
        ProposalDecided: commands.on_decided,
        DirectiveAccepted: commands.on_directive,
    },
    evolve={
        out.JointProposed: evolve_opened,
        out.JointActivated: mechanism.evolve_activated,
        out.JointRuleHit: mechanism.evolve_hit,
        out.TaskForceFormed: mechanism.evolve_composed,
        out.TaskForceRecomposed: mechanism.evolve_composed,
        out.TaskForceMoved: mechanism.evolve_moved,
        out.LeadNamed: mechanism.evolve_named,
        out.JointStoodDown: mechanism.evolve_stood_down,
    },
)

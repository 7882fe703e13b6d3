"""Concern `intake`: from reports to incidents and to the figures that count (IN-*, VE-*)."""

from schemas.inputs.reports import IncidentReported
from schemas.outputs import incident_events as out
from schemas.outputs import incident_judgements as judged
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.context import Concern
from streams.domain.intake import evolve, moving
from streams.domain.intake.divisions import unknown_division
from streams.domain.intake.judgements import decide_directive, standing
from streams.domain.intake.merging import decide_proposal
from streams.domain.intake.reports import decide_report
from streams.domain.registers import evolve_nothing

__all__ = ["INTAKE", "standing", "unknown_division"]

INTAKE = Concern(
    name="intake",
    inputs={IncidentReported: decide_report},
    timers={},
    reactions={DirectiveAccepted: decide_directive, ProposalDecided: decide_proposal},
    evolve={
        out.IncidentOpened: evolve.opened,
        out.ReportAttached: evolve.attached,
        out.FactsChanged: evolve.facts_changed,
        out.KindsChanged: evolve.kinds_changed,
        out.NeedStated: evolve.need_stated,
        out.SuspicionKept: evolve.suspicion_kept,
        out.CasualtiesSettled: evolve.settled,
        out.IncidentClosed: evolve.closed,
        out.IncidentReopened: evolve.reopened,
        out.UrbanOccurrenceNoted: evolve.occurred,
        out.ReportFlagged: evolve_nothing,
        out.ReportConflicting: evolve_nothing,
        judged.FactsVerified: evolve.verified,
        judged.FactsRefuted: evolve.refuted,
        judged.FlagsStated: evolve.flags_stated,
        judged.ReportRefuted: evolve.report_refuted,
        judged.IncidentRefuted: moving.incident_refuted,
        judged.IncidentsMerged: moving.merged,
        judged.IncidentSplit: moving.split,
        judged.IncidentsLinked: evolve.linked,
    },
)

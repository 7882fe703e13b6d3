"""Concern `grading`: from the figures that count to grades, reporting thresholds and trends (GR-1, GR-2)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.directives import ReassessGrade
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.incident_events import FactsChanged, IncidentGraded, ReportingThresholdMet, TrendAssessed
from schemas.outputs.incident_judgements import InitialReplaced
from streams.domain.context import Concern, Context
from streams.domain.core import Incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.fast import changed
from streams.domain.grading.assess import decide_facts, decide_replaced
from streams.domain.grading.entities import Assessment, TrendState
from streams.domain.intake.evolve import counts_id
from streams.domain.intake.judgements import standing
from streams.domain.state import AreaState, Change, Put


def decide_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """A re-assessment replaces an initial determination, and nothing else (domain.md 2.4)."""
    command = event.command
    if not isinstance(command, ReassessGrade):
        return
    incident = standing(state, command.incident)
    if incident is None:
        yield refused(context, Refusal("UNKNOWN_INCIDENT", f"no incident {command.incident} in this area"))
        return
    stands = any(grade.family == command.family for grade in incident.families)
    if not stands or not context.policy.grading.initial(command.family):
        refusal = Refusal("NO_INITIAL_DETERMINATION", f"{command.family} is no initial determination of {incident.id}")
        yield refused(context, refusal, incident.id)
        return
    yield InitialReplaced(
        incident=incident.id,
        family=command.family,
        directive=event.directive,
        issuer=event.issuer,
        reason=command.reason,
    )


def evolve_graded(state: AreaState, event: IncidentGraded) -> Iterator[Change]:
    """The grades that stand."""
    incident = state.of(Incident)[event.incident]
    yield Put(changed(incident, families=event.families, composite=event.composite))


def _assessment(state: AreaState, incident: str) -> Assessment:
    return state.get(Assessment, incident) or Assessment(id=incident, incident=incident)


def evolve_replaced(state: AreaState, event: InitialReplaced) -> Iterator[Change]:
    """The family no longer counts."""
    known = _assessment(state, event.incident)
    yield Put(known.model_copy(update={"replaced": (*known.replaced, event.family)}))


def evolve_threshold(state: AreaState, event: ReportingThresholdMet) -> Iterator[Change]:
    """These rules have held."""
    known = _assessment(state, event.incident)
    met = (*known.thresholds, *(hit.rule for hit in event.hits))
    yield Put(known.model_copy(update={"thresholds": met}))


def evolve_trend(state: AreaState, event: TrendAssessed) -> Iterator[Change]:
    """The trend as last assessed."""
    yield Put(
        TrendState(
            id=counts_id(event.incident, event.fact),
            incident=event.incident,
            rule=event.rule,
            fact=event.fact,
            trend=event.trend,
            count=event.count,
            count_as_of=event.count_as_of,
        )
    )


GRADING = Concern(
    name="grading",
    inputs={},
    timers={},
    reactions={
        FactsChanged: decide_facts,
        InitialReplaced: decide_replaced,
        DirectiveAccepted: decide_directive,
    },
    evolve={
        IncidentGraded: evolve_graded,
        InitialReplaced: evolve_replaced,
        ReportingThresholdMet: evolve_threshold,
        TrendAssessed: evolve_trend,
    },
)

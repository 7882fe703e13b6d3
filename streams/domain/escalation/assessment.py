"""The assessment that proposals and acts refer to (VE-3)."""

from typing import Literal

from schemas.base import RuleHit
from schemas.outputs.response_events import Assessment
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.grading.entities import TrendState
from streams.domain.state import AreaState


def assessment_of(state: AreaState, incident: Incident | None, context: Context) -> Assessment | None:
    """The computed grading assessment of an incident: it suffices for a proposal."""
    if incident is None:
        return None
    return Assessment(
        composite=incident.composite,
        rules=tuple(hit for family in incident.families for hit in family.hits),
        trend=trend_of(state, incident),
        figures_as_of=incident.figures_as_of,
        policy_version=context.policy.version,
    )


def trend_of(state: AreaState, incident: Incident) -> Literal["stable", "worsening", "spreading"]:
    """An expert's judgement goes before the computed trend of the counts (domain.md 2.2 note 4)."""
    if incident.figures.get("spreading") is True:
        return "spreading"
    trends = {assessed.trend for assessed in state.of_incident(TrendState, incident.id)}
    return "worsening" if "worsening" in trends else "stable"


def grade_hits(incident: Incident) -> tuple[RuleHit, ...]:
    """The rule hits that give the composite grade."""
    return tuple(
        hit
        for family in incident.families
        if family.in_composite and family.severity == incident.composite
        for hit in family.hits
    )

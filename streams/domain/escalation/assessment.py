"""The assessment that proposals and acts refer to (VE-3)."""

from schemas.base import RuleHit
from schemas.outputs.response_events import Assessment
from streams.domain.context import Context
from streams.domain.core import Incident

TRENDS = ("stable", "worsening", "spreading")


def assessment_of(incident: Incident | None, context: Context) -> Assessment | None:
    """The computed grading assessment of an incident: it suffices for a proposal."""
    if incident is None:
        return None
    return Assessment(
        composite=incident.composite,
        rules=tuple(hit for family in incident.families for hit in family.hits),
        figures_as_of=incident.figures_as_of,
        policy_version=context.policy.version,
    )


def grade_hits(incident: Incident) -> tuple[RuleHit, ...]:
    """The rule hits that give the composite grade."""
    return tuple(
        hit
        for family in incident.families
        if family.in_composite and family.severity == incident.composite
        for hit in family.hits
    )

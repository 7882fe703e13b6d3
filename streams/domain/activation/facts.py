"""What the rules of the joint mechanism look at (policy: activation.yaml)."""

from schemas.inputs.reports import FactValue
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import day_and_places
from streams.domain.escalation.running import responses_to
from streams.domain.state import AreaState
from streams.policy.activation import UNGRADED

PHE = "PHE"
"""The grading family of public-health emergencies: E9 and E10 speak of it alone (domain.md 1.5)."""
INJURED = ("injured", "serious", "critical", "slight")


def facts_of(state: AreaState, incident: Incident, context: Context, trend: str) -> dict[str, FactValue]:
    """Every name of the vocabulary with its value for this incident."""
    figures, needs = incident.figures, incident.needs
    return {
        "phe": incident.severity(PHE) or UNGRADED,
        "composite": incident.composite or UNGRADED,
        "response_running": next(responses_to(state, incident), None) is not None,
        "trend": "spreading" if figures.get("spreading") is True else trend,
        "deaths": _count(figures.get("deaths")),
        "injured": _injured(figures),
        "missing": _count(figures.get("missing")),
        "need_medical": "medical" in needs,
        "need_sanitation": "sanitation" in needs,
        "need_psychosocial": "psychosocial" in needs,
        "only_phe_kinds": _only_phe(state, incident, context),
    }


def _only_phe(state: AreaState, incident: Incident, context: Context) -> bool:
    book = context.policy.hazards.kinds(*day_and_places(state, incident.occurred_at))
    return all(kind in book and PHE in book[kind].families for kind in incident.hazard_kinds)


def _injured(figures: dict[str, FactValue]) -> int:
    """Injured persons by whatever figure states them; casualties beyond the dead are injured."""
    stated = max(_count(figures.get(name)) for name in INJURED)
    return max(stated, _count(figures.get("casualties")) - _count(figures.get("deaths")))


def _count(value: FactValue | None) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0

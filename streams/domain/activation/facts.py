"""What the rules of the joint mechanism look at (policy: activation.yaml)."""

from collections.abc import Callable, Iterator, Mapping

from schemas.inputs.reports import FactValue
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import day_and_places
from streams.domain.escalation.assessment import trend_of
from streams.domain.escalation.running import responses_to
from streams.domain.state import AreaState
from streams.policy.activation import HURT, UNGRADED, hurt

PHE_FAMILY = "PHE"
"""E9 and E10 speak of this grading family alone (domain.md 1.5)."""
PHE_GROUP = "public_health"


class Picture(Mapping[str, FactValue]):
    """An incident as conditions see it: each fact is worked out when a condition asks for it."""

    __slots__ = ("_context", "_incident", "_state")

    def __init__(self, state: AreaState, incident: Incident, context: Context) -> None:
        self._state = state
        self._incident = incident
        self._context = context

    def __getitem__(self, name: str) -> FactValue:
        own = _OWN.get(name)
        if own is not None:
            return own(self._state, self._incident, self._context)
        return self._incident.figures.get(name, self._context.policy.facts.absent[name])

    def __iter__(self) -> Iterator[str]:
        return iter((*_OWN, *self._context.policy.facts.absent))

    def __len__(self) -> int:
        return len(_OWN) + len(self._context.policy.facts.absent)


def _response_running(state: AreaState, incident: Incident, _: Context) -> bool:
    return next(responses_to(state, incident), None) is not None


def _only_phe_kinds(state: AreaState, incident: Incident, context: Context) -> bool:
    book = context.policy.hazards.kinds(*day_and_places(state, incident.occurred_at))
    return all(kind in book and book[kind].group == PHE_GROUP for kind in incident.hazard_kinds)


_OWN: dict[str, Callable[[AreaState, Incident, Context], FactValue]] = {
    "phe": lambda _, incident, __: incident.severity(PHE_FAMILY) or UNGRADED,
    "composite": lambda _, incident, __: incident.composite or UNGRADED,
    "response_running": _response_running,
    "trend": lambda state, incident, _: trend_of(state, incident),
    HURT: lambda _, incident, context: hurt(context.policy.facts, incident.figures),
    "need_medical": lambda _, incident, __: "medical" in incident.needs,
    "need_sanitation": lambda _, incident, __: "sanitation" in incident.needs,
    "need_psychosocial": lambda _, incident, __: "psychosocial" in incident.needs,
    "only_phe_kinds": _only_phe_kinds,
}
"""The words that activation.yaml adds to the catalogue of facts."""

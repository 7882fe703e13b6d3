"""What the rules of the joint mechanism look at (policy: activation.yaml)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from schemas.inputs.reports import FactValue
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import day_and_places
from streams.domain.escalation.assessment import trend_of
from streams.domain.escalation.running import responses_to
from streams.domain.state import AreaState
from streams.policy.activation import UNGRADED

PHE_FAMILY = "PHE"
"""E9 and E10 speak of this grading family alone (domain.md 1.5)."""
PHE_GROUP = "public_health"


class Picture(Mapping[str, FactValue]):
    """An incident as conditions see it: each fact is worked out when a condition asks for it."""

    def __init__(self, state: AreaState, incident: Incident, context: Context) -> None:
        self._state = state
        self._incident = incident
        self._context = context
        needs = incident.needs
        self._own: dict[str, Callable[[], FactValue]] = {
            "phe": lambda: incident.severity(PHE_FAMILY) or UNGRADED,
            "composite": lambda: incident.composite or UNGRADED,
            "response_running": lambda: next(responses_to(state, incident), None) is not None,
            "trend": partial(trend_of, state, incident),
            "hurt": self._hurt,
            "need_medical": partial(needs.__contains__, "medical"),
            "need_sanitation": partial(needs.__contains__, "sanitation"),
            "need_psychosocial": partial(needs.__contains__, "psychosocial"),
            "only_phe_kinds": self._only_phe_kinds,
        }

    def __getitem__(self, name: str) -> FactValue:
        own = self._own.get(name)
        if own is not None:
            return own()
        return self._incident.figures.get(name, self._context.policy.facts.absent[name])

    def __iter__(self) -> Iterator[str]:
        return iter((*self._own, *self._context.policy.facts.absent))

    def __len__(self) -> int:
        return len(self._own) + len(self._context.policy.facts.absent)

    def _hurt(self) -> int:
        figures = self._incident.figures
        counts = (figures.get(name, 0) for name in self._context.policy.facts.casualty_facts)
        return max((count for count in counts if isinstance(count, int)), default=0)

    def _only_phe_kinds(self) -> bool:
        book = self._context.policy.hazards.kinds(*day_and_places(self._state, self._incident.occurred_at))
        return all(kind in book and book[kind].group == PHE_GROUP for kind in self._incident.hazard_kinds)

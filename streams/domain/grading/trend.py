"""The computed trend of a count [P] (SC-2, SC-3, SC-6): it only proposes (E10), it never grades (2.2 note 4)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile

from schemas.outputs.incident_events import TrendAssessed
from streams.domain.core import Incident
from streams.domain.fast import made
from streams.domain.grading.entities import TrendState
from streams.domain.intake.entities import CaseCounts, Count
from streams.domain.intake.evolve import counts_id
from streams.domain.intake.plan import Plan
from streams.domain.state import AreaState
from streams.policy.grading import Trend


def assess_trends(state: AreaState, id: str, plan: Plan) -> Iterator[TrendAssessed]:
    """One event per trend rule whose result changed, or whose worsening count went on growing."""
    for rule in plan.trends:
        incident = state.of(Incident)[id]
        assessed = _assessed(state, incident, rule)
        if assessed is not None and _news(state.get(TrendState, counts_id(id, rule.fact)), assessed):
            yield assessed


def _assessed(state: AreaState, incident: Incident, rule: Trend) -> TrendAssessed | None:
    """The newest count against the oldest one of the rule's period; a first count has no growth."""
    known = state.get(CaseCounts, counts_id(incident.id, rule.fact))
    count = incident.figures.get(rule.fact)
    if known is None or not known.counts or not isinstance(count, int):
        return None
    newest = known.counts[-1]
    base = _oldest(known.counts, rule, newest)
    worse = base is not None and rule.worsening(base.number, count)
    return made(
        TrendAssessed,
        incident=incident.id,
        rule=rule.id,
        fact=rule.fact,
        trend="worsening" if worse else "stable",
        count=count,
        count_as_of=newest.as_of,
        base=base.number if base is not None else None,
        base_as_of=base.as_of if base is not None else None,
    )


def _oldest(counts: tuple[Count, ...], rule: Trend, newest: Count) -> Count | None:
    since = newest.as_of - timedelta(hours=rule.hours)
    first = counts[bisect_left(counts, (since,))]
    if first.as_of == newest.as_of:
        return None
    return max(takewhile(lambda count: count.as_of == first.as_of, counts[bisect_left(counts, first) :]), key=_number)


def _number(count: Count) -> int:
    return count.number


def _news(known: TrendState | None, assessed: TrendAssessed) -> bool:
    if known is None:
        return assessed.trend == "worsening"
    return known.trend != assessed.trend or (assessed.trend == "worsening" and assessed.count > known.count)

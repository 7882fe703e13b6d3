"""The computed trend of a count [P] (SC-2, SC-3, SC-6): it only proposes (E10), it never grades (2.2 note 4)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime

from schemas.outputs.incident_events import TrendAssessed
from streams.domain.core import Incident
from streams.domain.fast import made
from streams.domain.grading.entities import TrendState
from streams.domain.intake.entities import CaseCounts, Count
from streams.domain.intake.evolve import counts_id
from streams.domain.intake.plan import Plan
from streams.domain.state import AreaState


def assess_trends(state: AreaState, id: str, plan: Plan) -> Iterator[TrendAssessed]:
    """One event per trend rule whose result changed, or whose worsening count went on growing."""
    for rule in plan.trends:
        incident = state.of(Incident)[id]
        key = counts_id(id, rule.fact)
        known = state.get(CaseCounts, key)
        count = incident.figures.get(rule.fact)
        if known is None or not isinstance(count, int):
            continue
        newest = known.counts[-1]
        base = _oldest(known.counts, newest.as_of - rule.period, newest.as_of)
        worse = base is not None and rule.worsening(base.number, count)
        if _news(state.get(TrendState, key), count, worse=worse):
            yield made(
                TrendAssessed,
                incident=id,
                rule=rule.id,
                fact=rule.fact,
                trend="worsening" if worse else "stable",
                count=count,
                count_as_of=newest.as_of,
                base=base.number if base is not None else None,
                base_as_of=base.as_of if base is not None else None,
            )


def _oldest(counts: tuple[Count, ...], since: datetime, newest: datetime) -> Count | None:
    """The oldest count of the period, the greatest of several of one instant; a first count has none before it."""
    at = bisect_left(counts, (since,))
    oldest = counts[at]
    if oldest.as_of == newest:
        return None
    while counts[at + 1].as_of == oldest.as_of:
        at += 1
        oldest = max(oldest, counts[at], key=_number)
    return oldest


def _number(count: Count) -> int:
    return count.number


def _news(known: TrendState | None, count: int, *, worse: bool) -> bool:
    """Whether a trend begins or ends, or gets worse still."""
    if known is None or known.trend == "stable":
        return worse
    return not worse or count > known.count

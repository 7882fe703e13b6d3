"""KPIs of 120 calls, counted as the calls pass (EM-1 to EM-3)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.ems import EmsCallProgressed
from schemas.outputs import signal_events as out
from streams.domain.context import Context
from streams.domain.core import District
from streams.domain.directives.days import law
from streams.domain.monitoring.entities import Call, Kpi
from streams.domain.monitoring.signals import month
from streams.domain.state import AreaState
from streams.policy.monitoring import CallKpi


def decide_call(state: AreaState, event: EmsCallProgressed, context: Context) -> Iterator[OutputEvent]:
    """Take the step; a KPI has its sample when both of its steps are known, in whatever order they came."""
    call = state.get(Call, event.call)
    if call is not None and event.step in call.steps:
        return
    steps = {**(call.steps if call is not None else {}), event.step: event.observed_at}
    measured = call.measured if call is not None else ()
    rules = [
        rule
        for rule in law(state, context.policy.monitoring, event.observed_at).calls
        if rule.id not in measured and rule.since in steps and rule.until in steps
        if not rule.urban or _urban(state, event.district)
    ]
    period = month(state, steps.get("received", event.observed_at))
    yield out.CallAdvanced(
        call=event.call,
        step=event.step,
        district=event.district,
        at=event.observed_at,
        period=period,
        measures=tuple(_measure(rule, (steps[rule.until] - steps[rule.since]).total_seconds()) for rule in rules),
    )
    for rule in rules:
        yield from _judged(state, rule, period)


def _urban(state: AreaState, district: str) -> bool:
    known = state.get(District, district)
    return known is not None and known.entry.urban


def _measure(rule: CallKpi, seconds: float) -> out.Measure:
    limit = rule.within_s if rule.within_s is not None else rule.mean_s or 0.0
    return out.Measure(kpi=rule.id, group="all", seconds=max(0.0, seconds), good=seconds <= limit)


def _judged(state: AreaState, rule: CallKpi, period: str) -> Iterator[OutputEvent]:
    """Told when it crosses the target, in either direction."""
    kpi = state.get(Kpi, f"{rule.id}:{period}")
    if kpi is None or sum(kpi.total.values()) < rule.samples:
        return
    value, target = (kpi.mean(), rule.mean_s) if rule.mean_s is not None else (kpi.rate(), rule.target or 0.0)
    breached = value > target if rule.mean_s is not None else value < target
    samples = sum(kpi.total.values())
    if breached and not kpi.breached:
        yield out.KpiBreached(
            kpi=rule.id, period=period, value=value, target=target, groups=("all",), samples=samples, source=rule.source
        )
    elif kpi.breached and not breached:
        yield out.KpiRecovered(kpi=rule.id, period=period, value=value, target=target, samples=samples)

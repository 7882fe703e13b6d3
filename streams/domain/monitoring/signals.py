"""The loop of a signal: raised, responded to in time or late, judged, evaluated (MO-1 to MO-4; SC-9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.base import OutputEvent
from schemas.inputs.signals import SignalProgressed, SignalRaised
from schemas.outputs import signal_events as out
from streams.domain.context import Context, TimerFired
from streams.domain.core import area_of
from streams.domain.directives.days import law
from streams.domain.monitoring.entities import Kpi, Signal
from streams.domain.state import AreaState
from streams.policy.dated import zone
from streams.policy.monitoring import SignalLimit


def decide_raised(state: AreaState, event: SignalRaised, context: Context) -> Iterator[OutputEvent]:
    """Enter the loop once; the limit runs from when the signal was raised."""
    if state.get(Signal, event.signal) is not None:
        return
    limit = _limit(state, context, event.raised_at)
    due = event.raised_at + timedelta(minutes=limit.minutes) if limit is not None else None
    yield out.SignalEntered(
        signal=event.signal,
        channel=event.channel,
        district=event.district,
        hazard_kind=event.hazard_kind,
        raised_at=event.raised_at,
        due=due,
        rule=limit.id if limit is not None else "",
        text=event.text,
    )
    if due is not None and context.now > due:
        yield from _missed(state, context, event.signal, due)


def decide_progressed(state: AreaState, event: SignalProgressed, context: Context) -> Iterator[OutputEvent]:
    """The next step. Whoever judges or evaluates a signal has responded to it."""
    signal = state.get(Signal, event.signal)
    if signal is None or signal.status == "evaluated":
        return
    at = min(event.observed_at, context.now)
    if signal.answered_at is None:
        yield from _answered(state, context, signal, event.by_unit, at)
    if event.step in {"verified", "refuted"} and event.step != signal.verdict:
        yield out.SignalJudged.model_validate(
            {"signal": signal.id, "channel": signal.channel, "verdict": event.step, "by_unit": event.by_unit, "at": at}
        )
    elif event.step == "evaluated":
        late = state.of(Signal)[event.signal].late
        yield out.SignalEvaluated(signal=signal.id, channel=signal.channel, by_unit=event.by_unit, at=at, late=late)


def _answered(state: AreaState, context: Context, signal: Signal, by_unit: str, at: datetime) -> Iterator[OutputEvent]:
    late = signal.status == "overdue" or (signal.due is not None and at > signal.due)
    took = (at - signal.raised_at).total_seconds()
    yield out.SignalAnswered(
        signal=signal.id, channel=signal.channel, by_unit=by_unit, at=at, late=late, took_s=max(0, int(took))
    )
    if signal.status != "overdue":
        yield from _measured(state, context, signal, took, good=not late)


def decide_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Nobody responded in the limit."""
    signal = state.get(Signal, fired.ref)
    if signal is not None and signal.status == "raised":
        yield from _missed(state, context, fired.ref, fired.due)


def _missed(state: AreaState, context: Context, id: str, due: datetime) -> Iterator[OutputEvent]:
    signal = state.of(Signal)[id]
    yield out.SignalMissed(signal=id, channel=signal.channel, due=due)
    yield from _measured(state, context, signal, (due - signal.raised_at).total_seconds(), good=False)


def _measured(
    state: AreaState, context: Context, signal: Signal, seconds: float, *, good: bool
) -> Iterator[OutputEvent]:
    """The month's rate with one more sample; a breach names the channels below the target (MO-2)."""
    limit = _limit(state, context, signal.raised_at)
    if limit is None:
        return
    period = month(state, signal.raised_at)
    sample = out.Measure(kpi=limit.id, group=signal.channel, seconds=seconds, good=good)
    known = with_sample(
        state.get(Kpi, f"{limit.id}:{period}") or Kpi(id=f"{limit.id}:{period}", kpi=limit.id, period=period), sample
    )
    rates = {group: known.rate(group) for group in sorted(known.total)}
    below = tuple(group for group, rate in rates.items() if rate < limit.target)
    breached = known.rate() < limit.target
    yield out.RateMeasured(
        kpi=limit.id,
        period=period,
        sample=sample,
        rate=known.rate(),
        rates=rates,
        samples={group: known.total[group] for group in sorted(known.total)},
        target=limit.target,
        below=below,
        breached=breached,
    )
    if breached and not good:
        yield out.KpiBreached(
            kpi=limit.id,
            period=period,
            value=known.rate(),
            target=limit.target,
            groups=below,
            samples=sum(known.total.values()),
            source=limit.source,
        )


def with_sample(kpi: Kpi, sample: out.Measure) -> Kpi:
    """The KPI with one more sample."""
    group = sample.group
    return kpi.model_copy(
        update={
            "good": {**kpi.good, group: kpi.good.get(group, 0) + int(sample.good)},
            "total": {**kpi.total, group: kpi.total.get(group, 0) + 1},
            "seconds": kpi.seconds + sample.seconds,
        }
    )


def month(state: AreaState, instant: datetime) -> str:
    """The local month of an instant, YYYY-MM."""
    return instant.astimezone(zone(area_of(state).timezone)).strftime("%Y-%m")


def _limit(state: AreaState, context: Context, instant: datetime) -> SignalLimit | None:
    return law(state, context.policy.monitoring, instant).signal

"""What the events of this concern mean for the state."""

from collections.abc import Iterator
from typing import Any

from schemas.outputs import release_events as rel
from schemas.outputs import signal_events as out
from streams.domain.core import Timer, timer
from streams.domain.monitoring.entities import Call, Kpi, Release, Rumour, Signal
from streams.domain.monitoring.signals import with_sample
from streams.domain.state import AreaState, Change, Drop, Put

RESPONSE, RUMOUR = "signal_response", "rumour_answer"
"""Timer kinds."""


def evolve_entered(state: AreaState, event: out.SignalEntered) -> Iterator[Change]:
    """The loop is open."""
    yield Put(
        Signal(
            id=event.signal,
            incident=event.incident,
            channel=event.channel,
            district=event.district,
            raised_at=event.raised_at,
            due=event.due,
            rule=event.rule,
        )
    )
    if event.due is not None:
        yield Put(timer(RESPONSE, event.signal, event.due, event.incident))


def evolve_answered(state: AreaState, event: out.SignalAnswered) -> Iterator[Change]:
    """Somebody responded."""
    yield from _signal(state, event.signal, {"status": "answered", "answered_at": event.at, "late": event.late})
    yield from _dropped(state, RESPONSE, event.signal)


def evolve_missed(state: AreaState, event: out.SignalMissed) -> Iterator[Change]:
    """Overdue, and still in the loop."""
    yield from _signal(state, event.signal, {"status": "overdue", "late": True})
    yield from _dropped(state, RESPONSE, event.signal)


def evolve_judged(state: AreaState, event: out.SignalJudged) -> Iterator[Change]:
    """Verified or refuted."""
    yield from _signal(state, event.signal, {"verdict": event.verdict})


def evolve_evaluated(state: AreaState, event: out.SignalEvaluated) -> Iterator[Change]:
    """The loop is closed."""
    yield from _signal(state, event.signal, {"status": "evaluated", "evaluated_at": event.at})


def _signal(state: AreaState, id: str, update: dict[str, Any]) -> Iterator[Change]:
    known = state.get(Signal, id)
    if known is not None:
        yield Put(known.model_copy(update=update))


def evolve_rate(state: AreaState, event: out.RateMeasured) -> Iterator[Change]:
    """One more sample."""
    known = _kpi(state, event.kpi, event.period)
    yield Put(with_sample(known, event.sample).model_copy(update={"breached": event.breached}))


def evolve_call(state: AreaState, event: out.CallAdvanced) -> Iterator[Change]:
    """The step, and the samples that it completes."""
    known = state.get(Call, event.call) or Call(id=event.call, district=event.district)
    measured = (*known.measured, *(one.kpi for one in event.measures))
    yield Put(known.model_copy(update={"steps": {**known.steps, event.step: event.at}, "measured": measured}))
    for sample in event.measures:
        yield Put(with_sample(_kpi(state, sample.kpi, event.period), sample))


def evolve_kpi(state: AreaState, event: out.KpiBreached | out.KpiRecovered) -> Iterator[Change]:
    """Below or above its target."""
    breached = isinstance(event, out.KpiBreached)
    yield Put(_kpi(state, event.kpi, event.period).model_copy(update={"breached": breached}))


def _kpi(state: AreaState, kpi: str, period: str) -> Kpi:
    return state.get(Kpi, f"{kpi}:{period}") or Kpi(id=f"{kpi}:{period}", kpi=kpi, period=period)


def evolve_blocked(state: AreaState, event: rel.ReleaseBlocked) -> Iterator[Change]:
    """The attempt."""
    yield Put(
        Release(
            id=event.release,
            incident=event.incident,
            kind=event.kind,
            status="blocked",
            by_unit=event.by_unit,
            text_hash=event.text_hash,
        )
    )


def evolve_verified(state: AreaState, event: rel.ReleaseVerified) -> Iterator[Change]:
    """Waits for approval."""
    yield Put(
        Release(
            id=event.release,
            incident=event.incident,
            kind=event.kind,
            status="verified",
            by_unit=event.by_unit,
            text_hash=event.text_hash,
            information_class=event.information_class,
            figures=event.figures,
            channels=event.channels,
        )
    )


def evolve_published(state: AreaState, event: rel.ReleasePublished) -> Iterator[Change]:
    """Released on one more channel."""
    known = state.get(Release, event.release)
    if known is not None:
        released = {"status": "published", "published": (*known.published, event.channel)}
        yield Put(known.model_copy(update=released))


def evolve_rumour(state: AreaState, event: rel.RumourTaken) -> Iterator[Change]:
    """On record, with its term."""
    yield Put(Rumour(id=event.rumour, incident=event.incident, detected_at=event.detected_at, due=event.due))
    if event.due is not None:
        yield Put(timer(RUMOUR, event.rumour, event.due, event.incident))


def evolve_rumour_step(state: AreaState, event: rel.RumourAdvanced) -> Iterator[Change]:
    """Assessed, refuted or confirmed."""
    known = state.get(Rumour, event.rumour)
    if known is not None:
        yield Put(known.model_copy(update={"status": event.step}))
        if event.step != "assessed":
            yield from _dropped(state, RUMOUR, event.rumour)


def evolve_nothing(
    state: AreaState, event: rel.ReleaseApproved | rel.PublicationDiffers | rel.RumourOverdue
) -> Iterator[Change]:
    """Told and remembered in the recorder."""
    yield from ()


def _dropped(state: AreaState, kind: str, ref: str) -> Iterator[Change]:
    if state.get(Timer, f"{kind}:{ref}") is not None:
        yield Drop(Timer, f"{kind}:{ref}")

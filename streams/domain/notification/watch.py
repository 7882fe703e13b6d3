"""Liaison officers, duty rosters and signs of life (DU-1 to DU-8, SC-5)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.base import OutputEvent
from schemas.inputs.duty import HeartbeatReceived, LiaisonRegistered, RosterRegistered
from schemas.outputs import notification_events as out
from streams.domain.context import Context, TimerFired
from streams.domain.directives.days import law
from streams.domain.notification.entities import Heartbeat, Roster, Shift
from streams.domain.notification.queueing import missing_liaison
from streams.domain.state import AreaState


def decide_liaison(state: AreaState, event: LiaisonRegistered, context: Context) -> Iterator[OutputEvent]:
    """File the liaison officer; alarm where there is none (DU-1, DU-2)."""
    yield out.LiaisonTaken(
        unit=event.unit,
        officer=event.officer,
        alternates=event.alternates,
        unit_head=event.unit_head,
        observed_at=event.observed_at,
    )
    if event.officer is None:
        yield from missing_liaison(state, context, event.unit)


def decide_roster(state: AreaState, event: RosterRegistered, context: Context) -> Iterator[OutputEvent]:
    """File a shift, and alarm for hours that nobody covers between now and the roster's end (DU-5)."""
    roster = state.get(Roster, event.unit)
    shift = Shift(officer=event.officer, on_from=event.on_from, on_to=event.on_to)
    shifts = tuple(sorted((*(roster.shifts if roster else ()), shift), key=lambda one: (one.on_from, one.on_to)))
    yield out.ShiftTaken(
        unit=event.unit,
        officer=event.officer,
        on_from=event.on_from,
        on_to=event.on_to,
        forget_before=context.now,
        look_at=covered_until(shifts, context.now),
    )


def covered_until(shifts: tuple[Shift, ...], since: datetime) -> datetime:
    """Until when the duty room is covered without a hole, from `since` on."""
    end = since
    for shift in shifts:
        if shift.on_from > end:
            break
        end = max(end, shift.on_to)
    return end


def decide_uncovered(state: AreaState, fired: TimerFired, context: Context) -> Iterator[out.DutyUncovered]:
    """The covered time has ended: nobody is on duty until the next shift that is known (DU-5)."""
    roster = state.get(Roster, fired.ref)
    rule = law(state, context.policy.duty, context.now).roster
    if roster is None or rule is None or covered_until(roster.shifts, fired.due) > fired.due:
        return
    following = next((shift.on_from for shift in roster.shifts if shift.on_from > fired.due), None)
    yield out.DutyUncovered(unit=fired.ref, since=fired.due, until=following, source=rule.source)


def decide_heartbeat(state: AreaState, event: HeartbeatReceived, context: Context) -> Iterator[OutputEvent]:
    """A sign of life counts when it arrives: what was stored during an outage proves the link now, not then."""
    rule = law(state, context.policy.duty, context.now).silence
    missed = rule.missed if rule is not None else 1
    node = event.district or event.unit
    known = state.get(Heartbeat, node)
    yield out.HeartbeatTaken(
        node=node,
        district=event.district,
        unit=event.unit,
        at=context.now,
        silent_at=context.now + timedelta(seconds=event.interval_s * missed),
        log_position=event.log_position,
    )
    if known is None or known.silent_since is None:
        return
    if event.district is not None:
        yield out.DistrictCameBack(district=event.district, since=known.silent_since, at=context.now)
    else:
        yield out.ContactRestored(unit=event.unit, since=known.silent_since, at=context.now)


def decide_silence(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """As many intervals were missed as the policy allows: a silent district (SC-5), or a lost contact (DU-8)."""
    known = state.get(Heartbeat, fired.ref)
    rule = law(state, context.policy.duty, context.now).silence
    if known is None or known.silent_since is not None or rule is None:
        return
    if known.district is not None:
        yield out.DistrictFellSilent(district=known.district, since=known.last_at, at=fired.due, rule=rule.id)
    else:
        yield out.ContactLost(unit=known.unit, since=known.last_at, at=fired.due, rule=rule.id)

"""The events of a decision about a line: what was concluded and why, and a commitment for each resource taken."""

from datetime import UTC, datetime, timedelta

from schemas.outputs.allocation_events import Cause, CommitmentStage, LineDecided, Outcome, ResourceCommitted
from streams.domain.allocation.choose import Pick, Plan
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.entities import Line, RoutedTimes
from streams.domain.fast import made

FIRST_STAGE: dict[str, CommitmentStage] = {
    "unit": "committed",
    "beds": "reserved",
    "stock": "ordered",
    "capacity": "reserved",
}


def crossed(desk: Desk, line: Line, picks: tuple[Pick, ...]) -> tuple[str, ...]:
    """Departments other than the requester's that own something of the plan (AL-1)."""
    owners = {desk.department(pick.entry) for pick in picks}
    return tuple(sorted(owners - {line.department}))


def told(
    desk: Desk, line: Line, cause: Cause, outcome: Outcome, chosen: Plan, crosses: tuple[str, ...], consent: str | None
) -> LineDecided:
    """The event of a decision, with everything that explains it."""
    law = desk.law
    committed = 0 if outcome == "pending_authorization" else sum(pick.quantity for pick in chosen.picks)
    short = line.need - committed
    wave = _second_wave(desk, line) if short and outcome != "pending_authorization" else None
    bucket, aged = law.key_ms(line.urgency, line.asked_ms)
    rules = law.rules if not crosses else (*law.rules, law.consent.id)
    if chosen.picks and chosen.picks[-1].tier == "preempted":
        rules = (*rules, law.preemption.id)
    if cause == "replanned":
        rules = (*rules, law.replan.id)
    return made(
        LineDecided,
        incident=line.incident,
        request=line.request,
        line=line.number,
        kind=line.kind,
        urgency=line.urgency,
        cause=cause,
        outcome=outcome,
        asked=line.quantity,
        needed=line.need,
        committed=committed,
        short=short,
        order=(bucket, desk.index.queue(line.kind).round_of(line), aged),
        suitable=chosen.suitable,
        candidates=chosen.candidates,
        passed_over=chosen.passed_over,
        rejections=chosen.rejections,
        crosses=crosses,
        authorisation=consent,
        travel=_travel(desk, line),
        second_wave_at=wave,
        rules=rules,
        policy_version=desk.context.policy.version,
    )


def _travel(desk: Desk, line: Line) -> str:
    routed = desk.state.get(RoutedTimes, line.id)
    if routed is not None:
        return routed.provider
    return "district_minutes" if desk.index.tabled(desk.request_of(line).place.district) else "great_circle"


def _second_wave(desk: Desk, line: Line) -> datetime | None:
    """When a line that is short for the first time may take from farther away."""
    minutes = desk.law.second_wave_after_minutes
    if minutes is None or line.told >= 0:
        return None
    opens = datetime.fromtimestamp(line.asked_ms / 1000, UTC) + timedelta(minutes=minutes)
    return opens if opens > desk.now else None


def commitment(desk: Desk, line: Line, pick: Pick, authorisation: str | None) -> ResourceCommitted:
    """The commitment of what was picked for a line."""
    entry = pick.entry
    kind = desk.law.kind(line.kind)
    hold = entry.hold_minutes or kind.hold_minutes if entry.form == "beds" else None
    return made(
        ResourceCommitted,
        incident=line.incident,
        commitment=f"{line.id}/{line.commitments + 1}",
        request=line.request,
        line=line.number,
        kind=line.kind,
        resource=entry.resource,
        owner_unit=entry.owner_unit,
        owner_department=entry.owner_department,
        district=entry.district,
        quantity=pick.quantity,
        stage=FIRST_STAGE[entry.form],
        urgency=line.urgency,
        tier=pick.tier,
        eta_ms=pick.eta_ms,
        score_ms=pick.score_ms,
        committed_at=desk.now,
        to=desk.request_of(line).place,
        accept_by=desk.after(entry.accept_within_minutes or kind.accept_minutes),
        hold_until=desk.after(hold),
        authorisation=authorisation,
        replan_at=desk.replan_at(line.kind) if entry.form == "unit" else None,
    )

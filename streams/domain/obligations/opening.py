"""Duties come about: opened as soon as trigger, hazards and conditions hold together, whatever came first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from schemas.base import OutputEvent, Severity
from schemas.inputs.nodes import NodeLogSynced, ReportTaken
from schemas.inputs.reports import IncidentReported, UpwardReportNoticed
from schemas.outputs import obligation_events as out
from streams.domain.context import Context, Received
from streams.domain.core import Incident, area_of
from streams.domain.directives.days import law
from streams.domain.notification.entities import Heartbeat
from streams.domain.notification.queueing import Letter, queue
from streams.domain.obligations.entities import Learned, Obligation
from streams.domain.obligations.index import index
from streams.domain.obligations.meeting import settle, told_before
from streams.domain.obligations.situation import Situation, seen
from streams.domain.parties import kind_and_tier, local_district, resolve
from streams.domain.silence import keep_silence, silent
from streams.domain.state import AreaState
from streams.policy.dated import zone
from streams.policy.obligation_law import BoundClause, ObligationLaw
from streams.policy.obligation_rules import day_time

UNGRADED = 5
"""Milder than every severity."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A clause that a debtor is about to owe, since an instant."""

    clause: BoundClause
    debtor: str
    incident: str | None
    scope: str
    """What it is owed for, in its id: the incident, a response, a task force."""
    start: datetime
    clock: out.ClockStart
    series: str = ""
    grade: Severity | None = None

    @property
    def id(self) -> str:
        """Rule, scope, debtor, and what tells several duties of one rule apart."""
        return identity(self.clause, self.scope, self.debtor, self.series)


def identity(clause: BoundClause, scope: str, debtor: str, series: str = "") -> str:
    """Id of an obligation: the same duty always has the same one, so none is opened twice."""
    return ":".join(part for part in (clause.rule, scope, debtor, clause.clause.label, series) if part)


_REVIEW = "obligations.review"


def review(state: AreaState, context: Context, incident: str, anew: Collection[str] = ()) -> Iterator[OutputEvent]:
    """Open what has come to be owed. Clocks of units that have just learned start with what they learned.

    For the others a condition has just come to hold, and their clocks start now (OB-04: "or the later rise of that
    grade"). `anew`: units to be treated as if they had just learned.
    """
    known = state.get(Incident, incident)
    if known is None or known.status != "open":
        return
    looked_at = seen(state, context, known)
    if silent(state, _REVIEW, incident, looked_at):
        return
    now = Situation(state, context, known)
    duties = [*_learned(state, context, now, anew), *_standing(state, context, now)]
    if not duties:
        keep_silence(state, _REVIEW, incident, looked_at)
    for duty in duties:
        yield from open_duty(state, context, duty)


def _learned(state: AreaState, context: Context, now: Situation, anew: Collection[str]) -> Iterator[Duty]:
    for unit, learned in now.knowledge.learned.items():
        place = kind_and_tier(state, unit)
        kind, tier = (place[0], place[1]) if place else now.law.strangers.get(learned.kind, ("", ""))
        for clause in now.law.owed_by(kind, tier):
            series = _series(state, now, clause, unit)
            if series is None or learned.basis not in clause.clause.debtor.basis or not now.owed(clause):
                continue
            fresh = learned.noted == context.now or unit in anew
            started = _start(context, now, clause, unit, learned, fresh=fresh)
            if started is not None:
                grade = now.grade(clause.clause.again_on_rise)
                yield Duty(clause, unit, now.incident.id, now.incident.id, *started, series=series, grade=grade)


def _standing(state: AreaState, context: Context, now: Situation) -> Iterator[Duty]:
    for clause in now.law.by_trigger.get("standing", ()):
        party = clause.clause.debtor.party
        if party is None or not now.owed(clause):
            continue
        for debtor in resolve(state, party, "", now.incident):
            series = _series(state, now, clause, debtor)
            if series is not None:
                incident = now.incident.id
                yield Duty(clause, debtor, incident, incident, context.now, "event", series, now.grade(None))


def _series(state: AreaState, now: Situation, clause: BoundClause, debtor: str) -> str | None:
    """What tells this instance from earlier ones; None where the duty exists already."""
    if not index(state).exists(now.incident.id, (clause.rule, clause.clause.label, debtor)):
        return "daily" if clause.clause.due == "daily" else ""
    family = clause.clause.again_on_rise
    grade = now.grade(family)
    if family is None or grade is None:
        return None
    for scope in (now.incident.id, *now.knowledge.joined):
        first = state.get(Obligation, identity(clause, scope, debtor))
        if first is not None and (first.grade or UNGRADED) <= grade:
            return None
        for worse in range(1, grade + 1):
            if state.get(Obligation, identity(clause, scope, debtor, f"{family}{worse}")) is not None:
                return None
    return f"{family}{grade}"


def _start(
    context: Context, now: Situation, clause: BoundClause, unit: str, learned: Learned, *, fresh: bool
) -> tuple[datetime, out.ClockStart] | None:
    """When the clock starts, and why then."""
    if clause.clause.start == "occurrence":
        return (now.incident.occurred_at, "event") if learned.stated else None
    if fresh:
        since = now.since(clause.tests)
        if since is None or since >= context.now or since <= learned.at:
            return learned.at, learned.basis
        return since, "event"
    moment = _moment(context, unit, learned)
    if moment is not None:
        return moment
    return (context.now, "event") if context.now > learned.at else (learned.at, learned.basis)


def _moment(context: Context, unit: str, learned: Learned) -> tuple[datetime, out.ClockStart] | None:
    """The instant that the input which is being decided states for this unit, where it is newer than what it knew."""
    event = context.trigger.event if isinstance(context.trigger, Received) else None
    if isinstance(event, IncidentReported):
        if unit == event.received_by and event.received_at is not None and event.received_at > learned.at:
            return min(event.received_at, context.now), "received"
        if unit == event.reporter_unit and event.known_at is not None and event.known_at > learned.at:
            return min(event.known_at, context.now), "known"
    elif isinstance(event, UpwardReportNoticed) and unit in event.to_units:
        at = event.received_at or event.reported_at
        return (min(at, context.now), "received") if at > learned.at else None
    return None


def open_duty(state: AreaState, context: Context, duty: Duty) -> Iterator[OutputEvent]:
    """Open an obligation, excuse it where the link was down, tell by notice what the system tells, and settle it."""
    if state.get(Obligation, duty.id) is not None and not duty.series.startswith("daily"):
        return
    incident = state.get(Incident, duty.incident)
    terms = _law(state, context, incident)
    clause = duty.clause.clause
    recipients = _recipients(state, duty, incident)
    if not recipients:
        return
    start, since, until = _outage(state, context, duty)
    duty_start, due, series = _times(state, duty, terms, start)
    id = identity(duty.clause, duty.scope, duty.debtor, series)
    if state.get(Obligation, id) is not None:
        return
    yield out.ObligationOpened(
        incident=duty.incident,
        obligation=id,
        rule=duty.clause.rule,
        debtor=duty.debtor,
        at=context.now,
        label=clause.label,
        recipients=recipients,
        clock=duty.clock,
        clock_start=duty_start,
        due=due,
        term_s=int(terms.minutes(clause.due) * 60),
        source=duty.clause.source,
        grade=duty.grade,
        met_by=clause.met_by,
        may_skip=clause.may_skip,
        told=told_before(state, duty.incident, duty.debtor, recipients, duty_start, skip=clause.may_skip),
        series=series,
    )
    if since is not None:
        yield out.ObligationExcused(
            incident=duty.incident,
            obligation=id,
            rule=duty.clause.rule,
            debtor=duty.debtor,
            reason="link_down",
            since=since,
            until=until,
        )
    if clause.by_notice:
        yield from notify(state, context, id, clause.by_notice)
    else:
        yield from settle(state, context, id)


def notify(state: AreaState, context: Context, id: str, purpose: str) -> Iterator[OutputEvent]:
    """Tell by notice every recipient who does not know yet: what is queued is told (NS-4)."""
    obligation = state.get(Obligation, id)
    missing = [one for one in obligation.recipients if one not in obligation.told] if obligation is not None else []
    for recipient in missing:
        obligation = state.of(Obligation)[id]
        letter = Letter(
            notice=f"{id}:{recipient}",
            to_unit=recipient,
            from_unit=obligation.debtor,
            purpose=purpose,
            rule=obligation.rule,
            incident=obligation.incident,
            about=id,
        )
        yield from queue(state, context, letter)
    yield from settle(state, context, id, dict.fromkeys(missing, context.now), by="notice")


def _law(state: AreaState, context: Context, incident: Incident | None) -> ObligationLaw:
    return law(state, context.policy.obligations, incident.occurred_at if incident is not None else context.now)


def _recipients(state: AreaState, duty: Duty, incident: Incident | None) -> tuple[str, ...]:
    found = [unit for party in duty.clause.clause.recipients for unit in resolve(state, party, duty.debtor, incident)]
    return tuple(unit for unit in dict.fromkeys(found) if unit != duty.debtor)


def _outage(state: AreaState, context: Context, duty: Duty) -> tuple[datetime, datetime | None, datetime | None]:
    """The start, moved behind an outage of the debtor's district; and that outage, its end None while it lasts.

    Whoever reports at this moment can report, whatever the heartbeats say.
    """
    district = local_district(state, duty.debtor)
    node = state.get(Heartbeat, district) if district is not None else None
    if node is None:
        return duty.start, None, None
    for since, until in node.outages:
        if since <= duty.start < until:
            return until, since, until
    if node.silent_since is not None and node.silent_since <= duty.start:
        return context.now, node.silent_since, context.now if _speaks(context, duty.debtor) else None
    return duty.start, None, None


def _speaks(context: Context, unit: str) -> bool:
    event = context.trigger.event if isinstance(context.trigger, Received) else None
    if isinstance(event, IncidentReported):
        return unit == event.reporter_unit
    if isinstance(event, NodeLogSynced):
        reports = (one.entry.report for one in event.entries if isinstance(one.entry, ReportTaken))
        return any(unit == report.reporter_unit for report in reports)
    return isinstance(event, UpwardReportNoticed) and unit == event.from_unit


def _times(state: AreaState, duty: Duty, terms: ObligationLaw, start: datetime) -> tuple[datetime, datetime, str]:
    """Clock start, due time and series of the instance."""
    at = duty.clause.clause.at
    if at is None:
        return start, start + timedelta(minutes=terms.minutes(duty.clause.clause.due)), duty.series
    local = zone(area_of(state).timezone)
    day = _next_day(duty.series, start.astimezone(local).date())
    midnight = datetime.combine(day, time.min, local)
    return midnight, datetime.combine(day, day_time(at), local), day.isoformat()


def _next_day(series: str, started: date) -> date:
    """The day after the one on which it began, or after the day of the instance before."""
    before = date.fromisoformat(series.partition("@")[2]) if "@" in series else started
    return before + timedelta(days=1)

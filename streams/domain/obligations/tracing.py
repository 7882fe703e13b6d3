"""Reports on their way up: who told whom (IN-4), what that meets, and whether the peer was told first (NS-3, OB-30)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.reports import Channel, FactValue, IncidentReported, ReportContent, UpwardReportNoticed
from schemas.outputs import obligation_events as out
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.incident_events import ReportAttached
from schemas.outputs.notification_events import NoticeDelivered
from streams.domain.context import Context, Received
from streams.domain.core import ExternalRef, Incident
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.fast import made
from streams.domain.notification.entities import Notice
from streams.domain.notification.queueing import Letter, queue
from streams.domain.obligations import sharing
from streams.domain.obligations.entities import Knowledge, Waiting
from streams.domain.obligations.meeting import Report, meet, tells
from streams.domain.obligations.opening import review
from streams.domain.obligations.situation import Situation, casualties
from streams.domain.parties import DEPARTMENTS, NETWORK, OUTSIDE, is_upward, kind_and_tier, superior_of
from streams.domain.state import AreaState


@dataclass(frozen=True, slots=True)
class Hop:
    """A report upward as it is about to be traced."""

    incident: str
    sender: str
    to_units: tuple[str, ...]
    content: ReportContent
    at: datetime
    made: Literal["directive", "outside"]
    received: datetime | None = None
    channel: Channel = "phone"


def on_report(state: AreaState, event: ReportAttached, context: Context) -> Iterator[OutputEvent]:
    """A report says that its sender knows, and that whoever received it knows."""
    to_units = _told_by(state, event)
    yield from _found(state, f"{event.source}|{event.external_id}", context)
    knowledge = state.get(Knowledge, event.incident)
    if not to_units and knowledge is not None and event.reporter_unit in knowledge.learned:
        return
    at = min(event.received_at or context.now, context.now)
    upward = tuple(unit for unit in to_units if is_upward(state, event.reporter_unit, unit))
    content = inferred(state, context, state.of(Incident)[event.incident], event.reporter_unit, None)
    if upward:
        sender = event.reporter_unit
        yield from sharing.share(state, context, event.incident, sender, content, context.now, outside=False)
    known_at = min(event.known_at, context.now) if event.known_at is not None else None
    yield made(
        out.ReportTraced,
        incident=event.incident,
        from_unit=event.reporter_unit,
        from_kind=event.reporter_kind,
        known_at=known_at,
        known_stated=known_at is not None,
        to_units=to_units,
        reported_at=at,
        noted_at=context.now,
        received_at=min(event.received_at, context.now) if event.received_at is not None else None,
        made="report",
        channel=event.channel,
        content="zero_report" if event.zero_report else content,
        zero_report=event.zero_report,
        figures={**_figures(state, context, event.incident), **_counted(context, event.figures)},
        latency_s=_latency(state, event.incident, event.reporter_unit, at, known_at),
        via=f"{event.source}|{event.external_id}",
    )
    yield from meet(state, context, event.incident, event.reporter_unit, to_units, Report(at, content, "report"))
    if knowledge is None or not {event.reporter_unit, event.received_by} <= {None, *knowledge.learned}:
        yield from review(state, context, event.incident)


def _found(state: AreaState, ref: str, context: Context) -> Iterator[OutputEvent]:
    """Notices of this incident's reports upward that arrived before it was known."""
    waiting = state.get(Waiting, ref)
    if waiting is None:
        return
    yield out.UpwardFound(ref=ref, notices=len(waiting.notices))
    for notice in waiting.notices:
        incident = resolve_incident(state, ref)
        if incident is not None:
            yield from _noticed(state, notice, incident, context)


def share_first(state: AreaState, context: Context, incident: str) -> Iterator[OutputEvent]:
    """What a unit's first report upward is about shows only once its own figures count and are graded (OB-30)."""
    received = context.trigger
    event = received.event if isinstance(received, Received) else None
    if not isinstance(event, IncidentReported) or event.received_by is None:
        return
    sender = event.reporter_unit
    mine = state.get(ExternalRef, f"{event.source}|{event.external_id}")
    if mine is not None and mine.incident == incident and is_upward(state, sender, event.received_by):
        content = inferred(state, context, state.of(Incident)[incident], sender, None)
        yield from sharing.share_first(state, context, incident, sender, content)


def _told_by(state: AreaState, event: ReportAttached) -> tuple[str, ...]:
    """Who has the report: its receiver, the national network, the superior of a zero report that names nobody."""
    units = [event.received_by] if event.received_by is not None and event.received_by != event.reporter_unit else []
    if event.channel == "direct_online":
        units.append(NETWORK)
    if event.zero_report and not units:
        units.append(superior_of(state, event.reporter_unit))
    return tuple(units)


def decide_noticed(state: AreaState, event: UpwardReportNoticed, context: Context) -> Iterator[OutputEvent]:
    """A report that was made outside Liandong: it counts from when it was made; was the peer told before? (NS-3)."""
    ref = event.incident or f"{event.source}|{event.external_id}"
    incident = resolve_incident(state, ref)
    if incident is None:
        yield out.UpwardWaiting(ref=ref, notice=event)
        return
    yield from _noticed(state, event, incident, context)


def _noticed(
    state: AreaState, event: UpwardReportNoticed, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    at = min(event.reported_at, context.now)
    content = event.content or inferred(state, context, incident, event.from_unit, event.department)
    upward = tuple(unit for unit in event.to_units if is_upward(state, event.from_unit, unit))
    told = min(event.peer_notified_at, context.now) if event.peer_notified_at is not None else None
    if upward:
        yield from sharing.share(state, context, incident.id, event.from_unit, content, at, outside=True, told=told)
    received = min(event.received_at, context.now) if event.received_at is not None else at
    hop = Hop(incident.id, event.from_unit, event.to_units, content, at, "outside", received, event.channel)
    yield from _upward(state, context, hop)


def on_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Send a report upward: the peer's notices are queued first, in the same transaction (OB-30, NS-3)."""
    command = event.command
    if not isinstance(command, cmd.ReportUpward):
        return
    incident = resolve_incident(state, command.incident)
    if incident is None:
        refusal = Refusal("UNKNOWN_INCIDENT", f"no incident {command.incident}", {"incident": command.incident})
        yield refused(context, refusal)
        return
    content = command.content or inferred(state, context, incident, command.from_unit, command.department)
    yield from sharing.share(state, context, incident.id, command.from_unit, content, context.now, outside=False)
    hop = Hop(incident.id, command.from_unit, command.to_units, content, context.now, "directive")
    yield from _upward(state, context, hop)
    for unit in command.to_units:
        letter = Letter(
            notice=f"upward:{event.directive}:{unit}",
            to_unit=unit,
            from_unit=command.from_unit,
            purpose="upward_report",
            rule="",
            incident=incident.id,
            content=content,
            about=event.directive,
            text=command.text,
        )
        yield from queue(state, context, letter)


def _upward(state: AreaState, context: Context, hop: Hop) -> Iterator[OutputEvent]:
    yield out.ReportTraced(
        incident=hop.incident,
        from_unit=hop.sender,
        to_units=hop.to_units,
        reported_at=hop.at,
        noted_at=context.now,
        received_at=hop.received,
        made=hop.made,
        channel=hop.channel,
        content=hop.content,
        zero_report=hop.content == "zero_report",
        figures=_figures(state, context, hop.incident),
        latency_s=_latency(state, hop.incident, hop.sender, hop.at, None),
        skipped=_skipped(state, hop.sender, hop.to_units),
    )
    report = Report(hop.at, hop.content, hop.made)
    yield from meet(state, context, hop.incident, hop.sender, hop.to_units, report)
    yield from review(state, context, hop.incident)


def on_delivered(state: AreaState, event: NoticeDelivered, context: Context) -> Iterator[OutputEvent]:
    """A unit outside the city has the report now: its own clocks start (domain.md 3.0)."""
    notice = state.get(Notice, event.notice)
    if notice is None or notice.purpose != "upward_report" or notice.incident is None:
        return
    place = kind_and_tier(state, notice.to_unit)
    knowledge = state.get(Knowledge, notice.incident)
    if place is None or place[1] not in OUTSIDE or knowledge is None or notice.to_unit in knowledge.learned:
        return
    yield out.ReportTraced(
        incident=notice.incident,
        from_unit=notice.from_unit,
        to_units=(notice.to_unit,),
        reported_at=notice.queued_at,
        noted_at=context.now,
        received_at=event.at,
        made="receipt",
    )
    yield from review(state, context, notice.incident)


def inferred(
    state: AreaState, context: Context, incident: Incident, sender: str, department: str | None
) -> ReportContent:
    """What a report that does not say it is about: the share type that the incident and the sender make it."""
    place = kind_and_tier(state, sender)
    by = place[0] if place is not None else department
    if by not in DEPARTMENTS:
        return "other"
    now = Situation(state, context, incident)
    for one in now.law.shares:
        share_type = one.share
        if share_type.by == by and share_type.inferred and now.holds(one.tests):
            return share_type.content
    return "other"


def _figures(state: AreaState, context: Context, incident: str) -> dict[str, int | float]:
    known = state.get(Incident, incident)
    return casualties(context, known) if known is not None else {}


def _counted(context: Context, figures: Mapping[str, FactValue]) -> dict[str, int | float]:
    """The casualty figures among those that a report states."""
    names = context.policy.facts.casualty_facts
    return {
        name: value
        for name, value in figures.items()
        if name in names and isinstance(value, int | float) and not isinstance(value, bool)
    }


def _latency(state: AreaState, incident: str, sender: str, at: datetime, known_at: datetime | None) -> int | None:
    """Seconds from the sender's first knowledge to its report (IN-4)."""
    knowledge = state.get(Knowledge, incident)
    learned = knowledge.learned.get(sender) if knowledge is not None else None
    since = learned.at if learned is not None else known_at
    return max(0, int((at - since).total_seconds())) if since is not None else None


def _skipped(state: AreaState, sender: str, to_units: tuple[str, ...]) -> tuple[str, ...]:
    """The sender's superior where the report went past it (越级上报; AU-3)."""
    superior = superior_of(state, sender)
    told = any(tells(state, superior, unit, skip=False) for unit in to_units)
    past = any(tells(state, superior, unit, skip=True) for unit in to_units)
    return (superior,) if past and not told else ()

"""Links that are down excuse, mergers move, refutations withdraw: no obligation is ever lost (SC-5, SC-2, VE-2)."""

from collections.abc import Iterator
from datetime import timedelta

from schemas.base import OutputEvent
from schemas.outputs import obligation_events as out
from schemas.outputs.autonomy_events import AutonomyExited
from schemas.outputs.incident_events import IncidentClosed, ReportAttached
from schemas.outputs.incident_judgements import IncidentRefuted, IncidentsMerged, IncidentSplit
from schemas.outputs.notification_events import DistrictCameBack, DistrictFellSilent
from schemas.outputs.response_events import ResponseEnded
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.escalation.entities import Response
from streams.domain.obligations.entities import Obligation
from streams.domain.obligations.meeting import about
from streams.domain.obligations.opening import review
from streams.domain.obligations.situation import Situation
from streams.domain.parties import local_district
from streams.domain.state import AreaState


def on_silent(state: AreaState, event: DistrictFellSilent, context: Context) -> Iterator[OutputEvent]:
    """Whoever works in a district whose link is down cannot report: excused, not breached (SC-5)."""
    cut = [id for id in _of_district(state, event.district, "breached") if state.of(Obligation)[id].due > event.since]
    for id in [*_of_district(state, event.district, "open"), *cut]:
        obligation = state.of(Obligation)[id]
        yield out.ObligationExcused(**about(obligation), reason="link_down", since=event.since)


def on_back(state: AreaState, event: DistrictCameBack, context: Context) -> Iterator[OutputEvent]:
    """The link is back: the whole term is there again, from now on."""
    for id in _of_district(state, event.district, "excused"):
        obligation = state.of(Obligation)[id]
        due = max(obligation.due, event.at + timedelta(seconds=obligation.term_s))
        yield out.ObligationResumed(**about(obligation), at=event.at, due=due)


def on_merged_log(state: AreaState, event: AutonomyExited, context: Context) -> Iterator[OutputEvent]:
    """A node's log proves an outage that no heartbeat had told: what fell due in it was not a breach (AU-1)."""
    if event.here or event.reason != "link_down":
        return
    for id in _of_district(state, event.district, "breached"):
        obligation = state.of(Obligation)[id]
        if event.since <= obligation.due <= event.until:
            yield out.ObligationExcused(**about(obligation), reason="link_down", since=event.since)
            due = context.now + timedelta(seconds=obligation.term_s)
            yield out.ObligationResumed(**about(obligation), at=context.now, due=due)


def _of_district(state: AreaState, district: str, status: str) -> list[str]:
    """A district that falls silent or comes back is rare: this looks at all that is owed."""
    return [
        one.id
        for one in state.of(Obligation).values()
        if one.status == status and local_district(state, one.debtor) == district
    ]


def on_merged(state: AreaState, event: IncidentsMerged, context: Context) -> Iterator[OutputEvent]:
    """What was owed for either is owed for the whole; who knew of either knows of the whole."""
    yield from _moved(state, event.other, event.incident, None)
    yield out.KnowledgeJoined(incident=event.incident, from_incident=event.other, merged=True)
    yield from review(state, context, event.incident)


def on_split(state: AreaState, event: IncidentSplit, context: Context) -> Iterator[OutputEvent]:
    """What came with a merged incident goes back with it; one that is new takes along who knew of it."""
    yield from _moved(state, event.incident, event.other, event.other)
    yield out.KnowledgeJoined(incident=event.other, from_incident=event.incident, sources=event.sources, merged=False)
    yield from review(state, context, event.other)


def _moved(state: AreaState, source: str, target: str, came_from: str | None) -> Iterator[OutputEvent]:
    moving = [
        one.id
        for one in state.of_incident(Obligation, source)
        if came_from is None or one.came_from[-1:] == (came_from,)
    ]
    for id in moving:
        obligation = state.of(Obligation)[id]
        yield out.ObligationMoved(
            incident=target,
            obligation=id,
            rule=obligation.rule,
            debtor=obligation.debtor,
            from_incident=source,
        )


def on_refuted(state: AreaState, event: IncidentRefuted, context: Context) -> Iterator[OutputEvent]:
    """Nothing of it was true: what is still owed for it is withdrawn, and says so."""
    for id in [one.id for one in state.of_incident(Obligation, event.incident) if one.owed()]:
        obligation = state.of(Obligation)[id]
        yield out.ObligationWithdrawn(**about(obligation), reason="incident_refuted", at=context.now)


def on_final(state: AreaState, event: ReportAttached, context: Context) -> Iterator[OutputEvent]:
    """The final report 终报 ends the daily series."""
    if event.series == "final":
        yield from _end_series(state, context, event.incident, "final_report")


def on_ended(state: AreaState, event: ResponseEnded, context: Context) -> Iterator[OutputEvent]:
    """The last response of the incident has ended: it is stable."""
    if event.incident is None:
        return
    if not any(one.running() for one in state.of_incident(Response, event.incident)):
        yield from _end_series(state, context, event.incident, "response_ended")


def on_closed(state: AreaState, event: IncidentClosed, context: Context) -> Iterator[OutputEvent]:
    """A closed incident has no daily reports; everything else that is owed stays owed."""
    yield from _end_series(state, context, event.incident, None)


def _end_series(state: AreaState, context: Context, incident: str, why: str | None) -> Iterator[OutputEvent]:
    known = state.get(Incident, incident)
    if known is None:
        return
    clauses = Situation(state, context, known).law.clauses
    for id in [one.id for one in state.of_incident(Obligation, incident) if one.owed() and one.series]:
        obligation = state.of(Obligation)[id]
        clause = clauses.get((obligation.rule, obligation.label))
        if clause is None or clause.clause.due != "daily" or (why is not None and why not in clause.clause.until):
            continue
        yield out.ObligationWithdrawn(**about(obligation), reason="series_ended", at=context.now)

"""What acts of government, grades and figures mean for what is owed (OB-07, OB-32, OB-34, OB-40; VE-5)."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from schemas.base import OutputEvent
from schemas.outputs import obligation_events as out
from schemas.outputs.area_events import UnitTaken
from schemas.outputs.incident_events import FactsChanged, IncidentGraded, KindsChanged, ReportingThresholdMet
from schemas.outputs.response_events import ResponseChanged, ResponseEnded, ResponseStarted
from schemas.outputs.taskforce_events import JointActivated
from streams.domain.context import Context
from streams.domain.core import Incident, Person, area_of
from streams.domain.directives.days import day_and_places
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.obligations.index import index
from streams.domain.obligations.opening import Duty, identity, open_duty, review
from streams.domain.obligations.sharing import share_unasked
from streams.domain.obligations.situation import THRESHOLD, Situation, casualties, situation
from streams.domain.obligations.tracing import share_first
from streams.domain.parties import found, kind_and_tier, resolve
from streams.domain.state import AreaState
from streams.policy.obligation_law import BoundClause
from streams.policy.obligation_rules import Trigger


def on_facts(state: AreaState, event: FactsChanged, context: Context) -> Iterator[OutputEvent]:
    """Figures changed, and with them perhaps what is owed. Verification is not waited for (VE-5)."""
    yield from review(state, context, event.incident)
    for duty in _supplements(state, context, event.incident):
        yield from open_duty(state, context, duty)
    yield from share_unasked(state, context, event.incident)
    yield from share_first(state, context, event.incident)


def on_kinds(state: AreaState, event: KindsChanged, context: Context) -> Iterator[OutputEvent]:
    """Another hazard kind brings its own duties."""
    yield from review(state, context, event.incident)


def on_graded(state: AreaState, event: IncidentGraded, context: Context) -> Iterator[OutputEvent]:
    """Note since when a grade holds; what depends on it follows the grade as it rises."""
    reached = {family.family: family.severity for family in event.families}
    reached["composite"] = event.composite
    holds = tuple(
        f"{name}:{worse}" for name, severity in reached.items() if severity is not None for worse in range(severity, 5)
    )
    yield from _noted(state, context, event.incident, holds)
    yield from review(state, context, event.incident)


def on_threshold(state: AreaState, event: ReportingThresholdMet, context: Context) -> Iterator[OutputEvent]:
    """It must be reported, graded or not (domain.md 2.2 note 9)."""
    yield from _noted(state, context, event.incident, (THRESHOLD,))
    yield from review(state, context, event.incident)


def _noted(state: AreaState, context: Context, incident: str, holds: tuple[str, ...]) -> Iterator[out.BasisNoted]:
    knowledge = state.get(Knowledge, incident)
    new = tuple(key for key in holds if knowledge is None or key not in knowledge.since)
    if new:
        yield out.BasisNoted(incident=incident, holds=new, at=context.now)


def _supplements(state: AreaState, context: Context, incident: str) -> list[Duty]:
    """Whoever had to report owes a supplement when what it reported is no longer what counts (OB-07)."""
    now = situation(state, context, incident)
    clauses = [one for one in now.law.by_trigger.get("changed", ()) if now.owed(one)] if now is not None else []
    if now is None or not clauses:
        return []
    counts = casualties(context, now.incident)
    duties = [
        Duty(clause, unit, incident, incident, context.now, "event", _number(now, clause, unit), now.grade(None))
        for unit in now.knowledge.learned
        if (place := kind_and_tier(state, unit)) is not None
        for clause in clauses
        if place[0] in clause.clause.debtor.kinds and _outdated(now.knowledge.reported.get(unit, {}), counts)
        if _supplements_now(state, now, clause, unit)
    ]
    return duties if duties and _within_term(state, context, now.incident) else []


def _outdated(reported: Mapping[str, float], counts: Mapping[str, float]) -> bool:
    return any(reported.get(name, 0) != counts.get(name, 0) for name in (*counts, *reported))


def _number(now: Situation, clause: BoundClause, unit: str) -> str:
    return str(now.knowledge.counts.get(f"{clause.rule}:{unit}:{clause.clause.label}", 0) + 1)


def _supplements_now(state: AreaState, now: Situation, clause: BoundClause, unit: str) -> bool:
    """A first report that is not overdue will carry the new figures; one supplement carries all changes until it."""
    duties, after = index(state), clause.clause.after
    owed = [state.of(Obligation)[id] for id in duties.owed_by(now.incident.id, unit)]
    if any(one.rule == clause.rule or (one.rule in after and one.status != "breached") for one in owed):
        return False
    firsts = ((rule, label, unit) for rule, label in now.law.clauses if rule in after)
    return any(duties.exists(now.incident.id, first) for first in firsts)


def _within_term(state: AreaState, context: Context, incident: Incident) -> bool:
    """Whether changes still count: 30 days, road traffic and fire 7 days (Decree 493 Art. 13)."""
    freeze = context.policy.grading.freeze(incident.hazard_kinds, *day_and_places(state, incident.occurred_at))
    return freeze is None or context.now <= freeze.until(incident.occurred_at, area_of(state).timezone)


def on_met(state: AreaState, event: out.ObligationMet, context: Context) -> Iterator[OutputEvent]:
    """Reports that go together with this one (OB-06), and the next day's of a daily series (OB-22)."""
    yield from _next_day(state, context, event.obligation)
    known = state.get(Incident, event.incident)
    if known is None:
        return
    now = Situation(state, context, known)
    place = kind_and_tier(state, event.debtor)
    for clause in now.law.by_trigger.get("together", ()):
        if event.rule in clause.clause.after and place is not None and place[0] in clause.clause.debtor.kinds:
            at = event.at if event.by == "outside" else context.now
            duty = Duty(clause, event.debtor, known.id, known.id, at, "event", grade=now.grade(None))
            yield from open_duty(state, context, duty)


def on_breached(state: AreaState, event: out.ObligationBreached, context: Context) -> Iterator[OutputEvent]:
    """A missed day does not end a daily series."""
    yield from _next_day(state, context, event.obligation)


def _next_day(state: AreaState, context: Context, id: str) -> Iterator[OutputEvent]:
    obligation = state.get(Obligation, id)
    if obligation is None or not obligation.series or obligation.incident is None:
        return
    now = situation(state, context, obligation.incident)
    clause = now.law.clauses.get((obligation.rule, obligation.label)) if now is not None else None
    if now is None or clause is None or clause.clause.due != "daily":
        return
    series = f"daily@{obligation.series}"
    incident = obligation.incident
    duty = Duty(clause, obligation.debtor, incident, incident, context.now, obligation.clock, series, now.grade(None))
    yield from open_duty(state, context, duty)


def on_activated(state: AreaState, event: JointActivated, context: Context) -> Iterator[OutputEvent]:
    """The HQ office tells every member unit, on both channels (OB-32)."""
    scope = event.incident or event.task_force
    yield from _by_party(state, context, "activated", event.incident, scope, context.now, "")


def on_started(state: AreaState, event: ResponseStarted, context: Context) -> Iterator[OutputEvent]:
    """The government that started a response knows of the incident, and reports the start (OB-34)."""
    government = _government(state, event.issuer, event.zone)
    if event.incident is not None:
        yield from _acted(state, context, event.incident, government)
    yield from _by_party(state, context, "started", event.incident, event.response, event.at, government)


def on_changed(state: AreaState, event: ResponseChanged, context: Context) -> Iterator[OutputEvent]:
    """The government that changed a response knows of the incident."""
    if event.incident is not None:
        yield from _acted(state, context, event.incident, _government(state, event.issuer, event.zone))


def on_ended(state: AreaState, event: ResponseEnded, context: Context) -> Iterator[OutputEvent]:
    """After the end the course of it and its lessons are reported (OB-40); daily reports end with the last response."""
    government = _government(state, event.issuer, event.zone)
    yield from _by_party(state, context, "ended", event.incident, event.response, event.at, government)


def _government(state: AreaState, issuer: str, zone: str) -> str:
    """The government whose official decided: the official's unit, or the government of the zone."""
    person = state.get(Person, issuer)
    unit = person.entry.unit if person is not None else None
    place = kind_and_tier(state, unit) if unit is not None else None
    if unit is not None and place is not None and place[0] == "government":
        return unit
    tier = "city" if zone == state.area else "district"
    return found(state, "government", tier, zone)


def _acted(state: AreaState, context: Context, incident: str, unit: str) -> Iterator[OutputEvent]:
    knowledge = state.get(Knowledge, incident)
    if knowledge is None or unit not in knowledge.learned:
        yield out.ReportTraced(
            incident=incident,
            from_unit=unit,
            known_at=context.now,
            known_stated=True,
            reported_at=context.now,
            noted_at=context.now,
            made="act",
        )
        yield from review(state, context, incident)


def _by_party(
    state: AreaState,
    context: Context,
    trigger: Trigger,
    incident: str | None,
    scope: str,
    at: datetime,
    authority: str,
) -> Iterator[OutputEvent]:
    """Open the clauses of a trigger whose debtor is one party."""
    known = state.get(Incident, incident)
    now = Situation(state, context, known) if known is not None else None
    law = now.law if now is not None else context.policy.obligations.at(*day_and_places(state, context.now))
    for clause in law.by_trigger.get(trigger, ()):
        party = clause.clause.debtor.party
        if party is None or (now is not None and not now.owed(clause)):
            continue
        if now is None and (clause.clause.groups or clause.clause.kinds or clause.clause.when):
            continue
        for debtor in resolve(state, party, authority, known):
            grade = now.grade(None) if now is not None else None
            duty = Duty(clause, debtor, incident, scope, at, "event", grade=grade)
            if state.get(Obligation, identity(clause, scope, debtor)) is None:
                yield from open_duty(state, context, duty)


def on_unit(state: AreaState, event: UnitTaken, context: Context) -> Iterator[OutputEvent]:
    """A unit that had learned of an incident before anybody registered it owes what its kind owes."""
    unit = event.entry.unit
    for incident in [one.id for one in state.of(Knowledge).values() if unit in one.learned]:
        yield from review(state, context, incident, anew=(unit,))

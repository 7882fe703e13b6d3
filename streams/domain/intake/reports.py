"""Decides on IncidentReported: which incident it belongs to, and what its figures change (IN-1..IN-8, VE-4)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.base import OutputEvent, RuleHit
from schemas.inputs.reports import FactValue, IncidentReported
from schemas.outputs import incident_events as out
from schemas.outputs.proposal_events import ProposalOpened
from streams.domain.context import Context
from streams.domain.core import ExternalRef, Incident, area_of, number
from streams.domain.directives.proposals import Draft, proposed
from streams.domain.fast import made, whole
from streams.domain.intake.conflicts import Contradictions, contradictions
from streams.domain.intake.counting import Said, followed, is_only_voice, recounted, verdicts_of
from streams.domain.intake.derived import may_be_urban, outbreak, unrecorded_occurrence
from streams.domain.intake.entities import Settlement, Source, UrbanOccurrence
from streams.domain.intake.matching import Match, matches
from streams.domain.intake.plan import Plan, plan_of, reading_of
from streams.domain.state import AreaState
from streams.policy.dated import local_day
from streams.policy.intake import Book

FlagReason = Literal[
    "unknown_hazard_kind", "unknown_fact", "wrong_fact_type", "judgement_without_expert", "future_as_of"
]


class Reading(NamedTuple):
    """A report as the policy in force reads it."""

    event: IncidentReported
    key: str
    kinds: tuple[str, ...]
    unknown_kinds: tuple[str, ...]
    figures: dict[str, FactValue]
    as_of: datetime
    book: Book
    unread: bool
    """Whether the policy cannot read a part of it."""


def decide_report(state: AreaState, event: IncidentReported, context: Context) -> Iterator[OutputEvent]:
    """Attach the report to the incident it names, or to one that is near, or open a new one (IN-7, IN-10)."""
    reading = _read(state, event, context)
    known = state.get(ExternalRef, reading.key)
    if known is not None and known.incident is not None:
        return attach(state, reading, context, known.incident, provisional=known.provisional)
    return iter((_kept(reading),)) if event.suspicion else _placed(state, reading, context)


def _placed(state: AreaState, reading: Reading, context: Context) -> Iterator[OutputEvent]:
    near = matches(state, reading.event, reading.kinds, reading.book)
    same = next((match for match in near if match.how == "same"), None)
    if same is not None:
        yield from attach(state, reading, context, same.incident, provisional=True)
        return
    opened = _opened(state, reading, context)
    yield opened
    yield from attach(state, reading, context, opened.incident, provisional=False)
    yield from _merges(state, context, opened.incident, near)


def _read(state: AreaState, event: IncidentReported, context: Context) -> Reading:
    stated, book = reading_of(state, context.policy, event.hazard_kinds, event.occurred_at)
    catalogue, figures, now = context.policy.facts, event.figures, context.now
    if not catalogue.counts(figures):
        figures = {name: value for name, value in figures.items() if catalogue.reads(name, value)}
    as_of = event.as_of or event.received_at or now
    ahead = as_of > now and book.clocks is not None and as_of > now + book.clocks.tolerance
    key = f"{event.source}|{event.external_id}"
    unread = ahead or bool(stated.unknown) or len(figures) != len(event.figures)
    return Reading(event, key, stated.kinds, stated.unknown, figures, now if ahead else as_of, book, unread)


def _kept(reading: Reading) -> out.SuspicionKept:
    event = reading.event
    return out.SuspicionKept(
        source=event.source,
        external_id=event.external_id,
        channel=event.channel,
        hazard_kinds=reading.kinds,
        place=event.place,
        occurred_at=event.occurred_at,
        reporter_unit=event.reporter_unit,
        received_at=event.received_at,
        figures=reading.figures,
        text=event.text,
    )


def new_id(state: AreaState, now: datetime) -> str:
    """`<area>-<local date>-<number of the day>`: what people say on the phone."""
    day = local_day(now, area_of(state).timezone).strftime("%Y%m%d")
    return f"{state.area}-{day}-{number(state, f'incident.{day}'):03d}"


def _opened(state: AreaState, reading: Reading, context: Context) -> out.IncidentOpened:
    event = reading.event
    return out.IncidentOpened(
        incident=new_id(state, context.now),
        source=event.source,
        external_id=event.external_id,
        hazard_kinds=reading.kinds,
        place=event.place,
        setting=event.setting,
        occurred_at=event.occurred_at,
        opened_at=context.now,
    )


def _merges(state: AreaState, context: Context, opened: str, near: list[Match]) -> Iterator[OutputEvent]:
    """The likeliest of the incidents that the new one may be is proposed for a merge."""
    for match in near[:1]:
        hit = RuleHit(rule=match.rule, inputs={"metres": match.metres, "minutes": match.minutes, "match": match.how})
        draft = Draft(kind="merge", rule=match.rule, incident=match.incident, about=opened, hits=(hit,))
        proposal = proposed(state, context, draft, ProposalOpened)
        if proposal is not None:
            yield proposal


def attach(
    state: AreaState, reading: Reading, context: Context, id: str, *, provisional: bool
) -> Iterator[OutputEvent]:
    """The report counts in this incident: all that follows from it, figures last."""
    incident = state.of(Incident)[id]
    source = state.get(Source, reading.key)
    goes_on = source is not None and source.as_of < reading.as_of and is_only_voice(state, source, id)
    conflicting = () if goes_on else _contradicted(state, reading, id)
    plan = plan_of(state, context, incident)
    if plan.freeze is not None and reading.as_of - incident.occurred_at > plan.freeze.surely:
        yield from settled(state, context, incident, reading.as_of)
    yield _attached(reading, plan, incident, provisional=provisional)
    if incident.status == "closed":
        yield from _reopened(reading, id)
    changed = _kinds_changed(state.of(Incident)[id], reading)
    if changed is not None:
        yield changed
    if reading.unread or not context.policy.facts.expert_facts.isdisjoint(reading.figures):
        yield from _flags(reading, context, id)
    if reading.event.needs:
        yield from _needs(state, reading, id, source)
    facts = _figures(state, context, reading, id, goes_on=goes_on, always=source is None or changed is not None)
    if facts is not None:
        yield facts
    if plan.first_urban or changed is not None:
        yield from occurrences(state, context, id)
    if conflicting:
        counts = state.of(Incident)[id].figures
        yield out.ReportConflicting(
            incident=id,
            source=reading.event.source,
            external_id=reading.event.external_id,
            contradictions=tuple(
                out.Contradiction(fact=name, stated=reading.figures[name], counts=counts.get(name, ""), reason=reason)
                for name, reason in conflicting
            ),
        )


def _figures(
    state: AreaState, context: Context, reading: Reading, id: str, *, goes_on: bool, always: bool
) -> out.FactsChanged | None:
    """The figures that count now; `goes_on`: the only voice there is has said something newer."""
    incident = state.of(Incident)[id]
    if goes_on:
        facts = followed(state, context, incident, reading.figures, reading.as_of, reading.event.verification)
        if facts is not None:
            return facts
    said = Said(reading.key, reading.as_of, reading.figures)
    return recounted(state, context, incident, said, always=always)


def _contradicted(state: AreaState, reading: Reading, id: str) -> Contradictions:
    sources, verdicts = state.of_incident(Source, id), verdicts_of(state, id)
    return contradictions(sources, verdicts, reading.key, reading.figures, reading.as_of, reading.event.verification)


def settled(state: AreaState, context: Context, incident: Incident, as_of: datetime) -> Iterator[OutputEvent]:
    """The first figures as of a day after the term settle what counts for its families (OB-07)."""
    freeze = plan_of(state, context, incident).freeze
    if (
        freeze is None
        or as_of - incident.occurred_at <= freeze.surely
        or state.get(Settlement, incident.id) is not None
    ):
        return
    until = freeze.until(incident.occurred_at, area_of(state).timezone)
    if as_of > until:
        yield out.CasualtiesSettled(
            incident=incident.id, rule=freeze.id, families=freeze.families, facts=freeze.facts, until=until
        )


def _attached(reading: Reading, plan: Plan, incident: Incident, *, provisional: bool) -> out.ReportAttached:
    event = reading.event
    return whole(
        out.ReportAttached,
        {
            "incident": incident.id,
            "source": event.source,
            "external_id": event.external_id,
            "channel": event.channel,
            "series": event.series,
            "provisional": provisional,
            "reporter_unit": event.reporter_unit,
            "reporter_kind": event.reporter_kind,
            "received_by": event.received_by,
            "hazard_kinds": reading.kinds,
            "place": event.place,
            "setting": event.setting,
            "occurred_at": event.occurred_at,
            "known_at": event.known_at,
            "received_at": event.received_at,
            "as_of": reading.as_of,
            "figures": reading.figures,
            "verification": event.verification,
            "onsets": event.onsets,
            "needs": event.needs,
            "zero_report": event.zero_report,
            "text": event.text,
            "counted": _counted(reading, plan) if plan.trends else (),
            "late": incident.status == "closed",
        },
    )


def _counted(reading: Reading, plan: Plan) -> tuple[out.CountKept, ...]:
    return tuple(
        made(out.CountKept, fact=trend.fact, count=count, since=reading.as_of - trend.period)
        for trend in plan.trends
        if isinstance(count := reading.figures.get(trend.fact), int)
    )


def _reopened(reading: Reading, id: str) -> Iterator[OutputEvent]:
    supplements = reading.book.supplements
    if supplements is not None and supplements.closed == "reopen":
        yield out.IncidentReopened(incident=id, rule=supplements.id, reason=reading.key)


def _kinds_changed(incident: Incident, reading: Reading) -> out.KindsChanged | None:
    district = reading.event.place.district
    if reading.kinds == incident.hazard_kinds and district in incident.districts:
        return None
    kinds = tuple(dict.fromkeys((*incident.hazard_kinds, *reading.kinds)))
    further = () if _nothing_there(reading) else (district,)
    districts = tuple(dict.fromkeys((*incident.districts, *further)))
    if kinds == incident.hazard_kinds and districts == incident.districts:
        return None
    return out.KindsChanged(incident=incident.id, hazard_kinds=kinds, districts=districts)


def _nothing_there(reading: Reading) -> bool:
    """A zero report 零报告 says nothing of a further district: it does not make that one affected."""
    return reading.event.zero_report or (bool(reading.figures) and not any(reading.figures.values()))


def _flags(reading: Reading, context: Context, id: str) -> Iterator[OutputEvent]:
    event, by_name = reading.event, context.policy.facts.by_name
    stated = event.figures
    unread = tuple(name for name in stated if name not in reading.figures)
    told: dict[FlagReason, tuple[str, ...]] = {
        "unknown_hazard_kind": reading.unknown_kinds,
        "unknown_fact": tuple(name for name in unread if name not in by_name or by_name[name].formula),
        "wrong_fact_type": tuple(name for name in unread if name in by_name and not by_name[name].formula),
        "judgement_without_expert": _unjudged(reading, context),
        "future_as_of": ("as_of",) if event.as_of is not None and event.as_of != reading.as_of else (),
    }
    for reason, names in told.items():
        if names:
            yield out.ReportFlagged(
                incident=id,
                source=event.source,
                external_id=event.external_id,
                reason=reason,
                names=names,
                stated={name: stated[name] for name in names if name in stated},
            )


def _unjudged(reading: Reading, context: Context) -> tuple[str, ...]:
    """Expert judgements that a report states without anybody having verified it (2.2 note 4)."""
    if reading.event.verification == "verified":
        return ()
    by_name = context.policy.facts.by_name
    return tuple(name for name in reading.figures if by_name[name].expert)


def _needs(state: AreaState, reading: Reading, id: str, before: Source | None) -> Iterator[OutputEvent]:
    """A need is stated once per district, by whoever says so first (NS-2c)."""
    event = reading.event
    others = (
        s for s in state.of_incident(Source, id) if s.place.district == event.place.district and s.id != reading.key
    )
    stated = {need for source in others for need in source.needs} | set(before.needs if before is not None else ())
    for need in dict.fromkeys(event.needs):
        if need not in stated:
            yield out.NeedStated(incident=id, need=need, district=event.place.district, by_unit=event.reporter_unit)


def occurrences(state: AreaState, context: Context, id: str) -> Iterator[OutputEvent]:
    """Notes that a kind for which the first occurrence in the urban area matters has occurred there (CH-3c)."""
    incident = state.of(Incident)[id]
    plan = plan_of(state, context, incident)
    for fact in plan.first_urban if may_be_urban(state, incident) else ():
        if all(_noted(state, hazard.id, id) for hazard in plan.health_kinds):
            return
        newest = incident.figures_as_of or incident.occurred_at
        about = outbreak(state, incident, state.of_incident(Source, id), plan.health_kinds, newest)
        found = unrecorded_occurrence(state, about, fact.first_urban) if fact.first_urban is not None else None
        if found is not None:
            kind, district = found
            yield out.UrbanOccurrenceNoted(
                incident=id, hazard_kind=kind, district=district, occurred_at=incident.occurred_at
            )


def _noted(state: AreaState, kind: str, incident: str) -> bool:
    register = state.get(UrbanOccurrence, kind)
    return register is not None and incident in register.occurrences

"""What intake's events mean for the state. Pure in state and event: every policy number is in the event."""

from bisect import bisect_left
from collections.abc import Iterator

from schemas.outputs import incident_events as out
from schemas.outputs import incident_judgements as judged
from streams.domain.core import ExternalRef, Incident, area_of
from streams.domain.fast import changed, made
from streams.domain.intake.entities import (
    CaseCounts,
    Count,
    Figure,
    IncidentLink,
    LineCase,
    LineList,
    Settlement,
    Source,
    Suspicion,
    UrbanOccurrence,
    Verdicts,
)
from streams.domain.intake.figures import newer, statements, verified_beside
from streams.domain.state import AreaState, Change, Put

REMEMBERED_OCCURRENCES = 50
"""Urban occurrences kept per hazard kind: the newest ones answer every look-back."""


def opened(state: AreaState, event: out.IncidentOpened) -> Iterator[Change]:
    """A new incident; its number is taken from the day's series, and older days' series end."""
    area = area_of(state)
    day, _, taken = event.incident.removeprefix(f"{state.area}-").partition("-")
    counters = {name: n for name, n in area.counters.items() if not name.startswith("incident.")}
    yield Put(area.model_copy(update={"counters": {**counters, f"incident.{day}": int(taken)}}))
    yield Put(
        Incident(
            id=event.incident,
            incident=event.incident,
            hazard_kinds=event.hazard_kinds,
            place=event.place,
            districts=(event.place.district,),
            setting=event.setting,
            opened_at=event.opened_at,
            occurred_at=event.occurred_at,
        )
    )


def attached(state: AreaState, event: out.ReportAttached) -> Iterator[Change]:
    """The source's newest statements, line list, counts over time; the incident's time and setting."""
    key = f"{event.source}|{event.external_id}"
    source = state.get(Source, key)
    if source is None or source.incident != event.incident:
        yield Put(ExternalRef(id=key, incident=event.incident, provisional=event.provisional))
    settlement = state.get(Settlement, event.incident)
    yield Put(_said(source, event, key, settlement))
    if event.onsets:
        yield Put(_listed(state, event, key))
    for kept in event.counted:
        yield Put(_counted(state, event, key, kept))
    incident = state.of(Incident)[event.incident]
    update = _incident_update(incident, event)
    if update:
        yield Put(changed(incident, **update))


def _said(source: Source | None, event: out.ReportAttached, key: str, settlement: Settlement | None) -> Source:
    figures, how = event.figures, event.verification
    inside = settlement is not None and event.as_of <= settlement.until
    casualties = {name: figures[name] for name in settlement.facts if name in figures} if settlement and inside else {}
    if source is None:
        new = statements(figures, event.as_of, how)
        return made(
            Source,
            id=key,
            incident=event.incident,
            source=event.source,
            external_id=event.external_id,
            channel=event.channel,
            provisional=event.provisional,
            reporter_unit=event.reporter_unit,
            received_by=event.received_by,
            hazard_kinds=event.hazard_kinds,
            place=event.place,
            setting=event.setting,
            occurred_at=event.occurred_at,
            as_of=event.as_of,
            figures=new,
            settled={name: new[name] for name in casualties},
            needs=event.needs,
            affected=_affected((), event),
            checked=how == "verified",
        )
    update: dict[str, object] = {"figures": _newest(source, event)}
    if source.checked or how == "verified":
        update["verified"] = verified_beside(source, figures, event.as_of, how)
        update["checked"] = True
    if event.as_of > source.as_of:
        update.update(as_of=event.as_of, setting=event.setting, reporter_unit=event.reporter_unit)
        if not event.zero_report:
            update["place"] = event.place
    if event.counted:
        update["affected"] = _affected(source.affected, event)
    if event.occurred_at < source.occurred_at:
        update["occurred_at"] = event.occurred_at
    if event.hazard_kinds != source.hazard_kinds:
        update["hazard_kinds"] = tuple(dict.fromkeys((*source.hazard_kinds, *event.hazard_kinds)))
    if event.needs:
        update["needs"] = tuple(dict.fromkeys((*source.needs, *event.needs)))
    if casualties:
        update["settled"] = newer(source.settled, casualties, event.as_of, how)
    return changed(source, **update)


def _affected(known: tuple[str, ...], event: out.ReportAttached) -> tuple[str, ...]:
    district = event.place.district
    told = not event.zero_report and any(kept.count for kept in event.counted)
    return (*known, district) if told and district not in known else known


def _newest(source: Source, event: out.ReportAttached) -> dict[str, Figure]:
    """The newest statements after this report; one that is newer than all before it needs no comparing."""
    if event.as_of > source.as_of:
        return {**source.figures, **statements(event.figures, event.as_of, event.verification)}
    return newer(source.figures, event.figures, event.as_of, event.verification)


def _listed(state: AreaState, event: out.ReportAttached, key: str) -> LineList:
    known = state.get(LineList, event.incident)
    cases = dict(known.cases) if known is not None else {}
    for case in event.onsets:
        old = cases.get(case.case)
        if old is None or (old.as_of, old.source) <= (event.as_of, key):
            cases[case.case] = LineCase(case.district, case.onset, case.status, event.as_of, key)
    return LineList(id=event.incident, incident=event.incident, cases=cases)


def counts_id(incident: str, fact: str) -> str:
    """Id of the counts over time of one fact."""
    return f"{incident}|{fact}"


def _counted(state: AreaState, event: out.ReportAttached, key: str, kept: out.CountKept) -> CaseCounts:
    id = counts_id(event.incident, kept.fact)
    known = state.get(CaseCounts, id)
    new = Count(event.as_of, key, kept.count)
    if known is None:
        return made(CaseCounts, id=id, incident=event.incident, counts=(new,))
    counts = known.counts
    if counts[-1] < new:
        repeated = len(counts) > 1 and counts[-1][1:] == counts[-2][1:] == new[1:]
        counts = (*counts[:-1], new) if repeated else (*counts, new)
        counts = counts[bisect_left(counts, (kept.since,)) :]
    elif new not in counts:
        counts = tuple(sorted((*counts, new)))
    return changed(known, counts=counts)


def _incident_update(incident: Incident, event: out.ReportAttached) -> dict[str, object]:
    newest = incident.figures_as_of is None or event.as_of > incident.figures_as_of
    update: dict[str, object] = {}
    if event.occurred_at < incident.occurred_at:
        update["occurred_at"] = event.occurred_at
    if event.setting not in {"none", incident.setting} and (newest or incident.setting == "none"):
        update["setting"] = event.setting
    return update


def facts_changed(state: AreaState, event: out.FactsChanged) -> Iterator[Change]:
    """The figures that count."""
    incident = state.of(Incident)[event.incident]
    yield Put(changed(incident, figures=event.figures, verification=event.verification, figures_as_of=event.as_of))
    settlement = state.get(Settlement, event.incident)
    if settlement is not None and settlement.figures != event.settled:
        yield Put(settlement.model_copy(update={"figures": event.settled}))


def kinds_changed(state: AreaState, event: out.KindsChanged) -> Iterator[Change]:
    """Further kinds or districts."""
    incident = state.of(Incident)[event.incident]
    yield Put(incident.model_copy(update={"hazard_kinds": event.hazard_kinds, "districts": event.districts}))


def need_stated(state: AreaState, event: out.NeedStated) -> Iterator[Change]:
    """A further need of the incident."""
    incident = state.of(Incident)[event.incident]
    yield Put(incident.model_copy(update={"needs": tuple(dict.fromkeys((*incident.needs, event.need)))}))


def suspicion_kept(state: AreaState, event: out.SuspicionKept) -> Iterator[Change]:
    """A clue, found again by its id."""
    id = f"{event.source}|{event.external_id}"
    yield Put(Suspicion(id=id, hazard_kinds=event.hazard_kinds, place=event.place, occurred_at=event.occurred_at))


def closed(state: AreaState, event: out.IncidentClosed) -> Iterator[Change]:
    """The incident is history."""
    yield Put(state.of(Incident)[event.incident].model_copy(update={"status": "closed"}))


def reopened(state: AreaState, event: out.IncidentReopened) -> Iterator[Change]:
    """The incident is open again."""
    yield Put(state.of(Incident)[event.incident].model_copy(update={"status": "open"}))


def settled(state: AreaState, event: out.CasualtiesSettled) -> Iterator[Change]:
    """Every source's statements of the settled facts, all of them inside the term, are kept beside the newest."""
    incident = state.of(Incident)[event.incident]
    for source in state.of_incident(Source, event.incident):
        yield Put(source.model_copy(update={"settled": _only(source.figures, event.facts)}))
    verdicts = state.get(Verdicts, event.incident)
    if verdicts is not None:
        yield Put(verdicts.model_copy(update={"settled": _only(verdicts.verified, event.facts)}))
    yield Put(
        Settlement(
            id=event.incident,
            incident=event.incident,
            rule=event.rule,
            until=event.until,
            facts=event.facts,
            families=event.families,
            figures={name: incident.figures[name] for name in event.facts if name in incident.figures},
        )
    )


def _only(figures: dict[str, Figure], names: tuple[str, ...]) -> dict[str, Figure]:
    return {name: figures[name] for name in names if name in figures}


def _verdicts(state: AreaState, incident: str) -> Verdicts:
    return state.get(Verdicts, incident) or Verdicts(id=incident, incident=incident)


def verified(state: AreaState, event: judged.FactsVerified) -> Iterator[Change]:
    """An authority's values."""
    verdicts = _verdicts(state, event.incident)
    update = {"verified": newer(verdicts.verified, event.figures, event.as_of, "verified")}
    settlement = state.get(Settlement, event.incident)
    if settlement is not None and event.as_of <= settlement.until:
        casualties = {name: value for name, value in event.figures.items() if name in settlement.facts}
        update["settled"] = newer(verdicts.settled, casualties, event.as_of, "verified")
    yield Put(changed(verdicts, **update))


def refuted(state: AreaState, event: judged.FactsRefuted) -> Iterator[Change]:
    """Values that are not true."""
    verdicts = _verdicts(state, event.incident)
    yield Put(verdicts.model_copy(update={"refuted": newer(verdicts.refuted, event.figures, event.as_of, "refuted")}))


def flags_stated(state: AreaState, event: judged.FlagsStated) -> Iterator[Change]:
    """Experts' judgements."""
    verdicts = _verdicts(state, event.incident)
    yield Put(verdicts.model_copy(update={"flags": newer(verdicts.flags, event.flags, event.as_of, "verified")}))


def report_refuted(state: AreaState, event: judged.ReportRefuted) -> Iterator[Change]:
    """Nothing that this source said until then counts, nor does its line list or its idea of when it happened."""
    key = f"{event.source}|{event.external_id}"
    source = state.of(Source)[key].model_copy(update={"refuted_at": event.as_of})
    yield Put(source)
    listed = state.get(LineList, event.incident)
    if listed is not None:
        kept = {id: case for id, case in listed.cases.items() if case.source != key or case.as_of > event.as_of}
        yield Put(listed.model_copy(update={"cases": kept}))
    others = [s.occurred_at for s in state.of_incident(Source, event.incident) if s.id != key and s.refuted_at is None]
    if others:
        yield Put(state.of(Incident)[event.incident].model_copy(update={"occurred_at": min(others)}))


def linked(state: AreaState, event: judged.IncidentsLinked) -> Iterator[Change]:
    """Two incidents that have to do with each other."""
    id = f"{event.incident}+{event.other}"
    yield Put(IncidentLink(id=id, incident=event.incident, other=event.other, reason=event.reason))


def occurred(state: AreaState, event: out.UrbanOccurrenceNoted) -> Iterator[Change]:
    """The newest urban occurrences of a kind."""
    known = state.get(UrbanOccurrence, event.hazard_kind)
    all_of_them = {**(known.occurrences if known is not None else {}), event.incident: event.occurred_at}
    newest = sorted(all_of_them.items(), key=lambda item: (item[1], item[0]))[-REMEMBERED_OCCURRENCES:]
    yield Put(UrbanOccurrence(id=event.hazard_kind, occurrences=dict(newest)))

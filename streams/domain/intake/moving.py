"""What merges, splits and refutations mean for the state: sources, line lists and counts move, nothing is lost."""

from collections.abc import Iterable, Iterator

from schemas.outputs import incident_judgements as judged
from streams.domain.core import ExternalRef, Incident
from streams.domain.intake.entities import CaseCounts, LineCase, LineList, Merged, Source, UrbanOccurrence, Verdicts
from streams.domain.intake.evolve import counts_id
from streams.domain.state import AreaState, Change, Drop, Put


def merged(state: AreaState, event: judged.IncidentsMerged) -> Iterator[Change]:
    """`other` becomes part of `incident`; its reports remember where they came from."""
    one, two = state.of(Incident)[event.incident], state.of(Incident)[event.other]
    moving = tuple(state.of(Source)[id] for id in event.sources)
    for source in moving:
        yield from _moved(source, event.incident, (*source.origins, event.other))
    yield from _cases_moved(state, event.other, event.incident, None)
    yield from _counts_moved(state, event.other, event.incident, None)
    for part in (*state.of_incident(Verdicts, event.other), *state.of_incident(Merged, event.other)):
        yield Put(part.model_copy(update={"incident": event.incident}))
    yield Put(Merged(id=event.other, incident=event.incident, into=event.incident, was=two))
    yield from _occurrences_renamed(state, event.other, event.incident)
    yield Put(two.model_copy(update={"status": "merged", "incident": event.incident}))
    yield Put(
        one.model_copy(
            update={
                "hazard_kinds": tuple(dict.fromkeys((*one.hazard_kinds, *two.hazard_kinds))),
                "districts": tuple(dict.fromkeys((*one.districts, *two.districts))),
                "occurred_at": min(one.occurred_at, two.occurred_at),
                "figures_as_of": max((t for t in (one.figures_as_of, two.figures_as_of) if t), default=None),
                "needs": tuple(dict.fromkeys((*one.needs, *two.needs))),
                "setting": one.setting if one.setting != "none" else two.setting,
            }
        )
    )


def split(state: AreaState, event: judged.IncidentSplit) -> Iterator[Change]:
    """The reports go to `other`; both incidents are again what their reports say."""
    moving = tuple(state.of(Source)[id] for id in event.sources)
    keys = frozenset(event.sources)
    staying = tuple(source for source in state.of_incident(Source, event.incident) if source.id not in keys)
    for source in moving:
        origins = source.origins
        kept = origins[: origins.index(event.other)] if event.other in origins else ()
        yield from _moved(source, event.other, kept)
    yield from _cases_moved(state, event.incident, event.other, keys)
    yield from _counts_moved(state, event.incident, event.other, keys)
    family = _family(state, event.other)
    for part in (*state.of_incident(Verdicts, event.incident), *state.of_incident(Merged, event.incident)):
        if part.id in family and (part.id != event.other or isinstance(part, Verdicts)):
            yield Put(part.model_copy(update={"incident": event.other}))
    for known in tuple(state.of(UrbanOccurrence).values()):
        if event.incident in known.occurrences:
            yield Put(_without(known, event.incident))
    yield Put(_restated(state.of(Incident)[event.incident], staying))
    merged_one = state.get(Merged, event.other)
    if merged_one is not None:
        yield Drop(Merged, event.other)
    other = merged_one.was if merged_one is not None else state.of(Incident)[event.other]
    yield Put(_restated(other, moving))


def _family(state: AreaState, id: str) -> frozenset[str]:
    """A merged incident and all that had been merged into it."""
    found = {id}
    while True:
        more = {merged.id for merged in state.of(Merged).values() if merged.into in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _moved(source: Source, incident: str, origins: tuple[str, ...]) -> Iterator[Change]:
    yield Put(source.model_copy(update={"incident": incident, "origins": origins, "provisional": False}))
    yield Put(ExternalRef(id=source.id, incident=incident))


def _restated(incident: Incident, sources: Iterable[Source]) -> Incident:
    """The incident's identity as these reports state it."""
    mine = tuple(sources)
    settings = [source.setting for source in mine if source.setting != "none"]
    return incident.model_copy(
        update={
            "hazard_kinds": tuple(dict.fromkeys(kind for source in mine for kind in source.hazard_kinds)),
            "districts": tuple(dict.fromkeys(place for s in mine for place in (*s.affected, s.place.district))),
            "occurred_at": min(source.occurred_at for source in mine),
            "figures_as_of": max(source.as_of for source in mine),
            "needs": tuple(dict.fromkeys(need for source in mine for need in source.needs)),
            "setting": settings[0] if settings else "none",
        }
    )


def _cases_moved(state: AreaState, from_id: str, to_id: str, keys: frozenset[str] | None) -> Iterator[Change]:
    """Moves the cases that these sources stated (None: all)."""
    there = state.get(LineList, from_id)
    if there is None:
        return
    moving = {id: case for id, case in there.cases.items() if keys is None or case.source in keys}
    staying = {id: case for id, case in there.cases.items() if id not in moving}
    here = state.get(LineList, to_id)
    if moving:
        cases = _joined(here.cases if here is not None else {}, moving)
        yield Put(LineList(id=to_id, incident=to_id, cases=cases))
    yield Put(there.model_copy(update={"cases": staying})) if staying else Drop(LineList, from_id)


def _joined(here: dict[str, LineCase], moving: dict[str, LineCase]) -> dict[str, LineCase]:
    newer = {id: case for id, case in moving.items() if id not in here or here[id].as_of < case.as_of}
    return {**here, **newer}


def _counts_moved(state: AreaState, from_id: str, to_id: str, keys: frozenset[str] | None) -> Iterator[Change]:
    for there in tuple(state.of_incident(CaseCounts, from_id)):
        moving = tuple(count for count in there.counts if keys is None or count.source in keys)
        staying = tuple(count for count in there.counts if count not in moving)
        id = counts_id(to_id, there.id.partition("|")[2])
        here = state.get(CaseCounts, id)
        joined = {*(here.counts if here is not None else ()), *moving}
        if joined:
            yield Put(CaseCounts(id=id, incident=to_id, counts=tuple(sorted(joined))))
        yield Put(there.model_copy(update={"counts": staying})) if staying else Drop(CaseCounts, there.id)


def _occurrences_renamed(state: AreaState, other: str, incident: str) -> Iterator[Change]:
    for known in tuple(state.of(UrbanOccurrence).values()):
        if other in known.occurrences:
            times = [known.occurrences[id] for id in (other, incident) if id in known.occurrences]
            kept = _without(known, other)
            yield Put(kept.model_copy(update={"occurrences": {**kept.occurrences, incident: min(times)}}))


def _without(known: UrbanOccurrence, incident: str) -> UrbanOccurrence:
    return known.model_copy(update={"occurrences": {id: at for id, at in known.occurrences.items() if id != incident}})


def incident_refuted(state: AreaState, event: judged.IncidentRefuted) -> Iterator[Change]:
    """Nothing that was said until then counts."""
    for source in state.of_incident(Source, event.incident):
        yield Put(source.model_copy(update={"refuted_at": event.as_of}))
    if state.get(LineList, event.incident) is not None:
        yield Drop(LineList, event.incident)
    for verdicts in tuple(state.of_incident(Verdicts, event.incident)):
        yield Drop(Verdicts, verdicts.id)
    for known in tuple(state.of(UrbanOccurrence).values()):
        if event.incident in known.occurrences:
            yield Put(_without(known, event.incident))

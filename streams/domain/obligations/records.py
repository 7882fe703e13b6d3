"""What the events of this concern mean for the state."""

from collections.abc import Iterator

from schemas.base import Utc
from schemas.outputs import obligation_events as out
from streams.domain.core import Timer, timer
from streams.domain.fast import changed
from streams.domain.obligations.entities import KEPT_INSTANTS, Knowledge, Learned, Obligation, Waiting, pair
from streams.domain.parties import NETWORK, OUTSIDE, kind_and_tier
from streams.domain.state import AreaState, Change, Drop, Put

DUE = "obligation"
"""Timer kind."""


def _knowledge(state: AreaState, incident: str) -> Knowledge:
    return state.get(Knowledge, incident) or Knowledge(id=incident, incident=incident)


def evolve_traced(state: AreaState, event: out.ReportTraced) -> Iterator[Change]:
    """The sender knows; the recipients know where their receipt is recorded; who told whom is kept."""
    if event.incident is None:
        return
    before = _knowledge(state, event.incident)
    learned = dict(before.learned)
    if event.from_unit and event.made != "receipt":
        at = event.known_at or event.reported_at
        knows = Learned(
            at=at,
            basis="known",
            stated=event.known_stated,
            noted=event.noted_at,
            via=event.via,
            kind=event.from_kind,
        )
        learned.setdefault(event.from_unit, knows)
    told = dict(before.told)
    for unit in event.to_units:
        if unit == NETWORK:
            told[pair(event.from_unit, unit)] = _kept(told.get(pair(event.from_unit, unit), ()), event.reported_at)
            continue
        received = event.received_at if event.received_at is not None else _inside(state, unit, event.reported_at)
        if received is not None:
            learned.setdefault(
                unit, Learned(at=received, basis="received", stated=True, noted=event.noted_at, via=event.via)
            )
        if event.made != "receipt":
            told[pair(event.from_unit, unit)] = _kept(told.get(pair(event.from_unit, unit), ()), event.reported_at)
    reported = before.reported
    if event.to_units and event.made != "receipt":
        reported = {**reported, event.from_unit: event.figures}
    yield Put(changed(before, learned=learned, told=told, reported=reported))


def _inside(state: AreaState, unit: str, at: Utc) -> Utc | None:
    """Units of the city have a report as soon as it is made; the receipt of others must be recorded."""
    place = kind_and_tier(state, unit)
    return None if place is not None and place[1] in OUTSIDE else at


def _kept(instants: tuple[Utc, ...], at: Utc) -> tuple[Utc, ...]:
    if at in instants:
        return instants
    ordered = sorted((*instants, at))
    return tuple(ordered) if len(ordered) <= KEPT_INSTANTS else (ordered[0], *ordered[2:])


def evolve_waiting(state: AreaState, event: out.UpwardWaiting) -> Iterator[Change]:
    """Kept until its incident is known."""
    known = state.get(Waiting, event.ref)
    yield Put(Waiting(id=event.ref, notices=(*(known.notices if known is not None else ()), event.notice)))


def evolve_found(state: AreaState, event: out.UpwardFound) -> Iterator[Change]:
    """Nothing waits any more."""
    yield Drop(Waiting, event.ref)


def evolve_basis(state: AreaState, event: out.BasisNoted) -> Iterator[Change]:
    """Since when grades and the threshold hold."""
    if event.incident is not None:
        before = _knowledge(state, event.incident)
        yield Put(before.model_copy(update={"since": {**dict.fromkeys(event.holds, event.at), **before.since}}))


def evolve_opened(state: AreaState, event: out.ObligationOpened) -> Iterator[Change]:
    """It is owed, and its clock runs."""
    yield Put(
        Obligation(
            id=event.obligation,
            incident=event.incident,
            rule=event.rule,
            label=event.label,
            series=event.series,
            debtor=event.debtor,
            recipients=event.recipients,
            clock=event.clock,
            clock_start=event.clock_start,
            due=event.due,
            term_s=event.term_s,
            source=event.source,
            opened_at=event.at,
            grade=event.grade,
            met_by=event.met_by,
            may_skip=event.may_skip,
            told=event.told,
        )
    )
    yield Put(timer(DUE, event.obligation, event.due, event.incident))
    if event.series and event.incident is not None:
        before = _knowledge(state, event.incident)
        series = f"{event.rule}:{event.debtor}:{event.label}"
        yield Put(before.model_copy(update={"counts": {**before.counts, series: before.counts.get(series, 0) + 1}}))


def evolve_told(state: AreaState, event: out.RecipientTold) -> Iterator[Change]:
    """One of several knows."""
    known = state.get(Obligation, event.obligation)
    if known is not None:
        yield Put(known.model_copy(update={"told": {**known.told, event.recipient: event.at}}))


def evolve_met(state: AreaState, event: out.ObligationMet) -> Iterator[Change]:
    """Everybody knows."""
    known = state.get(Obligation, event.obligation)
    if known is not None:
        met = {"status": "met", "met_at": event.at, "late": event.late, "told": event.told}
        yield Put(known.model_copy(update=met))
        yield from _stopped(state, event.obligation)


def evolve_breached(state: AreaState, event: out.ObligationBreached) -> Iterator[Change]:
    """Overdue; still owed."""
    known = state.get(Obligation, event.obligation)
    if known is not None:
        yield Put(known.model_copy(update={"status": "breached", "breached_at": event.at}))
        yield from _stopped(state, event.obligation)


def evolve_excused(state: AreaState, event: out.ObligationExcused) -> Iterator[Change]:
    """The clock stands still while the link is down; an outage that is over is only noted."""
    known = state.get(Obligation, event.obligation)
    if known is None:
        return
    noted = {"excused_since": event.since, "excused_until": event.until, "reason": event.reason}
    if event.until is not None:
        yield Put(known.model_copy(update=noted))
        return
    yield Put(known.model_copy(update={**noted, "status": "excused"}))
    yield from _stopped(state, event.obligation)


def evolve_resumed(state: AreaState, event: out.ObligationResumed) -> Iterator[Change]:
    """The clock runs again; what had fallen due before the outage stays breached."""
    known = state.get(Obligation, event.obligation)
    if known is None:
        return
    resumed = {"due": event.due, "excused_until": event.at}
    before = known.excused_since is None or known.due <= known.excused_since
    if known.breached_at is not None and before:
        yield Put(known.model_copy(update={**resumed, "status": "breached"}))
        return
    yield Put(known.model_copy(update={**resumed, "status": "open", "breached_at": None}))
    yield Put(timer(DUE, event.obligation, event.due, known.incident))


def evolve_withdrawn(state: AreaState, event: out.ObligationWithdrawn) -> Iterator[Change]:
    """Not owed any more."""
    known = state.get(Obligation, event.obligation)
    if known is not None:
        yield Put(known.model_copy(update={"status": "withdrawn", "reason": event.reason}))
        yield from _stopped(state, event.obligation)


def evolve_moved(state: AreaState, event: out.ObligationMoved) -> Iterator[Change]:
    """It belongs to another incident, with its timer."""
    known = state.get(Obligation, event.obligation)
    if known is None or event.incident is None:
        return
    back = known.came_from[-1:] == (event.incident,)
    came_from = known.came_from[:-1] if back else (*known.came_from, event.from_incident)
    yield Put(known.model_copy(update={"incident": event.incident, "came_from": came_from}))
    running = state.get(Timer, f"{DUE}:{event.obligation}")
    if running is not None:
        yield Put(running.model_copy(update={"incident": event.incident}))


def evolve_joined(state: AreaState, event: out.KnowledgeJoined) -> Iterator[Change]:
    """Earliest knowledge counts; what was told stays told."""
    if event.incident is None:
        return
    mine = _knowledge(state, event.incident)
    other = state.get(Knowledge, event.from_incident)
    if other is None:
        return
    learned = dict(mine.learned)
    for unit, knows in other.learned.items():
        if event.sources and knows.via not in event.sources:
            continue
        if unit not in learned or knows.at < learned[unit].at:
            learned[unit] = knows
    told: dict[str, tuple[Utc, ...]] = {}
    for key in dict.fromkeys((*mine.told, *other.told)):
        instants = sorted({*mine.told.get(key, ()), *other.told.get(key, ())})
        told[key] = tuple(instants[:1] + instants[1:][-(KEPT_INSTANTS - 1) :])
    since = dict(mine.since) if not event.merged else _earliest(mine.since, other.since)
    yield Put(
        mine.model_copy(
            update={
                "learned": learned,
                "told": told,
                "since": since,
                "counts": {**other.counts, **mine.counts} if event.merged else mine.counts,
                "joined": (*mine.joined, event.from_incident, *other.joined) if event.merged else mine.joined,
            }
        )
    )
    if not event.merged:
        staying = {unit: knows for unit, knows in other.learned.items() if knows.via not in event.sources}
        yield Put(other.model_copy(update={"learned": staying}))


def _earliest(one: dict[str, Utc], two: dict[str, Utc]) -> dict[str, Utc]:
    return {key: min(instant for instant in (one.get(key), two.get(key)) if instant) for key in (*one, *two)}


def _stopped(state: AreaState, obligation: str) -> Iterator[Change]:
    if state.get(Timer, f"{DUE}:{obligation}") is not None:
        yield Drop(Timer, f"{DUE}:{obligation}")

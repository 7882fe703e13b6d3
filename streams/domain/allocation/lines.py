"""Deciding lines: one now, or all that wait for a kind of which something has become free."""

from collections.abc import Generator, Iterable

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import Cause, CommitmentPreempted, Outcome
from schemas.outputs.bed_events import BedTierOpened
from streams.domain.allocation.beds import close_tiers, next_tier
from streams.domain.allocation.changes import ended
from streams.domain.allocation.choose import NOTHING_MORE, Plan, plan
from streams.domain.allocation.decision import commitment, crossed, told
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.divert import Diversion, diversions, proposal
from streams.domain.allocation.entities import Commitment, Line, RoutedTimes
from streams.domain.allocation.pool import CODE
from streams.domain.allocation.queue import Key
from streams.domain.allocation.shortage import ONLY_BY_REQUISITION, propose_requisition

Events = Generator[OutputEvent, None, None]
Deciding = Generator[OutputEvent, None, "Result"]


class Result:
    """What came of deciding a line once."""

    __slots__ = ("hopeless", "preempted", "progress")

    def __init__(self, *, progress: bool = False, hopeless: bool = False, preempted: bool = False) -> None:
        self.progress = progress
        self.hopeless = hopeless
        self.preempted = preempted


NOTHING = Result()
TIER_CLOSED = CODE["tier_closed"]


def decide_line(desk: Desk, line_id: str, cause: Cause, most: int | None = None) -> Deciding:
    """Decide a waiting line anew, for at most `most`; tell only what is new."""
    line = desk.state.get(Line, line_id)
    if line is None or line.need <= 0 or line.withheld:
        return NOTHING
    need = line.need if most is None else min(most, line.need)
    chosen, found = _chosen(desk, line, need)
    standing = line.urgency in desk.law.standing.preemption_classes
    if found and standing:
        chosen = _with(chosen, found)
    crosses = crossed(desk, line, chosen.picks)
    authorisation = desk.authorisation(line) if crosses else None
    if crosses and authorisation is None:
        if line.stage != "pending_authorization":
            yield told(desk, line, cause, "pending_authorization", chosen, crosses, None)
        return NOTHING
    short = line.need - sum(pick.quantity for pick in chosen.picks)
    if chosen.picks:
        outcome: Outcome = "committed" if short == 0 else "partly_committed"
        yield told(desk, line, cause, outcome, chosen, crosses, authorisation)
        yield from _commit(desk, line_id, chosen, found if standing else [], authorisation)
    elif line.told != short or line.stage == "pending_authorization":
        yield told(desk, line, cause, "short", chosen, (), None)
    if (short or found) and (yield from _beyond(desk, line_id, short, found, standing=standing)):
        return (yield from decide_line(desk, line_id, "tier_opened"))
    return Result(
        progress=bool(chosen.picks), hopeless=chosen.hopeless and not found, preempted=bool(found) and standing
    )


def _beyond(
    desk: Desk, line_id: str, short: int, found: list[Diversion], *, standing: bool
) -> Generator[OutputEvent, None, bool]:
    """What else could help: a surge tier, a diversion, requisition last; True where a tier opened at once."""
    line = desk.state.of(Line)[line_id]
    totals = desk.index.pool(line.kind).totals
    if short and totals[TIER_CLOSED] and (opened := next_tier(desk, line)) is not None:
        yield opened
        if isinstance(opened, BedTierOpened):
            return True
    asked = proposal(desk, line, found) if found and not standing else None
    if short and not found and totals[ONLY_BY_REQUISITION]:
        asked = propose_requisition(desk, line)
    if asked is not None:
        yield asked
    return False


def decide_lines(desk: Desk, line_ids: Iterable[str], cause: Cause) -> Events:
    """Decide lines one after the other; whoever loses a unit to them is served at once."""
    preempted: dict[str, None] = {}
    for id in line_ids:
        result = yield from decide_line(desk, id, cause)
        if result.preempted:
            preempted[desk.state.of(Line)[id].kind] = None
    yield from serve(desk, preempted, "preempted")


def _chosen(desk: Desk, line: Line, need: int) -> tuple[Plan, list[Diversion]]:
    index, law = desk.index, desk.law
    index.pool(line.kind).expire_fixes(desk.now_ms - law.position_age_ms)
    spot = index.spot(desk.request_of(line).place)
    routed = desk.state.get(RoutedTimes, line.id)
    by_road = routed.eta_ms if routed is not None else None
    chosen = plan(index, line, spot, need, desk.limit_ms(line), desk.grounds(line), by_road)
    if line.urgency not in law.preemption.for_classes:
        return chosen, []
    return chosen, diversions(desk, line, spot, chosen.picks, chosen.short)


def _with(chosen: Plan, found: list[Diversion]) -> Plan:
    """The plan with diverted units in place of the picks that they replace."""
    replaced = {diversion.instead.entry.resource for diversion in found if diversion.instead is not None}
    for candidate in chosen.candidates:
        if candidate["resource"] in replaced:
            candidate["take"] = 0
    more = tuple(
        {"resource": pick.entry.resource, "eta_ms": pick.eta_ms, "score_ms": pick.score_ms, "take": 1}
        for pick, *_ in found
    )
    kept = tuple(pick for pick in chosen.picks if pick.entry.resource not in replaced)
    return chosen._replace(
        picks=(*kept, *(diversion.pick for diversion in found)),
        short=chosen.short - sum(1 for diversion in found if diversion.instead is None),
        candidates=(*chosen.candidates, *more),  # type: ignore[arg-type]  # a generator of literals loses their type
    )


def _commit(desk: Desk, line_id: str, chosen: Plan, found: list[Diversion], authorisation: str | None) -> Events:
    victims = {diversion.pick.entry.resource: diversion.victim for diversion in found}
    for pick in chosen.picks:
        if (victim := victims.get(pick.entry.resource)) is not None:
            yield preempted(desk, victim, f"for {line_id}")
        yield commitment(desk, desk.state.of(Line)[line_id], pick, authorisation)


def preempted(desk: Desk, victim: str, reason: str) -> OutputEvent:
    """The event that takes a unit from a commitment before it has arrived."""
    lost = desk.state.of(Commitment)[victim]
    return ended(desk, lost, CommitmentPreempted, "preempted", desk.now, reason, reopen=True)


def serve(desk: Desk, kinds: Iterable[str], cause: Cause) -> Events:
    """Serve what waits for these kinds, in the queue's order, one resource a turn while several wait (AL-2).

    Surge tiers that nobody needs after that close (BD-1).
    """
    for kind in dict.fromkeys(kinds):
        turn = _Turn(desk)
        while True:
            order = desk.index.queue(kind).order
            line = turn.next(order)
            if line is None:
                break
            result = yield from decide_line(desk, line.id, cause, 1 if turn.others(order) else None)
            turn.done(line, result)
        yield from close_tiers(desk, kind)


class _Turn:
    """Whose turn it is while one kind is served: who was tried in vain is not tried again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._position = 0
        self._tried: set[str] = set()
        self._hopeless: set[tuple[object, ...]] = set()

    def next(self, order: list[Key]) -> Line | None:
        """The first line that may still get something."""
        self._position = self._find(order, self._position)
        return self._desk.state.of(Line)[order[self._position][3]] if self._position < len(order) else None

    def others(self, order: list[Key]) -> bool:
        """Whether another one after it may."""
        return self._find(order, self._position + 1) < len(order)

    def done(self, line: Line, result: Result) -> None:
        """Each success changes the order: the next turn begins at its head."""
        if result.progress:
            self._position = 0
            return
        self._tried.add(line.id)
        if result.hopeless:
            self._hopeless.add((line.requires, line.minimum_type))

    def _find(self, order: list[Key], start: int) -> int:
        lines = self._desk.state.of(Line)
        for position in range(start, len(order)):
            id = order[position][3]
            if id not in self._tried and not (self._hopeless and self._in_vain(lines[id])):
                return position
        return len(order)

    def _in_vain(self, line: Line) -> bool:
        signature = (line.requires, line.minimum_type)
        return signature in self._hopeless and self._desk.grounds(line) == NOTHING_MORE

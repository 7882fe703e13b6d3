"""Deciding lines: one now, or all that wait for a kind of which something has become free."""

from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import Cause, LineDecided, Outcome, ResourceCommitted
from streams.domain.allocation.choose import NOTHING_MORE, Plan, plan
from streams.domain.allocation.desk import Desk
from streams.domain.allocation.entities import Line
from streams.domain.allocation.queue import Key
from streams.domain.fast import made

FIRST_STAGE = {"unit": "committed", "beds": "reserved", "stock": "ordered", "capacity": "reserved"}
Events = Generator[OutputEvent, None, None]
Deciding = Generator[OutputEvent, None, "Result"]


class Result:
    """What came of deciding a line once."""

    __slots__ = ("hopeless", "progress")

    def __init__(self, progress: bool, hopeless: bool) -> None:
        self.progress = progress
        self.hopeless = hopeless


def decide_line(desk: Desk, line_id: str, cause: Cause, most: int | None = None) -> Deciding:
    """Decide a waiting line anew, for at most `most`; tell only what is new."""
    line = desk.state.get(Line, line_id)
    if line is None or line.need <= 0:
        return Result(progress=False, hopeless=False)
    index = desk.index
    request = desk.request_of(line)
    index.pool(line.kind).expire_fixes(desk.now_ms - desk.law.position_age_ms)
    need = line.need if most is None else min(most, line.need)
    chosen = plan(index, line, index.spot(request.place), need, desk.limit_ms(line), desk.grounds(line))
    crosses = _crosses(desk, line, chosen)
    authorisation = desk.authorisation(line) if crosses else None
    if crosses and authorisation is None:
        if line.stage != "pending_authorization":
            yield _decided(desk, line, cause, "pending_authorization", chosen, crosses, None)
        return Result(progress=False, hopeless=False)
    short = line.need - sum(pick.quantity for pick in chosen.picks)
    if not chosen.picks:
        if line.told != short or line.stage == "pending_authorization":
            yield _decided(desk, line, cause, "short", chosen, (), None)
        return Result(progress=False, hopeless=chosen.hopeless)
    outcome: Outcome = "committed" if short == 0 else "partly_committed"
    yield _decided(desk, line, cause, outcome, chosen, crosses, authorisation)
    yield from _commit(desk, line, chosen, authorisation)
    return Result(progress=True, hopeless=False)


def serve(desk: Desk, kinds: Iterable[str], cause: Cause) -> Events:
    """Serve what waits for these kinds, in the queue's order, one resource a turn while several wait (AL-2)."""
    for kind in dict.fromkeys(kinds):
        turn = _Turn(desk)
        while True:
            order = desk.index.queue(kind).order
            line = turn.next(order)
            if line is None:
                break
            result = yield from decide_line(desk, line.id, cause, 1 if turn.others(order) else None)
            turn.done(line, result)


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


def _crosses(desk: Desk, line: Line, chosen: Plan) -> tuple[str, ...]:
    """Departments other than the requester's that own something of the plan (AL-1)."""
    owners = {desk.department(pick.entry) for pick in chosen.picks}
    return tuple(sorted(owners - {line.department}))


def _decided(
    desk: Desk, line: Line, cause: Cause, outcome: Outcome, chosen: Plan, crosses: tuple[str, ...], consent: str | None
) -> LineDecided:
    law = desk.law
    committed = 0 if outcome == "pending_authorization" else sum(pick.quantity for pick in chosen.picks)
    short = line.need - committed
    wave = _second_wave(desk, line) if short and outcome != "pending_authorization" else None
    bucket, aged = law.key_ms(line.urgency, line.asked_ms)
    rules = law.rules if not crosses else (*law.rules, law.consent.id)
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
        second_wave_at=wave,
        rules=rules,
        policy_version=desk.context.policy.version,
    )


def _second_wave(desk: Desk, line: Line) -> datetime | None:
    """When a line that is short for the first time may take from farther away."""
    minutes = desk.law.second_wave_after_minutes
    if minutes is None or line.told >= 0:
        return None
    opens = datetime.fromtimestamp(line.asked_ms / 1000, UTC) + timedelta(minutes=minutes)
    return opens if opens > desk.now else None


def _commit(desk: Desk, line: Line, chosen: Plan, authorisation: str | None) -> Events:
    kind = desk.law.kind(line.kind)
    place = desk.request_of(line).place
    for number, pick in enumerate(chosen.picks, start=line.commitments + 1):
        entry = pick.entry
        hold = entry.hold_minutes or kind.hold_minutes if entry.form == "beds" else None
        yield made(
            ResourceCommitted,
            incident=line.incident,
            commitment=f"{line.id}/{number}",
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
            to=place,
            accept_by=desk.after(entry.accept_within_minutes or kind.accept_minutes),
            hold_until=desk.after(hold),
            authorisation=authorisation,
        )

"""Who serves a line: a pure reading of the index.

Stages of allocation.md: above the floor; below it where a waiver or a standing order permits; requisition targets
where that is permitted. What then remains open is for somebody else: preemption, mutual aid, the requester.
"""

from typing import NamedTuple

import numpy as np

from schemas.inputs.resources import ResourceRegistered
from schemas.outputs.allocation_events import Candidate, PassedOver, Reason, Tier
from streams.domain.allocation.entities import Line
from streams.domain.allocation.index import AllocationIndex
from streams.domain.allocation.pool import CODE, GONE, IDLE, WHY, Fit, Flags, Pool, idle_rows
from streams.domain.allocation.search import Ranked, Search
from streams.domain.allocation.travel import Spot, travel_time

LOTS_AT_FIRST = 8
BELOW_FLOOR = ("own_reserve", "waived_floor")
REASONS: tuple[tuple[int, Reason], ...] = tuple(
    (code, why)  # type: ignore[misc]  # WHY lists reasons, and the two that are none are left out
    for code, why in enumerate(WHY)
    if code not in (IDLE, GONE)
)


class Grounds(NamedTuple):
    """What a line may use beyond what everybody may."""

    waived: bool = False
    waived_districts: tuple[str, ...] = ()
    """Empty with `waived`: all districts."""
    group_waived: bool = False
    own_reserve: bool = False
    requisition: bool = False


NOTHING_MORE = Grounds()


class Pick(NamedTuple):
    """This much of that resource."""

    entry: ResourceRegistered
    quantity: int
    eta_ms: int
    score_ms: int
    tier: Tier


class Plan(NamedTuple):
    """What a line would get, and why."""

    picks: tuple[Pick, ...]
    short: int
    suitable: int
    candidates: tuple[Candidate, ...]
    passed_over: tuple[PassedOver, ...]
    rejections: dict[Reason, int]
    hopeless: bool
    """Nobody with these capabilities is free anywhere: another such line fares no better."""


class _Room:
    """What may still be taken while one line is served."""

    __slots__ = ("district", "group", "pool", "taken")

    def __init__(self, pool: Pool, group_keeps: int) -> None:
        self.pool = pool
        self.taken: dict[int, int] = {}
        self.district = pool.free.copy()
        self.group: dict[str, int] = {}
        for group, rows in pool.groups.items():
            self.group[group] = sum(1 for row in rows if pool.why[row] == IDLE) - group_keeps

    def copy(self) -> "_Room":
        """The same, for another try."""
        twin = object.__new__(_Room)
        twin.pool, twin.taken = self.pool, self.taken.copy()
        twin.district, twin.group = self.district.copy(), self.group.copy()
        return twin

    def of(self, row: int, tier: Tier) -> tuple[int, Reason | None]:
        """How much of a row may be taken on this ground, or why nothing."""
        pool = self.pool
        if self.group:
            group = pool.group_of.get(row)
            if group is not None and self.group[group] <= 0:
                return 0, "group_reserve"
        _, available, deep = pool.state(row)
        taken = self.taken.get(row, 0)
        if tier != "above_floor":
            return (available if tier == "requisition" else deep) - taken, None
        district = pool.district_list[row]
        room = self.district[district] - pool.floor[district]
        if room <= 0:
            return 0, "floor"
        return min(available - taken, room), None

    def take(self, row: int, quantity: int) -> None:
        """That much of the row is gone."""
        self.taken[row] = self.taken.get(row, 0) + quantity
        self.district[self.pool.district_list[row]] -= quantity
        if self.group and (group := self.pool.group_of.get(row)) is not None:
            self.group[group] -= 1


class _Served(NamedTuple):
    """One stage's work."""

    left: int
    room: _Room
    picks: list[Pick]
    candidates: list[Candidate]
    skipped: dict[Reason, int]


def plan(
    index: AllocationIndex,
    line: Line,
    spot: Spot,
    need: int,
    limit_ms: int | None,
    grounds: Grounds = NOTHING_MORE,
    routed: dict[str, int] | None = None,
) -> Plan:
    """What the line would get now, at most `need`, from nowhere farther than `limit_ms`."""
    law = index.law
    pool = index.pool(line.kind)
    pool.widen(len(index.codes))
    fit = pool.fit(line.requires, line.prefers, line.minimum_type)
    balance = penalties(pool, law.balance_ms.get(line.urgency, 0))
    search = Search(pool, fit, spot, travel_time(law, line.kind), balance, line.urgency, routed)
    room = _Room(pool, 0 if grounds.group_waived else law.reserve.group_keeps)
    n = pool.n
    suits = fit.rows
    open_rows = pool.open[:n] if suits is None else pool.open[:n] & suits
    excluded = [pool.row_of[id] for id in line.excluded if id in pool.row_of]
    eligible = _without(open_rows, excluded)
    served = _serve(search, eligible, "above_floor", need, room, limit_ms, law.candidates)
    picks, candidates, skipped = served.picks, served.candidates, served.skipped
    for tier, flags in _further(index, pool, spot, grounds) if served.left else ():
        more = _without(flags if suits is None else flags & suits, excluded)
        served = _serve(search, more, tier, served.left, served.room, limit_ms, 0)
        picks += served.picks
        candidates += served.candidates
        if not served.left:
            break
    worst = max((pick.eta_ms for pick in picks), default=0) if not served.left else None
    suitable, unused, rejections = _tally(pool, fit)
    reached = sum(1 for pick in picks if pick.tier in BELOW_FLOOR)
    under_floor = unused - int(np.count_nonzero(open_rows)) - reached + skipped.get("floor", 0)
    declined = sum(1 for row in excluded if open_rows[row])
    far = 0 if limit_ms is None else search.beyond(eligible, limit_ms)
    idle_but: dict[Reason, int] = {
        "floor": under_floor,
        "declined": declined,
        "too_far": far,
        "group_reserve": skipped.get("group_reserve", 0),
    }
    rejections.update((reason, count) for reason, count in idle_but.items() if count > 0)
    return Plan(
        picks=tuple(picks),
        short=served.left,
        suitable=suitable,
        candidates=tuple(candidates),
        passed_over=_passed_over(search, eligible, excluded, picks, worst, law.passed_over),
        rejections=rejections,
        hopeless=not picks and grounds == NOTHING_MORE and not open_rows.any(),
    )


def _without(flags: Flags, rows: list[int]) -> Flags:
    if rows:
        flags = flags.copy()
        flags[rows] = False
    return flags


def penalties(pool: Pool, delta_ms: int) -> list[int] | None:
    """Balance term per district: `delta` times the used share of what stands above its floors."""
    if not delta_ms:
        return None
    return [
        delta_ms if above <= 0 else delta_ms - delta_ms * min(max(free - kept, 0), above) // above
        for free, (kept, above) in zip(pool.free, pool.bases, strict=True)
    ]


def _further(index: AllocationIndex, pool: Pool, spot: Spot, grounds: Grounds) -> list[tuple[Tier, Flags]]:
    """The stages beyond the first that this line may use, with their rows."""
    stages: list[tuple[Tier, Flags]] = []
    if grounds.own_reserve:
        stages.append(("own_reserve", idle_rows(pool) & (pool.district[: pool.n] == spot.district)))
    if grounds.waived:
        flags = idle_rows(pool)
        if grounds.waived_districts:
            flags &= np.isin(pool.district[: pool.n], [index.number(code) for code in grounds.waived_districts])
        stages.append(("waived_floor", flags))
    if grounds.requisition:
        targets = (pool.why[: pool.n] == CODE["requisition_only"]) & (pool.available[: pool.n] > 0)
        stages.append(("requisition", targets))
    return stages


def _serve(
    search: Search, eligible: Flags, tier: Tier, need: int, room: _Room, limit_ms: int | None, shown: int
) -> _Served:
    """Serve the need from these rows, best first, as far as they go."""
    count = shown + (LOTS_AT_FIRST if search.pool.lots else need)
    while True:
        ranked, complete = search.best(eligible, count)
        served = _pick(ranked, tier, need, room if complete else room.copy(), limit_ms, shown)
        if not served.left or complete:
            return served
        count *= 4


def _pick(ranked: list[Ranked], tier: Tier, need: int, room: _Room, limit_ms: int | None, shown: int) -> _Served:
    picks: list[Pick] = []
    candidates: list[Candidate] = []
    skipped: dict[Reason, int] = {}
    for number, (score, _, resource, row, eta) in enumerate(ranked):
        if not need:
            rest = ranked[number:shown]
            candidates += [{"resource": id, "eta_ms": e, "score_ms": s, "take": 0} for s, _, id, _, e in rest]
            break
        quantity, reason = (0, "too_far") if limit_ms is not None and eta > limit_ms else room.of(row, tier)
        quantity = max(min(quantity, need), 0)
        candidate: Candidate = {"resource": resource, "eta_ms": eta, "score_ms": score, "take": quantity}
        if quantity:
            need -= quantity
            room.take(row, quantity)
            picks.append(Pick(room.pool.entry(row), quantity, eta, score, tier))
        elif reason is not None:
            candidate["reason"] = reason
            skipped[reason] = skipped.get(reason, 0) + 1
        if quantity or len(candidates) < shown:
            candidates.append(candidate)
    return _Served(need, room, picks, candidates, skipped)


def _tally(pool: Pool, fit: Fit) -> tuple[int, int, dict[Reason, int]]:
    """Suitable rows, idle ones among them, and how many of the kind are out for a reason of their own."""
    rejections: dict[Reason, int] = {}
    counts = pool.totals
    if not fit.everything:
        counts = [sum(column) for column in zip(*(pool.tally[number] for number in fit.suiting), strict=True)]
        counts = counts or [0] * len(WHY)
        lacking = sum(sum(pool.tally[number][:GONE]) for number in fit.lacking)
        if lacking:
            rejections["lacks_capability"] = lacking
    for code, reason in REASONS:
        if counts[code]:
            rejections[reason] = counts[code]
    return sum(counts) - counts[GONE], counts[IDLE], rejections


def _passed_over(
    search: Search, eligible: Flags, excluded: list[int], picks: list[Pick], within_ms: int | None, count: int
) -> tuple[PassedOver, ...]:
    """The nearest unsuitable or unavailable resources that would have been there as soon as the last pick."""
    pool = search.pool
    taken = [pool.row_of[pick.entry.resource] for pick in picks if pick.tier != "above_floor"]
    found = search.nearest(eligible, within_ms, count + len(taken))
    nearer: list[PassedOver] = [
        {"resource": resource, "eta_ms": eta, "reason": _why(pool, row, excluded)}
        for eta, resource, row in found
        if pool.why[row] != GONE and row not in taken
    ]
    return tuple(nearer[:count])


def _why(pool: Pool, row: int, excluded: list[int]) -> Reason:
    if row in excluded:
        return "declined"
    code = int(pool.why[row])
    return "floor" if code == IDLE else WHY[code]  # type: ignore[return-value]  # all but IDLE and GONE are reasons

"""Who serves a line: a pure reading of the index. Stages of allocation.md: above the floor, then below it where a
waiver or a standing order permits; what remains open is somebody else's question (preemption, mutual aid)."""

from typing import NamedTuple

import numpy as np

from schemas.outputs.allocation_events import Candidate, PassedOver, Reason, Tier
from streams.domain.allocation.entities import Line
from streams.domain.allocation.index import AllocationIndex
from streams.domain.allocation.pool import CODE, GONE, IDLE, WHY, Fit, Flags, Ints, Pool
from streams.domain.allocation.search import Ranked, Search, idle
from streams.domain.allocation.travel import Spot, travel_time

MANY_LOTS = 8
REASON_CODES = tuple((code, why) for code, why in enumerate(WHY) if code not in (IDLE, GONE))


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

    resource: str
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
    """Nobody with these capabilities is free anywhere: any other such line fares no better."""


class _Choice:
    """The work on one line: picks so far, what is left of headroom, and what was seen on the way."""

    def __init__(self, index: AllocationIndex, line: Line, spot: Spot, need: int, grounds: Grounds) -> None:
        law = index.law
        self.index = index
        self.line = line
        self.left = need
        self.grounds = grounds
        self.pool = pool = index.pool(line.kind)
        self.limit_ms = None if line.second_wave else law.first_wave_ms
        self.fit = pool.fit(line.requires, line.prefers, line.minimum_type)
        pool.widen(len(index.codes))
        delta = law.balance_ms.get(line.urgency, 0)
        self.search = Search(pool, self.fit, spot, travel_time(law, line.kind), _penalties(pool, delta))
        self.spot = spot
        self.shown = law.candidates
        self.candidates: list[Candidate] = []
        self.picks: list[Pick] = []
        self.skipped: dict[Reason, int] = {}
        self.taken: dict[int, int] = {}
        self.group_room = self._group_room()

    def _group_room(self) -> dict[str, int]:
        pool = self.pool
        keeps = 0 if self.grounds.group_waived else self.index.law.reserve.group_keeps
        return {
            group: sum(1 for row in rows if pool.why[row] == IDLE) - keeps for group, rows in sorted(pool.groups.items())
        }

    def above_floor(self) -> Flags:
        """Rows that everybody may use."""
        pool = self.pool
        flags = pool.open[: pool.n] if self.fit.rows is None else pool.open[: pool.n] & self.fit.rows
        return self._without_excluded(flags)

    def below_floor(self, districts: tuple[str, ...] | None) -> Flags:
        """Rows that stand under a floor, in these districts; None: in all."""
        pool = self.pool
        flags = idle(pool)
        if districts is not None:
            numbers = [self.index.number(code) for code in districts]
            flags &= np.isin(pool.district[: pool.n], numbers)
        return self._without_excluded(flags if self.fit.rows is None else flags & self.fit.rows)

    def targets(self) -> Flags:
        """Pre-registered requisition targets (RQ-2)."""
        pool = self.pool
        flags: Flags = (pool.why[: pool.n] == CODE["requisition_only"]) & (pool.available[: pool.n] > 0)
        return self._without_excluded(flags if self.fit.rows is None else flags & self.fit.rows)

    def _without_excluded(self, flags: Flags) -> Flags:
        rows = [self.pool.row_of[id] for id in self.line.excluded if id in self.pool.row_of]
        if rows:
            flags = flags.copy()
            flags[rows] = False
        return flags

    def take(self, eligible: Flags, tier: Tier) -> None:
        """Serve the line from these rows, best first, as far as they go."""
        one_each = self.line_is_of_units()
        count = self.shown + (self.left if one_each else MANY_LOTS)
        while True:
            ranked, complete = self.search.best(eligible, count)
            state = (self.left, dict(self.taken), dict(self.group_room), list(self.picks), dict(self.skipped))
            head = list(self.pool.free)
            shown: list[Candidate] = []
            for entry in ranked:
                if self.left == 0 and len(shown) >= self.shown:
                    break
                self._consider(entry, tier, head, shown)
            if self.left == 0 or complete:
                break
            self.left, self.taken, self.group_room, self.picks, self.skipped = state
            count *= 4
        self.candidates.extend(shown[: self.shown] if tier == "above_floor" else [c for c in shown if c["take"]])

    def line_is_of_units(self) -> bool:
        """Whether each resource counts one."""
        return self.pool.n == 0 or int(self.pool.deep[: self.pool.n].max(initial=0)) <= 1

    def _consider(self, entry: Ranked, tier: Tier, head: list[int], shown: list[Candidate]) -> None:
        score, _, resource, row, eta = entry
        quantity, reason = self._room(row, eta, tier, head)
        if quantity > 0:
            self.left -= quantity
            self.taken[row] = self.taken.get(row, 0) + quantity
            head[int(self.pool.district[row])] -= quantity
            group = self.pool.group_of.get(row)
            if group is not None:
                self.group_room[group] -= 1
            self.picks.append(Pick(resource, quantity, eta, score, tier))
        candidate: Candidate = {"resource": resource, "eta_ms": eta, "score_ms": score, "take": quantity}
        if reason is not None:
            candidate["reason"] = reason
            self.skipped[reason] = self.skipped.get(reason, 0) + 1
        if len(shown) < self.shown or quantity:
            shown.append(candidate)

    def _room(self, row: int, eta: int, tier: Tier, head: list[int]) -> tuple[int, Reason | None]:
        """How much of a row the line may take, or why nothing."""
        if self.limit_ms is not None and eta > self.limit_ms:
            return 0, "too_far"
        pool = self.pool
        group = pool.group_of.get(row)
        if group is not None and self.group_room[group] <= 0:
            return 0, "group_reserve"
        stock = pool.available if tier in ("above_floor", "requisition") else pool.deep
        quantity = int(stock[row]) - self.taken.get(row, 0)
        if tier == "above_floor":
            district = int(pool.district[row])
            room = head[district] - pool.floor[district]
            if room <= 0:
                return 0, "floor"
            quantity = min(quantity, room)
        return max(min(quantity, self.left), 0), None

"""The best rows of a pool for a place, exactly: by score, then preferred capabilities, then resource id.

Large pools are searched inside a radius first. A row outside takes longer than the radius' travel time, so once the
last row that counts scores below that, nothing outside can have been missed: the radius costs time, never an answer.
"""

import numpy as np

from streams.domain.allocation.pool import Fit, Flags, Floats, Ints, Pool
from streams.domain.allocation.travel import UNKNOWN, Spot, TravelTime

SMALL = 2048
"""Rows up to which searching everything is cheaper than a radius."""
WHOLE_EARTH = 2.0
Ranked = tuple[int, int, str, int, int]
"""(score ms, -preferred capabilities, resource, row, travel time ms)."""


class Search:
    """One question: who of a pool can be at a place, and how soon?"""

    __slots__ = ("_cosines", "fit", "penalties", "pool", "spot", "travel")

    def __init__(self, pool: Pool, fit: Fit, spot: Spot, travel: TravelTime, penalties: Ints | None) -> None:
        self.pool = pool
        self.fit = fit
        self.spot = spot
        self.travel = travel
        self.penalties = penalties
        """Balance term in ms per district; None: nearest."""
        self._cosines: Floats | None = None

    def cosines(self) -> Floats | None:
        """Cosine of the angle to each row, where nothing but position counts for any of them."""
        pool, spot = self.pool, self.spot
        if (
            self._cosines is None
            and spot.untabled
            and spot.xyz is not None
            and not pool.unplaced
            and not pool.has_leads
        ):
            self._cosines = pool.xyz[: pool.n] @ spot.xyz
        return self._cosines

    def best(self, eligible: Flags, count: int) -> tuple[list[Ranked], bool]:
        """At least the best `count` eligible rows in order, and whether these are all."""
        if self.pool.n > SMALL and (cosines := self.cosines()) is not None:
            return self._within(eligible, count, cosines)
        rows = np.flatnonzero(eligible)
        return self._ranked(rows, self.etas(rows), count)

    def etas(self, rows: Ints) -> Ints:
        """Travel times of rows; UNKNOWN where neither table nor positions tell."""
        pool, spot = self.pool, self.spot
        if spot.tabled:
            times = spot.table[pool.district[rows]]
        else:
            times = self._by_position(rows)
            if not spot.untabled:
                table = spot.table[pool.district[rows]]
                times = np.where(table >= 0, table, times)
        if pool.has_leads:
            times = np.where(times >= 0, times + pool.lead_ms[rows], times)
        return times

    def _by_position(self, rows: Ints) -> Ints:
        pool, spot = self.pool, self.spot
        inside = pool.district[rows] == spot.district if pool.unplaced or spot.xyz is None else None
        if spot.xyz is None:
            return np.where(inside, spot.inside_ms, UNKNOWN)
        times = self.travel.eta_ms(_chord2(pool.xyz[rows], spot.xyz))
        if inside is not None:
            times = np.where(pool.placed[rows], times, np.where(inside, spot.inside_ms, UNKNOWN))
        return times

    def _ranked(self, rows: Ints, etas: Ints, count: int) -> tuple[list[Ranked], bool]:
        pool = self.pool
        scores = etas if self.penalties is None else etas + self.penalties[pool.district[rows]]
        if len(rows) and (pool.unplaced or not self.spot.untabled):
            known = etas >= 0
            if not known.all():
                rows, etas, scores = rows[known], etas[known], scores[known]
        complete = len(rows) <= count
        if not complete:
            near = scores <= np.partition(scores, count - 1)[count - 1]
            rows, etas, scores = rows[near], etas[near], scores[near]
        liked = self.fit.preferred
        likes = [0] * len(rows) if liked is None else (-liked[pool.capability[rows]]).tolist()
        numbers = rows.tolist()
        ids = pool.ids
        ranked = list(zip(scores.tolist(), likes, [ids[row] for row in numbers], numbers, etas.tolist(), strict=True))
        ranked.sort()
        return ranked, complete

    def _within(self, eligible: Flags, count: int, cosines: Floats) -> tuple[list[Ranked], bool]:
        pool = self.pool
        radius = pool.radius
        while True:
            rows = np.flatnonzero(eligible & (cosines > 1 - radius * radius / 2))
            if len(rows) < count:
                if radius >= WHOLE_EARTH:
                    return self._ranked(rows, self.etas(rows), count)
                radius = min(radius * 1.6, WHOLE_EARTH)
                continue
            etas = self.etas(rows)
            scores = etas if self.penalties is None else etas + self.penalties[pool.district[rows]]
            needed = self.travel.reach(int(np.partition(scores, count - 1)[count - 1])) * (1 + 1e-6) + 1e-8
            if needed <= radius or radius >= WHOLE_EARTH:
                break
            radius = min(needed, WHOLE_EARTH)
        pool.radius = radius * 0.8 if len(rows) > 4 * count else radius
        ranked, complete = self._ranked(rows, etas, count)
        return ranked, complete and radius >= WHOLE_EARTH

    def nearest(self, rejected: Flags, within_ms: int | None, count: int) -> list[tuple[int, str, int]]:
        """The nearest `count` rejected rows, up to a travel time where one is given: (travel time, resource, row)."""
        if within_ms is not None and (cosines := self.cosines()) is not None:
            radius = self.travel.reach(within_ms)
            rejected = rejected & (cosines >= 1 - radius * radius / 2 - 1e-12)
        rows = np.flatnonzero(rejected)
        if not len(rows):
            return []
        etas = self.etas(rows)
        known = etas >= 0 if within_ms is None else (etas >= 0) & (etas <= within_ms)
        rows, etas = rows[known], etas[known]
        if len(rows) > count:
            near = etas <= np.partition(etas, count - 1)[count - 1]
            rows, etas = rows[near], etas[near]
        ids = self.pool.ids
        return sorted((eta, ids[row], row) for eta, row in zip(etas.tolist(), rows.tolist(), strict=True))[:count]

    def beyond(self, eligible: Flags, limit_ms: int) -> int:
        """How many eligible rows are farther than a travel time."""
        cosines = self.cosines()
        if cosines is not None:
            radius = self.travel.reach(limit_ms)
            far = cosines < 1 - radius * radius / 2
            return int(np.count_nonzero(far & eligible)) if far.any() else 0
        return int(np.count_nonzero(self.etas(np.flatnonzero(eligible)) > limit_ms))


def _chord2(positions: Floats, xyz: Floats) -> Floats:
    difference = positions - xyz
    return np.einsum("ij,ij->i", difference, difference)

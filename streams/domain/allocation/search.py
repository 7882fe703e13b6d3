"""The best rows of a pool for a place, exactly: by score, then preferred capabilities, then resource id.

Of a large pool only a circle is looked at. A row outside takes longer than the circle's radius takes, so once the last
row that counts scores below that, nothing outside can have been missed: the radius costs time, never an answer.
"""

import numpy as np
from numpy.typing import NDArray

from streams.domain.allocation.pool import Fit, Flags, Floats, Ints, Pool
from streams.domain.allocation.travel import UNKNOWN, Spot, TravelTime

SMALL = 2048
"""Rows up to which looking at all of them is cheaper than a circle."""
WHOLE_EARTH = 2.0
SLACK = 1.0
"""A millisecond: rows that score the same whole millisecond belong together."""
Ranked = tuple[int, int, str, int, int]
"""(score ms, -preferred capabilities, resource, row, travel time ms)."""
Numbers = NDArray[np.intp]


class Search:
    """One question: who of a pool can be at a place, and how soon?"""

    __slots__ = ("_circle", "_cosines", "_rows", "_times", "fit", "penalties", "pool", "spot", "travel")

    def __init__(self, pool: Pool, fit: Fit, spot: Spot, travel: TravelTime, penalties: Ints | None) -> None:
        self.pool = pool
        self.fit = fit
        self.spot = spot
        self.travel = travel
        self.penalties = penalties
        """Balance term in ms per district; None: nearest."""
        self._cosines: Floats | None = None
        self._circle = WHOLE_EARTH
        self._rows: Numbers | None = None
        """Rows in the circle; None: all."""
        positions_only = spot.untabled and spot.xyz is not None and not pool.unplaced and not pool.has_leads
        if pool.n > SMALL and positions_only:
            self._cosines = pool.xyz[: pool.n] @ np.array(spot.xyz)
            self._draw(pool.radius)
        else:
            self._times = self.times(None)

    def _draw(self, radius: float) -> None:
        """Look at a circle of this radius."""
        assert self._cosines is not None  # noqa: S101 - only where there are cosines
        self._circle = radius
        self._rows = (self._cosines > 1 - radius * radius / 2).nonzero()[0]
        self._times = self.times(self._rows)

    def times(self, rows: Numbers | None) -> Floats:
        """Travel times of rows, None: of all; UNKNOWN where neither table nor positions tell."""
        pool, spot = self.pool, self.spot
        districts = pool.district[: pool.n] if rows is None else pool.district[rows]
        if spot.tabled:
            times = spot.table[districts]
        else:
            times = self._by_position(rows, districts)
            if not spot.untabled:
                table = spot.table[districts]
                times = np.where(table < UNKNOWN, table, times)
        if pool.has_leads:
            times = times + (pool.lead_ms[: pool.n] if rows is None else pool.lead_ms[rows])
        return times

    def _by_position(self, rows: Numbers | None, districts: Ints) -> Floats:
        pool, spot = self.pool, self.spot
        if spot.xyz is None:
            return np.where(districts == spot.district, spot.inside_ms, UNKNOWN)
        x, y, z = (axis[: pool.n] if rows is None else axis[rows] for axis in (pool.x, pool.y, pool.z))
        chord2 = x - spot.xyz[0]
        chord2 *= chord2
        other = y - spot.xyz[1]
        other *= other
        chord2 += other
        np.subtract(z, spot.xyz[2], out=other)
        other *= other
        chord2 += other
        times = self.travel.eta_ms(chord2)
        if pool.unplaced:
            placed = pool.placed[: pool.n] if rows is None else pool.placed[rows]
            elsewhere = np.where(districts == spot.district, float(spot.inside_ms), UNKNOWN)
            times = np.where(placed, times, elsewhere)
        return times

    def best(self, eligible: Flags, count: int) -> tuple[list[Ranked], bool]:
        """At least the best `count` eligible rows in order, and whether these are all."""
        while True:
            scores = self._scores(eligible)
            known = len(scores) > count
            last = float(np.partition(scores, count - 1)[count - 1]) if known else UNKNOWN
            needed = self.travel.reach(last) * (1 + 1e-6) + 1e-8 if last < UNKNOWN else WHOLE_EARTH
            if self._circle >= min(needed, WHOLE_EARTH):
                break
            self._draw(min(needed, max(self._circle * 2, 1e-4)) if last == UNKNOWN else needed)
        if self._cosines is not None:
            self.pool.radius = self._circle * 0.8 if len(scores) > 4 * count else self._circle
        return self._ranked(scores, last), last == UNKNOWN

    def _scores(self, eligible: Flags) -> Floats:
        """Scores in the circle; UNKNOWN for rows that are not eligible."""
        rows = self._rows
        scores = self._times
        if self.penalties is not None:
            pool = self.pool
            scores = scores + self.penalties[pool.district[: pool.n] if rows is None else pool.district[rows]]
        return np.where(eligible if rows is None else eligible[rows], scores, UNKNOWN)

    def _ranked(self, scores: Floats, last: float) -> list[Ranked]:
        pool = self.pool
        chosen = (scores < UNKNOWN if last == UNKNOWN else scores <= last + SLACK).nonzero()[0]
        rows = chosen if self._rows is None else self._rows[chosen]
        liked = self.fit.preferred
        numbers = rows.tolist()
        likes = [0] * len(numbers) if liked is None else (-liked[pool.capability[rows]]).tolist()
        ids = pool.ids
        ranked = list(
            zip(
                scores[chosen].astype(np.int64).tolist(),
                likes,
                [ids[row] for row in numbers],
                numbers,
                self._times[chosen].astype(np.int64).tolist(),
                strict=True,
            )
        )
        ranked.sort()
        return ranked

    def nearest(self, rejected: Flags, within_ms: int | None, count: int) -> list[tuple[int, str, int]]:
        """The nearest `count` rejected rows, up to a travel time where one is given: (travel time, resource, row)."""
        if within_ms is None and self._rows is not None:
            self._draw(WHOLE_EARTH)
        rows, times = self._rows, self._times
        near = times < (UNKNOWN if within_ms is None else within_ms + SLACK)
        near &= rejected if rows is None else rejected[rows]
        chosen = near.nonzero()[0]
        if not len(chosen):
            return []
        etas = times[chosen]
        if len(chosen) > count:
            chosen = chosen[etas <= np.partition(etas, count - 1)[count - 1] + SLACK]
            etas = times[chosen]
        numbers = (chosen if rows is None else rows[chosen]).tolist()
        ids = self.pool.ids
        found = zip(etas.astype(np.int64).tolist(), [ids[row] for row in numbers], numbers, strict=True)
        return sorted(found)[:count]

    def beyond(self, eligible: Flags, limit_ms: int) -> int:
        """How many eligible rows are farther than a travel time."""
        if self._cosines is None:
            return int(np.count_nonzero(eligible & (self._times >= limit_ms + SLACK)))
        radius = self.travel.reach(limit_ms)
        far = self._cosines < 1 - radius * radius / 2
        return int(np.count_nonzero(far & eligible)) if far.any() else 0

"""The best rows of a pool for a place, exactly: by score, then preferred capabilities, then resource id.

First a guess at how far one must look, then everything within it: a guess costs time, never an answer. Of a large pool
only a circle is looked at, outside of which everything takes longer than the guess.
"""

import numpy as np
from numpy.typing import NDArray

from streams.domain.allocation.pool import FIRST_GUESS_MS, Fit, Flags, Floats, Pool
from streams.domain.allocation.travel import UNKNOWN, Spot, TravelTime

SMALL = 2048
"""Rows up to which looking at all of them is cheaper than a circle."""
WHOLE_EARTH = 2.0
Ranked = tuple[int, int, str, int, int]
"""(score ms, -preferred capabilities, resource, row, travel time ms)."""
Numbers = NDArray[np.intp]


class Search:
    """One question: who of a pool can be at a place, and how soon?"""

    __slots__ = ("_circle", "_cosines", "_rows", "_scores", "_times", "fit", "penalties", "pool", "spot", "travel", "urgency")

    def __init__(
        self, pool: Pool, fit: Fit, spot: Spot, travel: TravelTime, penalties: Floats | None = None, urgency: int = 0
    ) -> None:
        self.pool = pool
        self.urgency = urgency
        self.fit = fit
        self.spot = spot
        self.travel = travel
        self.penalties = penalties
        """Balance term in ms per district; None: nearest."""
        self._rows: Numbers | None = None
        """Rows in the circle; None: all."""
        self._cosines: Floats | None = None
        self._circle = WHOLE_EARTH
        positions_only = spot.untabled and spot.xyz is not None and not pool.unplaced and not pool.has_leads
        if pool.n > SMALL and positions_only:
            self._cosines = np.array(spot.xyz) @ pool.xyz[:, : pool.n]
            self._draw(travel.reach(pool.guesses.get(urgency, FIRST_GUESS_MS)))
        else:
            self._look(None)

    def _draw(self, radius: float) -> None:
        """Look at a circle of this radius."""
        self._circle = min(radius * (1 + 1e-6) + 1e-8, WHOLE_EARTH)
        cosines = self._cosines
        self._look(None if cosines is None else (cosines > 1 - self._circle * self._circle / 2).nonzero()[0])

    def _look(self, rows: Numbers | None) -> None:
        self._rows = rows
        self._times = self._scores = self.times(rows)
        if self.penalties is not None:
            self._scores = self._times + self.penalties[self._of(self.pool.district)]

    def _of(self, column: NDArray[np.int64]) -> NDArray[np.int64]:
        return column[: self.pool.n] if self._rows is None else column[self._rows]

    def times(self, rows: Numbers | None) -> Floats:
        """Travel times of rows, None: of all; UNKNOWN where neither table nor positions tell."""
        pool, spot = self.pool, self.spot
        if spot.untabled and spot.xyz is not None and not pool.unplaced and not pool.has_leads:
            return self.travel.eta_ms(_chord2(pool.xyz[:, : pool.n] if rows is None else pool.xyz[:, rows], spot.xyz))
        return self._mixed(rows)

    def _mixed(self, rows: Numbers | None) -> Floats:
        """By table where it has an entry, else by position, else within the district."""
        pool, spot = self.pool, self.spot
        districts = pool.district[: pool.n] if rows is None else pool.district[rows]
        times = spot.table[districts]
        if not spot.tabled:
            elsewhere = np.where(districts == spot.district, float(spot.inside_ms), UNKNOWN)
            if spot.xyz is not None:
                xyz = pool.xyz[:, : pool.n] if rows is None else pool.xyz[:, rows]
                placed = pool.placed[: pool.n] if rows is None else pool.placed[rows]
                elsewhere = np.where(placed, self.travel.eta_ms(_chord2(xyz, spot.xyz)), elsewhere)
            times = np.where(times < UNKNOWN, times, elsewhere)
        if pool.has_leads:
            times = times + (pool.lead_ms[: pool.n] if rows is None else pool.lead_ms[rows])
        return times

    def best(self, eligible: Flags, count: int) -> tuple[list[Ranked], bool]:
        """At least the best `count` eligible rows in order, and whether these are all."""
        pool = self.pool
        guess = pool.guesses.get(self.urgency, FIRST_GUESS_MS)
        while True:
            if self._circle < WHOLE_EARTH and self.travel.reach(guess) > self._circle:
                self._draw(self.travel.reach(guess))
            near = self._scores < guess
            near &= eligible if self._rows is None else eligible[self._rows]
            chosen = near.nonzero()[0]
            if len(chosen) >= count or guess == UNKNOWN:
                break
            guess = guess * 1.5 if guess < FARTHEST else UNKNOWN
        if guess < UNKNOWN:
            pool.guesses[self.urgency] = guess * 0.8 if len(chosen) > 2 * count else guess
        return self._ranked(chosen), guess == UNKNOWN

    def _ranked(self, chosen: Numbers) -> list[Ranked]:
        pool = self.pool
        rows = chosen if self._rows is None else self._rows[chosen]
        numbers = rows.tolist()
        times = self._times[chosen].astype(np.int64).tolist()
        scores = times if self.penalties is None else self._scores[chosen].astype(np.int64).tolist()
        liked = self.fit.preferred
        likes = [0] * len(numbers) if liked is None else (-liked[pool.capability[rows]]).tolist()
        ids = pool.ids
        ranked = list(zip(scores, likes, [ids[row] for row in numbers], numbers, times, strict=True))
        ranked.sort()
        return ranked

    def nearest(self, eligible: Flags, within_ms: int | None, count: int) -> list[tuple[int, str, int]]:
        """The nearest `count` suitable rows that are not eligible: (travel time, resource, row), up to a time."""
        if within_ms is None and self._rows is not None:
            self._draw(WHOLE_EARTH)
        rows = self._rows
        near = self._times < (UNKNOWN if within_ms is None else within_ms + 1)
        near &= ~(eligible if rows is None else eligible[rows])
        suits = self.fit.rows
        if suits is not None:
            near &= suits if rows is None else suits[rows]
        chosen = near.nonzero()[0]
        if len(chosen) > 2 * count:
            etas = self._times[chosen]
            chosen = chosen[etas < np.partition(etas, count - 1)[count - 1] + 1]
        if not len(chosen):
            return []
        numbers = (chosen if rows is None else rows[chosen]).tolist()
        ids = self.pool.ids
        times = self._times[chosen].astype(np.int64).tolist()
        return sorted(zip(times, [ids[row] for row in numbers], numbers, strict=True))[:count]

    def beyond(self, eligible: Flags, limit_ms: int) -> int:
        """How many eligible rows are farther than a travel time."""
        cosines = self._cosines
        if cosines is None:
            far = self._times > limit_ms + 1
        else:
            radius = self.travel.reach(limit_ms)
            far = cosines < 1 - radius * radius / 2
        return int(np.count_nonzero(far & eligible)) if far.any() else 0


FARTHEST = 1e8
"""A guess of more than a day is none."""


def _chord2(positions: Floats, xyz: tuple[float, float, float]) -> Floats:
    difference = positions - np.array(xyz)[:, None]
    difference *= difference
    chord2 = difference[0]
    chord2 += difference[1]
    chord2 += difference[2]
    return chord2

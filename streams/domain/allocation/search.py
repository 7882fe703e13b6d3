"""The best rows of a pool for a place, exactly: by score, then preferred capabilities, then resource id.

First a guess at how far one must look, then everything that scores below it: a guess costs time, never an answer.
Rows are sifted by the cosine of their angle to the place, one multiplication for all of them; only what passes is
timed.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from streams.domain.allocation.pool import FIRST_GUESS_MS, Fit, Flags, Floats, Pool
from streams.domain.allocation.travel import UNKNOWN, Spot, TravelTime

FEW = 2
"""All are timed where there are no more than so many times what is wanted."""
MANY = 16
FARTHEST_GUESS_MS = 1e8
"""More than a day: no guess any more."""
Numbers = NDArray[np.intp]
Ranked = tuple[int, int, str, int, int]
"""(score ms, -preferred capabilities, resource, row, travel time ms)."""


class Search:
    """One question: who of a pool can be at a place, and how soon?"""

    __slots__ = ("_cosines", "_times", "fit", "penalties", "pool", "routed", "spot", "travel", "urgency")

    def __init__(
        self,
        pool: Pool,
        fit: Fit,
        spot: Spot,
        travel: TravelTime,
        penalties: list[int] | None = None,
        urgency: int = 0,
        routed: dict[str, int] | None = None,
    ) -> None:
        self.pool = pool
        self.fit = fit
        self.spot = spot
        self.travel = travel
        self.penalties = penalties
        """Balance term in ms per district; None: nearest."""
        self.urgency = urgency
        self.routed = routed
        """Travel times of a shortlist by road, where a routing engine was asked."""
        self._cosines: Floats | None = None
        self._times: Floats | None = None
        if routed is None and spot.untabled and spot.xyz is not None and not pool.unplaced and not pool.has_leads:
            self._cosines = np.dot(spot.vector, pool.xyz[:, : pool.n])
        else:
            self._times = self._mixed()

    def times(self, rows: Numbers) -> Floats:
        """Travel times of rows; UNKNOWN where neither table nor positions tell."""
        if self._times is not None:
            return self._times[rows]
        return self.travel.eta_ms(_chord2(self.pool.xyz.take(rows, axis=1), self.spot))

    def _mixed(self) -> Floats:
        """All rows by table where it has an entry, else by position, else within the district."""
        pool, spot = self.pool, self.spot
        districts = pool.district[: pool.n]
        times = spot.table[districts]
        if not spot.tabled:
            elsewhere = np.where(districts == spot.district, float(spot.inside_ms), UNKNOWN)
            if spot.xyz is not None:
                by_formula = self.travel.eta_ms(_chord2(pool.xyz[:, : pool.n].copy(), spot))
                elsewhere = np.where(pool.placed[: pool.n], by_formula, elsewhere)
            times = np.where(times < UNKNOWN, times, elsewhere)
        if self.routed:
            times = self._by_road(times)
        if pool.has_leads:
            times = times + pool.lead_ms[: pool.n]
        return times

    def _by_road(self, times: Floats) -> Floats:
        """The shortlist by road; whoever was farther than all of it counts as no nearer than its slowest."""
        known = [(self.pool.row_of[id], time) for id, time in (self.routed or {}).items() if id in self.pool.row_of]
        if known:
            times = np.maximum(times, max(time for _, time in known))
            times[[row for row, _ in known]] = [time for _, time in known]
        return times

    def best(self, eligible: Flags, count: int) -> tuple[list[Ranked], bool]:
        """At least the best `count` eligible rows in order, and whether these are all."""
        if np.count_nonzero(eligible) <= FEW * count:
            return self._ranked(eligible.nonzero()[0], inf), True
        least = min(self.penalties) if self.penalties is not None else 0
        guesses, key = self.pool.guesses, (self.urgency, self.spot.district)
        guess = guesses.get(key, FIRST_GUESS_MS)
        while guess < inf:
            # Whoever scores below the guess is there before it: the balance term only ever adds.
            near = self._near(guess - least)
            near &= eligible
            rows = near.nonzero()[0]
            if len(rows) >= count:
                ranked = self._ranked(rows, guess - 1)
                if len(ranked) >= count:
                    guesses[key] = guess * 0.9 if len(ranked) > 2 * count else guess
                    return ranked, False
            guess = guess * 1.4 if guess < FARTHEST_GUESS_MS else inf
        return self._ranked(eligible.nonzero()[0], inf), True

    def _ranked(self, rows: Numbers, below: float) -> list[Ranked]:
        """These rows in order, as far as they score below a limit."""
        times = self.times(rows)
        scores = times
        if self.penalties is not None:
            scores = times + np.array(self.penalties, dtype=float)[self.pool.district[rows]]
        if below < inf or self._times is not None:
            close = scores < below
            rows, times, scores = rows[close], times[close], scores[close]
        numbers = rows.tolist()
        etas = times.astype(np.int64).tolist()
        whole = etas if self.penalties is None else scores.astype(np.int64).tolist()
        pool, ids, liked = self.pool, self.pool.ids, self.fit.preferred
        likes = [0] * len(numbers) if liked is None else [-liked[pool.numbers[row][1]] for row in numbers]
        ranked = list(zip(whole, likes, [ids[row] for row in numbers], numbers, etas, strict=True))
        ranked.sort()
        return ranked

    def _cosine(self, time_ms: float) -> float:
        if time_ms == inf:
            return -2.0
        chord = self.travel.reach(time_ms)
        return 1.0 - chord * chord * (0.5 + 1e-6) - 1e-14

    def nearest(self, eligible: Flags, within_ms: int | None, count: int) -> list[tuple[int, str, int]]:
        """The nearest `count` suitable rows that are not eligible: (travel time, resource, row), up to a time."""
        limit = inf if within_ms is None else within_ms + 1
        rows = self._near(limit).nonzero()[0]
        others = ~eligible[rows]
        if self.fit.rows is not None:
            others &= self.fit.rows[rows]
        rows = rows[others]
        if not len(rows):
            return []
        times = self.times(rows)
        if len(rows) > MANY:
            close = times < np.partition(times, count - 1)[count - 1] + 1
            rows, times = rows[close], times[close]
        ids = self.pool.ids
        found = zip(times.tolist(), rows.tolist(), strict=True)
        return sorted((int(time), ids[row], row) for time, row in found if time < limit)[:count]

    def _near(self, limit: float) -> Flags:
        """Rows that may be there within a time."""
        if self._times is not None:
            return self._times < limit
        return self._cosines > self._cosine(limit)  # type: ignore[operator,return-value]  # one of the two is there

    def beyond(self, eligible: Flags, limit_ms: int) -> int:
        """How many eligible rows are farther than a travel time."""
        if self._times is not None:
            return int(np.count_nonzero(eligible & (self._times > limit_ms + 1)))
        if self.pool.all_within(self.spot, self.travel.reach(limit_ms)):
            return 0
        far = self._cosines < self._cosine(limit_ms + 1)  # type: ignore[operator]
        return int(np.count_nonzero(far & eligible))


def _chord2(positions: Floats, spot: Spot) -> Floats:
    """Squared chords to positions, which are overwritten."""
    positions -= spot.column
    positions *= positions
    chord2: Floats = positions[0]
    chord2 += positions[1]
    chord2 += positions[2]
    return chord2

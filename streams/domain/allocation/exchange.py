"""The best exchange between orders that have not left: who takes whose unit, and who takes an idle one (AL-REPLAN).

A board has a row for each order and each open need, a column for each unit that one of them has or could have. An
exchange is a chain (each takes the next one's unit, the last an idle one, the first one's unit becomes idle) or a
ring. Costs are weighted milliseconds in integers; nothing here knows entities.
"""

from typing import NamedTuple

import numpy as np

from streams.domain.allocation.pool import Flags, Ints

FORBIDDEN = 1 << 50
"""Cost of what may not be: sums of three stay whole."""
NOBODY = -1


class Move(NamedTuple):
    """The order or need of this row takes the unit of that column."""

    row: int
    column: int


class Exchange(NamedTuple):
    """Moves that only make sense together, and what they save."""

    moves: tuple[Move, ...]
    gain: int


class Board:
    """Orders, needs, units; `costs[row, column]`, `has[row]` the column a row has, `unserved[row]` its cost of none.

    `room[district]` is how many may still be taken there.
    """

    def __init__(self, costs: Ints, has: Ints, unserved: Ints, district: Ints, idle: Flags, room: Ints) -> None:
        self.costs, self.has, self.unserved = costs, has, unserved
        self.district, self.idle, self.room = district, idle, room

    def best(self, least: int) -> Exchange | None:
        """An exchange that saves at least so much: the best of one or two moves, else the best of three."""
        rows = len(self.has)
        if not rows:
            return None
        filled = self.has != NOBODY
        now = np.where(filled, self.costs[np.arange(rows), self.has], self.unserved)
        swaps = np.where(filled[None, :], self.costs[:, self.has], FORBIDDEN) - now[:, None]
        np.fill_diagonal(swaps, FORBIDDEN)
        ends, columns = self._ends(now, filled)
        short = (
            self._chain(np.diagonal(ends)[:, None], columns, None),
            self._chain(swaps + ends, columns, None),
            self._ring(swaps, None, swaps),
        )
        best = max(short, key=lambda one: one.gain)
        if best.gain >= least:
            return best
        length, middle = self._detours(swaps)
        long = self._chain(length + ends, columns, middle), self._ring(length, middle, swaps)
        best = max(long, key=lambda one: one.gain)
        return best if best.gain >= least else None

    def apply(self, exchange: Exchange) -> None:
        """The exchange is made."""
        taken = {move.column for move in exchange.moves}
        before = {int(self.has[move.row]) for move in exchange.moves} - {NOBODY}
        for column in sorted(before - taken):
            self.idle[column] = True
            self.room[self.district[column]] += 1
        for column in sorted(taken - before):
            self.idle[column] = False
            self.room[self.district[column]] -= 1
        for move in exchange.moves:
            self.has[move.row] = move.column

    def _ends(self, now: Ints, filled: Flags) -> tuple[Ints, Ints]:
        """Change of cost when `last` takes an idle unit and `first` gives its own back, and which unit: [first, last].

        A district without room lets an idle unit go only for one that comes back to it.
        """
        rows, districts = len(now), len(self.room)
        nearest = np.full((rows, districts), FORBIDDEN, dtype=np.int64)
        which = np.full((rows, districts), NOBODY, dtype=np.int64)
        for number in range(districts):
            columns = np.flatnonzero(self.idle & (self.district == number))
            if len(columns):
                part = self.costs[:, columns]
                at = part.argmin(axis=1)
                nearest[:, number] = part[np.arange(rows), at]
                which[:, number] = columns[at]
        free = np.where(self.room > 0, nearest, FORBIDDEN)
        anywhere = free.argmin(axis=1)
        last = np.arange(rows)
        home = np.where(filled, self.district[self.has], 0)
        back = np.where(filled[:, None], nearest[:, home].T, FORBIDDEN)
        away = np.broadcast_to(free[last, anywhere][None, :], back.shape)
        cost = np.minimum(back, away)
        column = np.where(back < away, which[:, home].T, which[last, anywhere][None, :])
        return cost - now[None, :], column

    @staticmethod
    def _detours(swaps: Ints) -> tuple[Ints, Ints]:
        """Least change of first taking the middle's unit and the middle the last's: [first, last], and the middle."""
        length = np.full(swaps.shape, FORBIDDEN, dtype=np.int64)
        middle = np.full(swaps.shape, NOBODY, dtype=np.int64)
        for between in range(len(swaps)):
            way = swaps[:, between, None] + swaps[None, between, :]
            shorter = way < length
            length[shorter] = way[shorter]
            middle[shorter] = between
        np.fill_diagonal(length, FORBIDDEN)
        return length, middle

    def _chain(self, change: Ints, columns: Ints, middle: Ints | None) -> Exchange:
        first, last = (int(one) for one in np.unravel_index(int(change.argmin()), change.shape))
        gain = -int(change[first, last])
        if change.shape[1] == 1:
            return Exchange((Move(first, int(columns[first, first])),), gain)
        end = Move(last, int(columns[first, last]))
        return Exchange((*self._way(first, last, middle), end), gain)

    def _ring(self, change: Ints, middle: Ints | None, back: Ints) -> Exchange:
        total = change + back.T
        first, last = (int(one) for one in np.unravel_index(int(total.argmin()), total.shape))
        moves = (*self._way(first, last, middle), Move(last, int(self.has[first])))
        return Exchange(moves, -int(total[first, last]))

    def _way(self, first: int, last: int, middle: Ints | None) -> tuple[Move, ...]:
        if middle is None:
            return (Move(first, int(self.has[last])),)
        between = int(middle[first, last])
        return Move(first, int(self.has[between])), Move(between, int(self.has[last]))

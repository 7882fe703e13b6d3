"""All resources of one kind as arrays: a row each, every one scored by brute force (measured best, allocation.md).

Rows are a cache of entities. Nothing that is decided may depend on their order, on when the pool was built, or on the
radius it happens to search first.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.base import Point
from schemas.inputs.resources import ResourceRegistered
from streams.domain.allocation.movers import Movers, on_sphere
from streams.domain.allocation.travel import Spot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

WHY: tuple[str, ...] = (
    "idle", "committed", "busy", "rest", "out_of_service", "quarantined", "expired", "empty", "requisition_only",
    "tier_closed", "delegated", "not_local", "gone",
)  # fmt: skip
"""States of a row; all but the first and the last are reasons of a rejection."""
CODE = {reason: code for code, reason in enumerate(WHY)}
IDLE = CODE["idle"]
GONE = CODE["gone"]
FIRST_GUESS_MS = 600_000.0
_COLUMNS = ("placed", "district", "capability", "lead_ms", "available", "deep", "why", "open")
MOST_FITS = 512
CapabilitySet = tuple[frozenset[str], int | None]


class Fit:
    """Which rows have what a line asks for; kept until the catalogue changes."""

    __slots__ = ("everything", "lacking", "preferred", "rows", "sets", "suiting")

    def __init__(self, pool: "Pool", requires: Sequence[str], prefers: Sequence[str], minimum_type: int | None) -> None:
        wanted, liked = frozenset(requires), frozenset(prefers)
        sets = [
            caps >= wanted and (minimum_type is None or (level is not None and level <= minimum_type))
            for caps, level in pool.capability_sets
        ]
        self.sets: Flags = np.array(sets, dtype=bool)
        self.everything = all(sets)
        self.suiting = [number for number, suits in enumerate(sets) if suits]
        self.lacking = [number for number, suits in enumerate(sets) if not suits]
        self.rows: Flags | None = None if self.everything else self.sets[pool.capability[: pool.n]]
        self.preferred = [len(caps & liked) for caps, _ in pool.capability_sets] if liked else None


class Pool:
    """Rows of one kind. `free`, `floor`, `lot_floor`, `capacity` are sums per district number."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.n = 0
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.xyz: Floats = np.zeros((3, 16))
        self.placed: Flags = np.zeros(16, dtype=bool)
        self.district: Ints = np.zeros(16, dtype=np.int64)
        self.capability: Ints = np.zeros(16, dtype=np.int64)
        self.lead_ms: Ints = np.zeros(16, dtype=np.int64)
        self.available: Ints = np.zeros(16, dtype=np.int64)
        """What can be taken above the lot's own floor."""
        self.deep: Ints = np.zeros(16, dtype=np.int64)
        """What can be taken with a waiver."""
        self.why: Codes = np.full(16, GONE, dtype=np.int8)
        self.open: Flags = np.zeros(16, dtype=bool)
        """Idle, something available, and the district above its floor."""
        self.moving = Movers()
        self.capability_sets: list[CapabilitySet] = []
        self.tally: list[list[int]] = []
        """Rows by capability set and state."""
        self.numbers: list[tuple[int, int]] = []
        """District and capability set of each row; `district_list` the first of them."""
        self.district_list: list[int] = []
        self.totals = [0] * len(WHY)
        """Rows by state."""
        self.free, self.floor, self.lot_floor, self.capacity = _sums(), _sums(), _sums(), _sums()
        self.groups: dict[str, list[int]] = {}
        self.group_of: dict[int, str] = {}
        self.has_leads = False
        self.lots = 0
        """Rows that are not one indivisible unit."""
        self.unplaced = 0
        """Rows without any position."""
        self.guesses: dict[tuple[int, int], float] = {}
        """Score within which the last search of an urgency class in a district found enough."""
        self.stale: dict[int, None] = {}
        """Rows whose last fix is too old: they count as being at home."""
        self._state: list[tuple[int, int, int]] = []
        self._entries: list[ResourceRegistered | None] = []
        self._set_numbers: dict[CapabilitySet, int] = {}
        self._centre: tuple[float, ...] | None = None
        self._radius = 0.0
        self._bases: list[tuple[int, int]] | None = None
        self._members: list[list[int]] = []
        self._member_rows: dict[int, Ints] = {}
        self._fits: dict[Any, Fit] = {}
        self._fixes: list[tuple[int, int]] = []
        self._fix_ms: dict[int, int] = {}

    def fit(self, requires: tuple[str, ...], prefers: tuple[str, ...], minimum_type: int | None) -> Fit:
        """Rows with these capabilities of this type or a more capable one."""
        key = (requires, prefers, minimum_type)
        fit = self._fits.get(key)
        if fit is None:
            if len(self._fits) > MOST_FITS:
                self._fits.clear()
            fit = self._fits[key] = Fit(self, requires, prefers, minimum_type)
        return fit

    @property
    def bases(self) -> list[tuple[int, int]]:
        """Per district what its floors keep, and how much of the capacity stands above them."""
        if self._bases is None:
            kept = [floor + lots for floor, lots in zip(self.floor, self.lot_floor, strict=True)]
            self._bases = [(base, capacity - base) for base, capacity in zip(kept, self.capacity, strict=True)]
        return self._bases

    def headroom(self, district: int) -> int:
        """How much may be taken in a district before its floor is reached."""
        return self.free[district] - self.floor[district]

    def all_within(self, spot: Spot, chord: float) -> bool:
        """Whether every row is surely within a chord of the place; the circle around all only ever grows."""
        if not self.n:
            return True
        if self._centre is None:
            positions = self.xyz[:, : self.n]
            centre = positions.mean(axis=1, keepdims=True)
            self._centre = tuple(centre[:, 0].tolist())
            self._radius = float(np.sqrt(((positions - centre) ** 2).sum(axis=0).max()))
        return spot.xyz is not None and math.dist(spot.xyz, self._centre) + self._radius < chord

    # --- catalogue: rare changes

    def put(self, entry: ResourceRegistered, district: int, why: int, available: int, deep: int) -> int:
        """A resource is in this state; its row."""
        row = self.row_of.get(entry.resource)
        if row is None:
            row = self._append(entry.resource)
        if self._entries[row] is not entry:
            self._describe(row, entry, district)
        if self._state[row] != (why, available, deep):
            self._move(row, why, available, deep)
        return row

    def drop(self, resource: str) -> None:
        """The resource is not in the catalogue any more: an undone batch."""
        row = self.row_of[resource]
        self._move(row, GONE, 0, 0)
        self._forget(row)

    def _append(self, resource: str) -> int:
        row = self.n
        if row == len(self.why):
            self._grow()
        self.n += 1
        self.unplaced += 1
        self.ids.append(resource)
        self.row_of[resource] = row
        self._state.append((GONE, 0, 0))
        self._entries.append(None)
        self.numbers.append((0, 0))
        self.district_list.append(0)
        return row

    def _grow(self) -> None:
        for name in _COLUMNS:
            old = getattr(self, name)
            new = np.zeros(2 * len(old), dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        self.why[self.n :] = GONE
        self.xyz = np.concatenate([self.xyz, np.zeros_like(self.xyz)], axis=1)

    def _describe(self, row: int, entry: ResourceRegistered, district: int) -> None:
        """Take a new description: the row leaves all sums as it was and enters them as it is."""
        state = self._state[row]
        self._move(row, GONE, 0, 0)
        if self._entries[row] is not None:
            self._forget(row)
        self._entries[row] = entry
        self.widen(district + 1)
        capability = self._set_number((frozenset(entry.capabilities), entry.type_level))
        self.numbers[row] = (district, capability)
        self.district[row] = self.district_list[row] = district
        self.capability[row] = capability
        self._count(row, GONE, 1)
        self.lead_ms[row] = entry.lead_minutes * 60_000
        self.has_leads = self.has_leads or entry.lead_minutes > 0
        self.capacity[district] += _capacity(entry)
        self.lots += entry.form != "unit"
        self.lot_floor[district] += _lot_floor(entry)
        self._members[district].append(row)
        self._member_rows.pop(district, None)
        if entry.reserve_group is not None:
            self.groups.setdefault(entry.reserve_group, []).append(row)
            self.group_of[row] = entry.reserve_group
        if row not in self._fix_ms or row in self.stale:
            self._place(row, entry.position)
        self._fits.clear()
        self._bases = None
        self._move(row, *state)

    def _forget(self, row: int) -> None:
        entry = self._entries[row]
        if entry is None:
            return
        district = self.numbers[row][0]
        self._count(row, GONE, -1)
        self.capacity[district] -= _capacity(entry)
        self.lots -= entry.form != "unit"
        self.lot_floor[district] -= _lot_floor(entry)
        self._members[district].remove(row)
        self._member_rows.pop(district, None)
        if (group := self.group_of.pop(row, None)) is not None:
            self.groups[group].remove(row)
        self._entries[row] = None
        self._bases = None
        self._fits.clear()

    def _set_number(self, key: CapabilitySet) -> int:
        number = self._set_numbers.get(key)
        if number is None:
            number = self._set_numbers[key] = len(self.capability_sets)
            self.capability_sets.append(key)
            self.tally.append([0] * len(WHY))
        return number

    def widen(self, districts: int) -> None:
        """Make room for so many districts."""
        while len(self.free) < districts:
            self.free.append(0)
            self.floor.append(0)
            self.lot_floor.append(0)
            self.capacity.append(0)
            self._members.append([])
            self._bases = None

    # --- state: frequent changes

    def _move(self, row: int, why: int, available: int, deep: int) -> None:
        old_why, _, old_deep = self._state[row]
        self._state[row] = (why, available, deep)
        if self._entries[row] is None:
            return
        district = self.numbers[row][0]
        if old_why != why:
            self.why[row] = why
            self._count(row, old_why, -1)
            self._count(row, why, 1)
        self.available[row] = available
        self.deep[row] = deep
        was_above = self.free[district] > self.floor[district]
        self.free[district] += (deep if why == IDLE else 0) - (old_deep if old_why == IDLE else 0)
        above = self.free[district] > self.floor[district]
        if above != was_above and self.floor[district] > 0:
            self._reopen(district)
        else:
            self.open[row] = above and why == IDLE and available > 0

    def _count(self, row: int, why: int, change: int) -> None:
        self.tally[self.numbers[row][1]][why] += change
        self.totals[why] += change

    def set_floor(self, district: int, floor: int) -> None:
        """The district keeps so many."""
        self.widen(district + 1)
        if self.floor[district] != floor:
            self.floor[district] = floor
            self._bases = None
            self._reopen(district)

    def _reopen(self, district: int) -> None:
        rows = self.rows_in(district)
        if self.free[district] > self.floor[district]:
            self.open[rows] = (self.why[rows] == IDLE) & (self.available[rows] > 0)
        else:
            self.open[rows] = False

    def rows_in(self, district: int) -> Ints:
        """Rows at home in a district."""
        rows = self._member_rows.get(district)
        if rows is None:
            rows = self._member_rows[district] = np.array(self._members[district], dtype=np.int64)
        return rows

    def entry(self, row: int) -> ResourceRegistered:
        """The catalogue entry of a row that is not gone."""
        entry = self._entries[row]
        if entry is None:
            raise LookupError(f"row {row} of {self.kind} is gone")
        return entry

    def state(self, row: int) -> tuple[int, int, int]:
        """(why, available, deep) of a row."""
        return self._state[row]

    def rows_of(self, resources: Iterable[str]) -> Ints:
        """Rows of these resources."""
        return np.array([self.row_of[resource] for resource in resources], dtype=np.int64)

    def fixed_since(self, rows: Ints, since_ms: Floats) -> Flags:
        """Whether telemetry saw the units after these instants."""
        seen = [self._fix_ms.get(row, -1) for row in rows.tolist()]
        return np.array(seen, dtype=float) > since_ms

    # --- positions

    def fix(self, resource: str, point: Point, observed_ms: int) -> None:
        """Telemetry saw the unit there."""
        row = self.row_of[resource]
        self.stale.pop(row, None)
        self._place(row, point)
        self._fix_ms[row] = observed_ms
        heapq.heappush(self._fixes, (observed_ms, row))

    def unfix(self, resource: str) -> None:
        """Forget what telemetry said: the unit counts as being at home."""
        row = self.row_of[resource]
        self.stale.pop(row, None)
        self._fix_ms.pop(row, None)
        entry = self._entries[row]
        self._place(row, entry.position if entry else None)

    def expire_fixes(self, oldest_ms: int) -> None:
        """Fixes older than this are not trusted: those units count as being at home."""
        while self._fixes and self._fixes[0][0] < oldest_ms:
            observed_ms, row = heapq.heappop(self._fixes)
            if self._fix_ms.get(row) == observed_ms:
                entry = self._entries[row]
                self._place(row, entry.position if entry else None)
                self.stale[row] = None

    def _place(self, row: int, point: Point | None) -> None:
        if bool(self.placed[row]) != (point is not None):
            self.unplaced += 1 if point is None else -1
            self.placed[row] = point is not None
        if point is not None:
            where = on_sphere(point)
            self.xyz[:, row] = where
            if self._centre is not None:
                self._radius = max(self._radius, math.dist(where, self._centre))


def _sums() -> list[int]:
    return []


def idle_rows(pool: Pool) -> Flags:
    """Rows that nobody has, with something to take even below the lot's floor."""
    flags: Flags = (pool.why[: pool.n] == IDLE) & (pool.deep[: pool.n] > 0)
    return flags


def _capacity(entry: ResourceRegistered) -> int:
    return 1 if entry.form == "unit" else entry.quantity


def _lot_floor(entry: ResourceRegistered) -> int:
    return 0 if entry.form == "unit" else entry.floor

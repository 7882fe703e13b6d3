"""The allocation index: pools, floors, queues, travel tables. A cache of entities, rebuilt from them at any time."""

from datetime import datetime
from typing import Any, cast

import numpy as np

from schemas.inputs.reports import Place
from schemas.inputs.resources import ResourceRegistered
from streams.domain.allocation.entities import BEFORE_ARRIVAL, BedTier, Commitment, Floor, Line, Position, Resource
from streams.domain.allocation.movers import on_sphere
from streams.domain.allocation.pool import CODE, IDLE, Pool
from streams.domain.allocation.queue import Queue
from streams.domain.allocation.search import Search
from streams.domain.allocation.travel import UNKNOWN, Floats, Spot, travel_time
from streams.domain.autonomy.entities import Autonomy, CommandNode, Delegation, acting, this_node
from streams.domain.core import District
from streams.domain.state import AreaState, Entity
from streams.policy.allocation import AllocationLaw

NAME = "allocation"
ANY_DISTRICT = "*"
FIRST_TIER = 1
"""Surge tier that is always open, but in a backup hospital."""


class AllocationIndex:
    """What the engine looks at instead of scanning entities. `on_change` keeps it true (see AreaState)."""

    def __init__(self, state: AreaState, law: AllocationLaw) -> None:
        self.law = law
        self._districts: dict[str, int] = {}
        self.codes: list[str] = []
        self._entries: dict[str, District] = {}
        self._floors: dict[str, dict[str, int]] = {}
        self._pools: dict[str, Pool] = {}
        self._queues: dict[str, Queue] = {}
        self._tables: dict[str, tuple[Floats, bool, bool]] = {}
        self._place: Place | None = None
        self._spot: Spot | None = None
        self._holdings: dict[str, dict[str, None]] = {}
        self._positions: dict[str, Position] = {}
        self._tiers: dict[str, int] = {}
        self._tiered: dict[str, dict[str, Resource]] = {}
        """Resources with a surge tier, by hospital and kind."""
        self._state = state
        self._delegated: dict[str, frozenset[str]] = {}
        self.acting: Autonomy | None = None
        """Set while this installation is a node that acts by itself (AU-1)."""
        self._home: str | None = None
        """District of the node that this installation is; None in the city."""
        self._owned: dict[str, dict[str, None]] = {}
        self._on_change: dict[type[Entity], Any] = {
            CommandNode: lambda _old, _new: self._node(),
            Autonomy: lambda _old, _new: self._node(),
            Delegation: self._delegation,
            BedTier: self._tier,
            Resource: self._resource,
            Line: self._line,
            Commitment: self._commitment,
            Floor: self._floor,
            Position: self._position,
            District: self._district,
        }
        self.follows = tuple(kind.KIND for kind in self._on_change)
        for kind in self._on_change:
            for entity in state.of(kind).values():
                self.on_change(None, entity)

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """An entity took another's place."""
        changed: Any = new if new is not None else old
        handle = self._on_change.get(type(changed))
        if handle is not None:
            handle(old, new)

    def pool(self, kind: str) -> Pool:
        """Resources of a kind."""
        pool = self._pools.get(kind)
        if pool is None:
            pool = self._pools[kind] = Pool(kind)
            for district in self._districts:
                self._apply_floor(pool, district)
        return pool

    def queue(self, kind: str) -> Queue:
        """Waiting lines of a kind."""
        queue = self._queues.get(kind)
        if queue is None:
            queue = self._queues[kind] = Queue()
        return queue

    def holdings(self, resource: str) -> tuple[str, ...]:
        """Open commitments of a resource, oldest first."""
        return tuple(self._holdings.get(resource, ()))

    def owned(self, owner_unit: str) -> tuple[str, ...]:
        """Ids of a unit's resources, in their order."""
        return tuple(sorted(self._owned.get(owner_unit, ())))

    def open_tier(self, owner_unit: str, kind: str, role: str | None = None) -> int:
        """The highest open surge tier of a hospital; none of a backup hospital that was not called upon (BD-8)."""
        return self._tiers.get(tier_key(owner_unit, kind), FIRST_TIER - 1 if role == "backup" else FIRST_TIER)

    def eta_ms(self, pool: Pool, row: int, spot: Spot) -> int | None:
        """Travel time of one row; None where nobody knows."""
        search = Search(pool, pool.fit((), (), None), spot, travel_time(self.law, pool.kind))
        time = float(search.times(np.array([row]))[0])
        return int(time) if time < UNKNOWN else None

    def number(self, district: str) -> int:
        """The number of a district in all arrays."""
        number = self._districts.get(district)
        if number is None:
            number = self._districts[district] = len(self.codes)
            self.codes.append(district)
            self._forget_tables()
            for pool in self._pools.values():
                self._apply_floor(pool, district)
        return number

    def spot(self, place: Place) -> Spot:
        """A place as the arrays see it; the lines of a request ask for the same one."""
        if place is self._place and self._spot is not None:
            return self._spot
        number = self.number(place.district)
        found = self._tables.get(place.district)
        if found is None:
            found = self._tables[place.district] = self._table(place.district)
        table, tabled, untabled = found
        xyz = on_sphere(place.point) if place.point is not None else None
        vector = np.array(xyz or (0.0, 0.0, 0.0))
        column = vector.reshape(3, 1)
        self._place = place
        self._spot = Spot(number, xyz, vector, column, table, tabled, untabled, self.law.inside_district_ms)
        return self._spot

    def tabled(self, district: str) -> bool:
        """Whether the register's minutes count for a district that was asked for before."""
        found = self._tables.get(district)
        return found is not None and not found[2]

    def _forget_tables(self) -> None:
        self._tables.clear()
        self._place = self._spot = None

    def _table(self, origin: str) -> tuple[Floats, bool, bool]:
        minutes = [self._minutes(origin, other) for other in self.codes]
        known = [one is not None for one in minutes]
        table = np.array([UNKNOWN if one is None else one * 60_000.0 for one in minutes])
        return table, all(known), not any(known)

    def _minutes(self, origin: str, other: str) -> int | None:
        here, there = self._entries.get(origin), self._entries.get(other)
        for entry, code in ((here, other), (there, origin)):
            if entry is not None and code in entry.entry.travel_minutes:
                return entry.entry.travel_minutes[code]
        if origin == other and here is not None and here.entry.travel_minutes:
            return self.law.travel.inside_district_minutes
        return None

    # --- entities

    def _resource(self, old: Resource | None, new: Resource | None) -> None:
        if new is None:
            self._without(old)
            return
        entry = new.entry
        if old is None or old.entry is not entry:
            self._own(old, entry.owner_unit, new.id)
        if old is not None and old.entry.kind != entry.kind:
            self.pool(old.entry.kind).drop(old.id)
        if entry.form == "unit":
            why = CODE["committed"] if new.held else CODE[new.status] if new.status != "ready" else IDLE
            deep = available = 1 if why == IDLE else 0
        else:
            deep = max(new.quantity - new.held, 0)
            available = max(deep - entry.floor, 0)
            why = CODE[new.status] if new.status != "ready" else IDLE if deep > 0 else CODE["empty"]
        if why == IDLE and entry.requisition_target and not new.requisitioned:
            why = CODE["requisition_only"]
        if entry.tier is not None:
            self._tiered.setdefault(tier_key(entry.owner_unit, entry.kind), {})[entry.resource] = new
            if why == IDLE and entry.tier > self.open_tier(entry.owner_unit, entry.kind, entry.role):
                why = CODE["tier_closed"]
        if why in (IDLE, CODE["tier_closed"]):
            why = self._elsewhere(entry, why)
        pool = self.pool(entry.kind)
        is_new = entry.resource not in pool.row_of
        pool.put(entry, self.number(entry.district), why, available, deep)
        if is_new and (position := self._positions.get(entry.resource)) is not None:
            self._fix(pool, position)

    def _without(self, old: Resource | None) -> None:
        if old is not None:
            self.pool(old.entry.kind).drop(old.id)
            self._owned.get(old.entry.owner_unit, {}).pop(old.id, None)
            self._tiered.get(tier_key(old.entry.owner_unit, old.entry.kind), {}).pop(old.id, None)

    def delegated(self, resource: str) -> bool:
        """Whether a cut-off node disposes of the resource: the city does not (AU-1)."""
        return any(resource in resources for resources in self._delegated.values())

    def _elsewhere(self, entry: ResourceRegistered, why: int) -> int:
        if self._home is not None and entry.district != self._home:
            return CODE["not_local"]
        return CODE["delegated"] if self._delegated and self.delegated(entry.resource) else why

    def _delegation(self, old: Delegation | None, new: Delegation | None) -> None:
        before = self._delegated.pop(old.id, frozenset()) if old is not None else frozenset()
        after = frozenset(new.resources) if new is not None else frozenset()
        if new is not None:
            self._delegated[new.id] = after
        catalogue = self._state.of(Resource)
        for id in sorted(before ^ after):
            if id in catalogue:
                self._resource(catalogue[id], catalogue[id])

    def _node(self) -> None:
        node = this_node(self._state)
        home = node.entry.district if node is not None else None
        self.acting = acting(self._state)
        if home != self._home:
            self._home = home
            for resource in self._state.of(Resource).values():
                self._resource(resource, resource)

    def _own(self, old: Resource | None, owner: str, id: str) -> None:
        if old is not None:
            self._owned.get(old.entry.owner_unit, {}).pop(id, None)
        self._owned.setdefault(owner, {})[id] = None

    def _tier(self, old: BedTier | None, new: BedTier | None) -> None:
        key = cast("BedTier", new if new is not None else old).id
        if new is not None:
            self._tiers[key] = new.open
        else:
            self._tiers.pop(key, None)
        for resource in tuple(self._tiered.get(key, {}).values()):
            self._resource(resource, resource)

    def _line(self, old: Line | None, new: Line | None) -> None:
        if new is not None and new.need > 0 and not new.withheld:
            self.queue(new.kind).enter(new, self.law.key_ms(new.urgency, new.asked_ms))
        elif old is not None and old.need > 0:
            self.queue(old.kind).leave(old)

    def _commitment(self, old: Commitment | None, new: Commitment | None) -> None:
        was = old is not None and old.open
        holds = new is not None and new.open
        if was != holds:
            commitment = cast("Commitment", new if holds else old)
            self._hold(commitment, holds=holds)
        commitment = cast("Commitment", new if new is not None else old)
        if commitment.form == "unit":
            self._move(commitment, new)

    def _hold(self, commitment: Commitment, *, holds: bool) -> None:
        if commitment.incident is not None:
            self.queue(commitment.kind).hold(commitment.incident, 1 if holds else -1)
        if holds:
            self._holdings.setdefault(commitment.resource, {})[commitment.id] = None
        else:
            held = self._holdings[commitment.resource]
            del held[commitment.id]
            if not held:
                del self._holdings[commitment.resource]

    def _move(self, commitment: Commitment, new: Commitment | None) -> None:
        pool = self.pool(commitment.kind)
        row = pool.row_of.get(commitment.resource)
        if row is None:
            return
        if new is not None and new.stage in BEFORE_ARRIVAL:
            start = new.departed_at or new.committed_at
            departed = new.departed_at is not None
            pool.moving.set_out(row, new.urgency, _ms(start), new.eta_ms or 0, new.to.point, departed=departed)
        elif not self._holdings.get(commitment.resource) or (new is not None and new.open):
            pool.moving.arrive(row)

    def _floor(self, old: Floor | None, new: Floor | None) -> None:
        for floor in (old, new):
            if floor is not None:
                entry = floor.entry
                floors = self._floors.setdefault(entry.kind, {})
                floors.pop(entry.district or ANY_DISTRICT, None)
                if floor is new:
                    floors[entry.district or ANY_DISTRICT] = entry.floor
                pool = self.pool(entry.kind)
                for district in self._districts:
                    self._apply_floor(pool, district)

    def _apply_floor(self, pool: Pool, district: str) -> None:
        floors = self._floors.get(pool.kind, {})
        pool.set_floor(self._districts[district], floors.get(district, floors.get(ANY_DISTRICT, 0)))

    def _position(self, old: Position | None, new: Position | None) -> None:
        id = cast("Position", new if new is not None else old).id
        if new is not None:
            self._positions[id] = new
        else:
            del self._positions[id]
        for pool in self._pools.values():
            if id in pool.row_of:
                if new is not None:
                    self._fix(pool, new)
                else:
                    pool.unfix(id)

    @staticmethod
    def _fix(pool: Pool, position: Position) -> None:
        pool.fix(position.id, position.point, _ms(position.observed_at))

    def _district(self, old: District | None, new: District | None) -> None:
        if new is not None:
            self._entries[new.id] = new
            self.number(new.id)
        elif old is not None:
            self._entries.pop(old.id, None)
        self._forget_tables()


def tier_key(owner_unit: str, kind: str) -> str:
    """Id of a hospital's surge tiers of a kind."""
    return f"{owner_unit}|{kind}"


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def index_of(state: AreaState, law: AllocationLaw) -> AllocationIndex:
    """The area's index under a law; a warm one and one built now decide the same."""
    index = state.derived.get(NAME)
    if index is None or index.law is not law:
        index = state.derived[NAME] = AllocationIndex(state, law)
    return cast("AllocationIndex", index)

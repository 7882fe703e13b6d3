"""Cached working states of areas. The database's `seq` says whether a cached state is still true."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import structlog

from streams.domain.core import area_of
from streams.domain.state import ENTITIES, AreaState, Entity
from streams.runtime.unit import Head, Unit
from streams.store.policy_book import PolicyBook
from streams.store.sql import QUERIES

log = structlog.get_logger("areas")


class StateUnreadableError(Exception):
    """A stored entity does not fit this program: run the version that wrote it, or one that can read it."""


@dataclass(slots=True)
class Cached:
    """One area in memory: its state, and its positions with their version (-1: not loaded)."""

    state: AreaState
    positions: dict[str, tuple[float, float, datetime]] = field(default_factory=dict)
    positions_version: int = -1


class Areas:
    """The areas this worker has worked on, each guarded by a lock within the process."""

    def __init__(self, policies: PolicyBook) -> None:
        self.policies = policies
        self._cached: dict[str, Cached] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._instants: dict[str, datetime] = {}

    @asynccontextmanager
    async def held(self, areas: Iterable[str]) -> AsyncIterator[None]:
        """Hold these areas within the process, in sorted order."""
        locks = [self._locks.setdefault(area, asyncio.Lock()) for area in sorted(set(areas))]
        taken = []
        try:
            for lock in locks:
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in reversed(taken):
                lock.release()

    def instant(self, area: str) -> datetime | None:
        """The area's time as far as known; None for one that is not registered."""
        return self._instants.get(area)

    def learn(self, instants: Mapping[str, datetime]) -> None:
        """Take stored times of areas: a worker that starts must not think that nothing has happened yet."""
        self._instants.update(instants)

    async def ready(self, connection: asyncpg.Connection, unit: Unit, head: Head) -> bool:
        """Put a true state and the adopted policy of the area into the unit. False: the cache had to be dropped."""
        cached = self._cached.get(head.area)
        stale = cached is not None and not self.is_current(cached, head)
        if cached is None or stale:
            state = AreaState(head.area, head.now)
            if head.seq:
                rows = await connection.fetch(QUERIES["load_resident"], head.area)
                state.load(_entities(rows))
            state.seq, state.chain = head.seq, head.chain
            cached = self._cached[head.area] = Cached(state)
        unit.states[head.area] = cached.state
        unit.policies[head.area] = (
            await self.policies.get(connection, area_of(cached.state).policy_version)
            if head.seq
            else self.policies.bundled
        )
        return not stale

    def is_current(self, cached: Cached, head: Head) -> bool:
        """The fence of the cache: true only while nobody else has advanced the area, or restored an older one."""
        return cached.state.seq == head.seq and cached.state.chain == head.chain

    async def visit(self, connection: asyncpg.Connection, unit: Unit, wanted: dict[str, set[tuple[str, str]]]) -> None:
        """Load what inputs name and what is not resident: closed incidents come with all that belongs to them."""
        keys = [
            (area, kind, id)
            for area, pairs in wanted.items()
            for kind, id in sorted(pairs)
            if _incomplete(unit.states[area], kind, id)
        ]
        if not keys:
            return
        rows = await connection.fetch(QUERIES["find_entities"], *map(list, zip(*keys, strict=True)))
        clusters: dict[str, set[str]] = {}
        for row in rows:
            incident = row["id"] if row["kind"] == "incident" else row["incident"]
            if incident is None:
                unit.states[row["area"]].load(_entities((row,)))
            elif not unit.states[row["area"]].incident_open(incident):
                clusters.setdefault(row["area"], set()).add(incident)
            else:
                unit.states[row["area"]].load(_entities((row,)))
        for area, incidents in clusters.items():
            found = await connection.fetch(QUERIES["load_clusters"], area, sorted(incidents))
            unit.states[area].load(_entities(found), visitors=incidents)

    async def positions(self, connection: asyncpg.Connection, head: Head) -> dict[str, tuple[float, float, datetime]]:
        """Positions of an area's resources, read again when another worker has written some."""
        cached = self._cached[head.area]
        if cached.positions_version != head.telemetry:
            rows = await connection.fetch(QUERIES["load_positions"], head.area)
            cached.positions = {row["resource"]: (row["lat"], row["lon"], row["observed_at"]) for row in rows}
            cached.positions_version = head.telemetry
        return cached.positions

    def committed(self, unit: Unit) -> None:
        """The unit is stored: its states are the truth now."""
        for area, state in unit.states.items():
            head = unit.heads[area]
            state.seq, state.chain, state.now = head.seq, head.chain, head.now
            self._instants[area] = head.now
            state.settle()

    def took_positions(self, area: str, version: int, positions: dict[str, tuple[float, float, datetime]]) -> None:
        """Telemetry was stored as `version`: keep a cache that was complete before complete."""
        cached = self._cached.get(area)
        if cached is not None and cached.positions_version == version - 1:
            for resource, position in positions.items():
                known = cached.positions.get(resource)
                if known is None or known[2] < position[2]:
                    cached.positions[resource] = position
            cached.positions_version = version

    def undo(self, unit: Unit) -> None:
        """The unit was thrown away. A state that cannot be undone is loaded again."""
        for area, state in unit.states.items():
            try:
                state.undo()
            except Exception:
                log.exception("state_not_undone", area=area)
                self._cached.pop(area, None)


def _incomplete(state: AreaState, kind: str, id: str) -> bool:
    """Whether an input that names this needs more than is in memory.

    What is still resident of a closed incident stands there without its siblings, which events about it also change.
    """
    entity = state.tables(kind).get(id)
    return entity is None or (entity.incident is not None and not state.incident_open(entity.incident))


def _entities(rows: Iterable[asyncpg.Record]) -> list[Entity]:
    found = []
    for row in rows:
        try:
            found.append(ENTITIES[row["kind"]].model_validate_json(row["body"]))
        except (KeyError, ValueError) as error:
            raise StateUnreadableError(f"{row['kind']} {row['id']}: {error}") from error
    return found

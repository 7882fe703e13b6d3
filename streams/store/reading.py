"""Reads what is stored for people and tools: areas, the state of an incident, its events. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

import streams.domain.contents  # noqa: F401  (every concern is there, so every kind of entity is known)
from schemas.base import OutputEvent
from schemas.codec import decode_output
from streams.domain.core import Area, Incident
from streams.domain.state import ENTITIES, AreaState
from streams.store.sql import QUERIES


@dataclass(frozen=True, slots=True)
class Told:
    """A recorded event with what its envelope says."""

    seq: int
    now: datetime
    causation: str
    event: OutputEvent
    data: bytes


async def areas(connection: asyncpg.Connection, only: str | None = None) -> list[str]:
    """Codes of the areas that are under command, in order."""
    return [row["area"] for row in await connection.fetch(QUERIES["replay_heads"], only)]


async def read_state(connection: asyncpg.Connection, area: str, incident: str | None = None) -> AreaState:
    """The working state of an area as a worker has it, and all that belongs to one incident, open or closed."""
    head = await connection.fetchrow("select now, seq from area_head where area = $1", area)
    if head is None:
        raise LookupError(f"area {area} is not registered")
    state = AreaState(area, head["now"])
    state.seq = head["seq"]
    rows = list(await connection.fetch(QUERIES["load_resident"], area))
    if incident is not None:
        rows += await connection.fetch(QUERIES["load_clusters"], area, [incident])
    state.load([ENTITIES[row["kind"]].model_validate_json(row["body"]) for row in rows])
    return state


async def find_incident(connection: asyncpg.Connection, ref: str, area: str | None = None) -> tuple[str, str] | None:
    """Area and id of an incident, named by its id, by `source|external_id`, or by an external id alone."""
    row = await connection.fetchrow(QUERIES["find_incident"], ref, area)
    return (row["area"], row["id"]) if row is not None else None


async def events_of(connection: asyncpg.Connection, area: str, incident: str, limit: int) -> list[Told]:
    """The newest recorded events of an incident, in order."""
    rows = await connection.fetch(QUERIES["incident_events"], area, incident, limit)
    return [
        Told(row["seq"], row["now"], row["causation"], decode_output(row["type"], row["data"]), row["data"])
        for row in reversed(rows)
    ]


def area_entity(state: AreaState) -> Area:
    """The area's own entity."""
    found = state.get(Area, state.area)
    if found is None:
        raise LookupError(f"area {state.area} is not registered")
    return found


def incident_entity(state: AreaState, incident: str) -> Incident:
    """The incident."""
    found = state.get(Incident, incident)
    if found is None:
        raise LookupError(f"no incident {incident}")
    return found

"""Compares two states of an area entity by entity, in order of kind and id."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple

import asyncpg
from pydantic_core import from_json

from streams.domain.core import Timer
from streams.domain.state import AreaState, Entity
from streams.replay.recorded import DifferenceError
from streams.store.sql import QUERIES

AFTER_ALL = (b"\xff",)


class Stored(NamedTuple):
    """An entity as the table `state` keeps it; `body` is JSON."""

    kind: str
    id: str
    incident: str | None
    resident: bool
    due: datetime | None
    body: str

    @property
    def name(self) -> str:
        """How people find it."""
        return f"{self.kind} {self.id}"


def entities(state: AreaState) -> list[Entity]:
    """Everything in a state that has never let anything go, by kind and id."""
    found = [entity for _, entity in state.changed() if entity is not None]
    return sorted(found, key=lambda entity: (entity.KIND.encode(), entity.id.encode()))


def stored(entity: Entity) -> Stored:
    """An entity as the worker writes it."""
    due = entity.due if isinstance(entity, Timer) else None
    body = entity.__pydantic_serializer__.to_json(entity).decode()
    return Stored(entity.KIND, entity.id, entity.incident, entity.resident(), due, body)


async def of_memory(state: AreaState) -> AsyncIterator[Stored]:
    """A folded state."""
    for entity in entities(state):
        yield stored(entity)


async def of_database(connection: asyncpg.Connection, area: str) -> AsyncIterator[Stored]:
    """The stored state. Needs a transaction."""
    async for row in connection.cursor(QUERIES["all_state"], area, prefetch=1000):
        yield Stored(*(row[column] for column in Stored._fields))


async def compare(area: str, ours: AsyncIterator[Stored], theirs: AsyncIterator[Stored]) -> int:
    """Compare what is stored with what was folded; returns how many entities. Raises DifferenceError at the first."""
    count = 0
    while True:
        one, other = await anext(ours, None), await anext(theirs, None)
        if one is None and other is None:
            return count
        _same(area, one, other)
        count += 1


def _same(area: str, one: Stored | None, other: Stored | None) -> None:
    if one is not None and _key(one) < _key(other):
        raise DifferenceError(area, 0, f"{one.name} is stored, but no recorded event made it")
    if other is not None and _key(other) < _key(one):
        raise DifferenceError(area, 0, f"{other.name} follows from the events, but is not stored")
    if one is None or other is None or one == other:
        return
    for column in ("incident", "resident", "due"):
        known, folded = getattr(one, column), getattr(other, column)
        if known != folded:
            raise DifferenceError(area, 0, f"{one.name}: {column} is stored as {known}, the events give {folded}")
    raise DifferenceError(area, 0, f"{one.name}: {_body(one.body, other.body)}")


def _key(row: Stored | None) -> tuple[bytes, ...]:
    """What rows are ordered by; the end comes after everything."""
    return (row.kind.encode(), row.id.encode()) if row is not None else AFTER_ALL


def _body(known: str, folded: str) -> str:
    one, other = from_json(known), from_json(folded)
    for field in sorted(one.keys() | other.keys()):
        if one.get(field) != other.get(field):
            return f"{field} is stored as {one.get(field)!r}, the events give {other.get(field)!r}"
    return "is stored with its keys in another order"

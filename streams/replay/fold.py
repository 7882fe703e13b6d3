"""Folds the recorder into an empty schema and compares the two states entity by entity."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import asyncpg
from pydantic import ValidationError
from pydantic_core import from_json

from schemas.codec import decode_output
from streams.domain.cascade import evolve
from streams.domain.core import Timer
from streams.domain.state import AreaState, Entity
from streams.replay.proof import Proof
from streams.replay.recorded import DifferenceError, HeadRow, caused
from streams.store.rows import EventRow
from streams.store.sql import QUERIES

Tick = Callable[[int], None]
"""Called with the number of events that were done since the last call: progress."""
StateRow = tuple[str, str, str, str | None, bool, datetime | None, int, str]


async def fold_area(connection: asyncpg.Connection, head: HeadRow, namespace: uuid.UUID, tick: Tick) -> AreaState:
    """The state that the recorded events of an area fold to; every row is checked on the way."""
    proof = Proof(head.area, namespace)
    state = AreaState(head.area, head.now)
    async for one in caused(connection, head.area):
        proof.take(one)
        for row in one.events:
            apply(state, row)
        tick(len(one.events))
    proof.end(head)
    return state


def apply(state: AreaState, row: EventRow) -> None:
    """Fold one recorded event into the state. Raises DifferenceError where it cannot be read or means nothing."""
    state.now = row.now
    try:
        evolve(state, decode_output(row.type, row.data))
    except (ValidationError, KeyError, ValueError, LookupError) as error:
        raise DifferenceError(state.area, row.seq, f"{row.type} cannot be folded: {error}") from error


def entities(state: AreaState) -> list[Entity]:
    """Everything in a state that has never let anything go, by kind and id."""
    found = [entity for _, entity in state.changed() if entity is not None]
    return sorted(found, key=lambda entity: (entity.KIND.encode(), entity.id.encode()))


def state_row(area: str, seq: int, entity: Entity) -> StateRow:
    """An entity as a row of the table `state`, as the worker writes it."""
    due = entity.due if isinstance(entity, Timer) else None
    body = entity.__pydantic_serializer__.to_json(entity).decode()
    return (area, entity.KIND, entity.id, entity.incident, entity.resident(), due, seq, body)


async def store(target: asyncpg.Connection, state: AreaState, head: HeadRow) -> None:
    """Write a folded state into an empty schema."""
    await target.execute(QUERIES["create_heads"], [head.area], [head.partition], head.now)
    rows = [state_row(head.area, head.seq, entity) for entity in entities(state)]
    if rows:
        await target.execute(QUERIES["put_state"], *map(list, zip(*rows, strict=True)))
    heads = ([head.area], [head.seq], [head.now], [head.chain], [0], [0])
    await target.execute(QUERIES["move_heads"], *heads)


async def compare(source: asyncpg.Connection, target: asyncpg.Connection, area: str) -> int:
    """Compare the states of an area in two schemas; returns how many entities. Raises DifferenceError at the first."""
    async with source.transaction(), target.transaction():
        ours = _entities(source, area)
        theirs = _entities(target, area)
        count = 0
        while True:
            stored, folded = await anext(ours, None), await anext(theirs, None)
            if stored is None and folded is None:
                return count
            _same(area, stored, folded)
            count += 1


async def _entities(connection: asyncpg.Connection, area: str) -> AsyncIterator[asyncpg.Record]:
    async for row in connection.cursor(QUERIES["all_state"], area, prefetch=1000):
        yield row


def _same(area: str, stored: asyncpg.Record | None, folded: asyncpg.Record | None) -> None:
    keys = [(row["kind"].encode(), row["id"].encode()) if row else None for row in (stored, folded)]
    if folded is None or (stored is not None and keys[0] is not None and keys[1] is not None and keys[0] < keys[1]):
        row = stored or {}
        raise DifferenceError(area, 0, f"{row['kind']} {row['id']} is stored, but no recorded event made it")
    if stored is None or keys[0] != keys[1]:
        raise DifferenceError(area, 0, f"{folded['kind']} {folded['id']} follows from the events, but is not stored")
    for column in ("incident", "resident", "due"):
        if stored[column] != folded[column]:
            what = f"{column} is stored as {stored[column]}, the events give {folded[column]}"
            raise DifferenceError(area, 0, f"{stored['kind']} {stored['id']}: {what}")
    if stored["body"] != folded["body"]:
        raise DifferenceError(area, 0, f"{stored['kind']} {stored['id']}: {_body(stored['body'], folded['body'])}")


def _body(stored: str, folded: str) -> str:
    one, other = from_json(stored), from_json(folded)
    for field in sorted(one.keys() | other.keys()):
        if one.get(field) != other.get(field):
            return f"{field} is stored as {one.get(field)!r}, the events give {other.get(field)!r}"
    return "is stored differently"


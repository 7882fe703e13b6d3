"""Folds the recorder into states, checking every row on the way."""

import uuid
from collections.abc import Callable

import asyncpg
from pydantic import ValidationError

from schemas.codec import decode_output
from streams.domain.cascade import evolve
from streams.domain.state import AreaState
from streams.replay.compare import entities, stored
from streams.replay.proof import Proof
from streams.replay.recorded import DifferenceError, HeadRow, caused
from streams.store.rows import EventRow
from streams.store.sql import QUERIES

Tick = Callable[[int], None]
"""Called with the number of events that were done since the last call: progress."""


async def fold_area(connection: asyncpg.Connection, head: HeadRow, namespace: uuid.UUID, tick: Tick) -> AreaState:
    """The state that the recorded events of an area fold to. Raises DifferenceError at the first row that is wrong."""
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


async def store(target: asyncpg.Connection, state: AreaState, head: HeadRow) -> None:
    """Write a folded state into an empty schema, as a worker would have."""
    await target.execute(QUERIES["create_heads"], [head.area], [head.partition], head.now)
    rows = [
        (head.area, row.kind, row.id, row.incident, row.resident, row.due, head.seq, row.body)
        for row in map(stored, entities(state))
    ]
    if rows:
        await target.execute(QUERIES["put_state"], *map(list, zip(*rows, strict=True)))
    heads = ([head.area], [head.seq], [head.now], [head.chain], [0], [0])
    await target.execute(QUERIES["move_heads"], *heads)

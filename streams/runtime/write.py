"""Writes a unit: changed entities, recorder, dead letters, positions, heads. Inside the caller's transaction."""

from datetime import datetime

import asyncpg

from streams.domain.core import Timer
from streams.domain.state import AreaState, Entity
from streams.runtime.unit import Unit
from streams.store.rows import EventRow, InputRow
from streams.store.sql import QUERIES

INPUT_COLUMNS = InputRow._fields
EVENT_COLUMNS = EventRow._fields


async def write_unit(
    connection: asyncpg.Connection, unit: Unit, positions: dict[str, dict[str, tuple[float, float, datetime]]]
) -> None:
    """Store everything a unit decided."""
    await _write_state(connection, unit.states, {area: head.seq for area, head in unit.heads.items()})
    if unit.inputs:
        await connection.copy_records_to_table("recorder_input", records=unit.inputs, columns=INPUT_COLUMNS)
    if unit.events:
        await connection.copy_records_to_table("recorder_event", records=unit.events, columns=EVENT_COLUMNS)
    if unit.letters:
        await connection.execute(QUERIES["put_dead_letters"], *map(list, zip(*unit.letters, strict=True)))
    await _write_positions(connection, positions)
    if unit.heads:
        heads = list(unit.heads.values())
        await connection.execute(
            QUERIES["move_heads"],
            [head.area for head in heads],
            [head.seq for head in heads],
            [head.now for head in heads],
            [head.chain for head in heads],
            [head.telemetry for head in heads],
            [head.published for head in heads],
        )


async def _write_state(connection: asyncpg.Connection, states: dict[str, AreaState], seqs: dict[str, int]) -> None:
    puts = []
    drops = []
    for area, state in states.items():
        for (kind, id), entity in state.changed():
            if entity is None:
                drops.append((area, kind, id))
            else:
                puts.append(_row(area, seqs[area], entity))
    if puts:
        await connection.execute(QUERIES["put_state"], *map(list, zip(*puts, strict=True)))
    if drops:
        await connection.execute(QUERIES["drop_state"], *map(list, zip(*drops, strict=True)))


def _row(area: str, seq: int, entity: Entity) -> tuple[str, str, str, str | None, bool, datetime | None, int, str]:
    due = entity.due if isinstance(entity, Timer) else None
    body = entity.__pydantic_serializer__.to_json(entity).decode()
    return (area, entity.KIND, entity.id, entity.incident, entity.resident(), due, seq, body)


async def _write_positions(
    connection: asyncpg.Connection, positions: dict[str, dict[str, tuple[float, float, datetime]]]
) -> None:
    rows = [
        (area, resource, lat, lon, at)
        for area, spots in sorted(positions.items())
        for resource, (lat, lon, at) in sorted(spots.items())
    ]
    if rows:
        await connection.execute(QUERIES["put_positions"], *map(list, zip(*rows, strict=True)))

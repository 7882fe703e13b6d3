"""Migrations: from nothing, from every earlier version with data in it, and never twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from streams.domain.allocation.entities import OPEN_STAGES
from streams.domain.allocation.lifecycle import STEPS
from streams.local.postgres import create_database, drop_database
from streams.store import migrate as module
from streams.store.migrate import Migration, MigrationError, available, connect, migrate, pending, schema_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.parts_server import PostgresPart

UNIT = {"kind": "ambulance", "form": "unit"}


@pytest.fixture
async def empty(pg_server: PostgresPart, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The DSN of an empty database."""
    name = f"m_{abs(hash(request.node.nodeid)):x}"
    await create_database(pg_server.dsn_of_postgres, name)
    yield pg_server.dsn(name)
    await drop_database(pg_server.dsn_of_postgres, name)


async def shape(dsn: str, realm: str = "actual") -> list[tuple[str, ...]]:
    """Columns, indexes, constraints and triggers of a schema."""
    connection = await connect(dsn, realm)
    try:
        rows = await connection.fetch(
            """
            select table_name || '.' || column_name, data_type, is_nullable, coalesce(column_default, '')
            from information_schema.columns where table_schema = $1
            union all select indexname, indexdef, '', '' from pg_indexes where schemaname = $1
            union all select conname, pg_get_constraintdef(c.oid), '', '' from pg_constraint c
                join pg_namespace n on n.oid = c.connamespace where n.nspname = $1
            union all select tgname, pg_get_triggerdef(t.oid), '', '' from pg_trigger t
                join pg_class r on r.oid = t.tgrelid join pg_namespace n on n.oid = r.relnamespace
                where n.nspname = $1 and not tgisinternal
            order by 1, 2
            """,
            schema_name(realm),
        )
        return [tuple(str(value).replace(schema_name(realm), "") for value in row.values()) for row in rows]
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_migration_once(empty: str) -> None:
    applied = await migrate(empty)
    assert applied == tuple(f"{one.number:04d}_{one.name}" for one in available())
    assert await migrate(empty) == ()


async def test_every_earlier_version_with_data_in_it_becomes_the_newest(empty: str) -> None:
    await migrate(empty, "actual")
    whole = await shape(empty)
    for version in range(1, len(available())):
        realm = f"exercise.v{version}"
        await migrate(empty, realm, upto=version)
        connection = await connect(empty, realm)
        await put(connection, "resource", "R1", quantity=1, held=1, entry=UNIT)
        await put(connection, "commitment", "Q/1/1", resource="R1", quantity=1, stage="committed", form="unit")
        await connection.execute(
            "insert into area_head (area, now, chain, partition) values ('420100', now(), '\\x00', 0)"
        )
        await connection.close()
        assert len(await migrate(empty, realm)) == len(available()) - version
        assert await shape(empty, realm) == whole
        connection = await connect(empty, realm)
        assert await connection.fetchval("select count(*) from commitments") == 1
        await connection.close()


async def test_two_programs_that_migrate_at_once_do_it_once(empty: str) -> None:
    results = await asyncio.gather(*(migrate(empty, "exercise.race") for _ in range(4)))
    assert sorted(map(len, results)) == [0, 0, 0, len(available())]


async def test_realms_share_no_table(empty: str) -> None:
    await migrate(empty, "actual")
    await migrate(empty, "exercise.drill-1")
    actual = await connect(empty, "actual")
    drill = await connect(empty, "exercise.drill-1")
    await actual.execute("insert into area_head (area, now, chain, partition) values ('420100', now(), '\\x00', 0)")
    assert await drill.fetchval("select count(*) from area_head") == 0
    await asyncio.gather(actual.close(), drill.close())


async def test_an_edited_migration_and_a_newer_database_are_refused(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty)
    known = available()
    connection = await connect(empty, "actual")
    monkeypatch.setattr(module, "available", lambda: (Migration(1, known[0].name, known[0].text + " "), *known[1:]))
    with pytest.raises(MigrationError, match="migration 1 was edited"):
        await pending(connection)
    monkeypatch.setattr(module, "available", lambda: known[:-1])
    with pytest.raises(MigrationError, match="update it"):
        await pending(connection)
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = available()
    broken = Migration(len(known) + 1, "broken", "create table half (id integer); select 1 / 0;")
    monkeypatch.setattr(module, "available", lambda: (*known, broken))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty)
    connection = await connect(empty, "actual")
    assert await connection.fetchval("select to_regclass('half')") is None
    assert await connection.fetchval("select max(number) from schema_migration") == len(known)
    await connection.close()


# ---- nothing is committed twice


async def put(connection: asyncpg.Connection, kind: str, id: str, **body: object) -> None:
    import json

    await connection.execute(
        "insert into state (area, kind, id, resident, seq, body) values ('420100', $1, $2, true, 1, $3::json) "
        "on conflict (area, kind, id) do update set body = excluded.body",
        kind,
        id,
        json.dumps(body),
    )


@pytest.fixture
async def state(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database, "actual")
    yield connection
    await connection.close()


def stages(text: str) -> set[str]:
    return set(text.split("'")[1::2])


async def test_the_constraints_name_the_stages_that_the_domain_calls_open_and_left() -> None:
    text = next(one.text for one in available() if one.name == "nothing_committed_twice")
    lists = [stages(part[: part.index(")")]) for part in text.split("'stage' in (")[1:]]
    assert lists[0] == OPEN_STAGES
    left = {step.stage for steps in STEPS.values() for step in steps.values() if step.leaves}
    assert all(one == OPEN_STAGES - left for one in lists[1:])
    assert len(lists) == 4


@pytest.mark.parametrize("stage", sorted(OPEN_STAGES))
async def test_a_unit_has_one_live_commitment(state: asyncpg.Connection, stage: str) -> None:
    """AL-10: whatever two workers believe, a unit cannot be promised twice."""
    await put(state, "commitment", "Q1/1/1", resource="AMB-1", quantity=1, stage=stage, form="unit")
    with pytest.raises(asyncpg.UniqueViolationError, match="state_unit_committed_once"):
        await put(state, "commitment", "Q2/1/1", resource="AMB-1", quantity=1, stage="committed", form="unit")
    await put(state, "commitment", "Q1/1/1", resource="AMB-1", quantity=1, stage="released", form="unit")
    await put(state, "commitment", "Q2/1/1", resource="AMB-1", quantity=1, stage="committed", form="unit")


@pytest.mark.parametrize(("quantity", "held"), [(5, 6), (0, 1), (5, -1)])
async def test_a_resource_never_holds_more_than_there_is(state: asyncpg.Connection, quantity: int, held: int) -> None:
    """AL-10."""
    with pytest.raises(asyncpg.CheckViolationError, match="state_resource_within_stock"):
        await put(state, "resource", "ICU", quantity=quantity, held=held, entry={"form": "beds"})


@pytest.mark.parametrize("form", ["beds", "stock", "capacity"])
async def test_commitments_of_a_lot_never_hold_more_than_it_has(state: asyncpg.Connection, form: str) -> None:
    """AL-10: also where each of two stale workers wrote a resource row that looks right."""
    async with state.transaction():
        await put(state, "resource", "LOT", quantity=5, held=3, entry={"form": form})
        await put(state, "commitment", "Q1/1/1", resource="LOT", quantity=3, stage="reserved", form=form)
    with pytest.raises(asyncpg.CheckViolationError, match="commitments hold 6"):
        await put(state, "commitment", "Q2/1/1", resource="LOT", quantity=3, stage="ordered", form=form)
    async with state.transaction():
        await put(state, "commitment", "Q2/1/1", resource="LOT", quantity=3, stage="ordered", form=form)
        await put(state, "commitment", "Q1/1/1", resource="LOT", quantity=3, stage="occupied", form=form)
    assert await state.fetchval("select sum(quantity) from commitments") == 6


async def test_a_lot_that_is_not_there_cannot_be_promised(state: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await put(state, "commitment", "Q1/1/1", resource="NOWHERE", quantity=1, stage="ordered", form="stock")


# ---- the recorder is append-only


@pytest.mark.parametrize("table", ["recorder_input", "recorder_event"])
@pytest.mark.parametrize("statement", ["update {} set area = area", "delete from {}", "truncate {}"])
async def test_the_recorder_refuses_every_change(state: asyncpg.Connection, table: str, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await state.execute(statement.format(table))

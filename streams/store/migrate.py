"""Forward-only migrations: numbered .sql files, applied in order, each in its own transaction, one process at a time.

A realm is a PostgreSQL schema, so a drill and the actual city share no table.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import asyncpg

LOCK = 0x11A2D016
"""Advisory lock: two workers that start together migrate once."""


class MigrationError(Exception):
    """The database holds something other than what the migrations say; the message names the next step."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, text and digest."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """sha256 of the text: an applied migration must never be edited."""
        return sha256(self.text.encode()).hexdigest()


def available() -> tuple[Migration, ...]:
    """All migrations in order; their numbers must be 1, 2, 3, ..."""
    found = []
    for entry in (files("streams.store") / "migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name)
        if match:
            found.append(Migration(int(match[1]), match[2], entry.read_text("utf-8")))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("migration numbers are not 1, 2, 3, ...: rename the newest file")
    return tuple(found)


def schema_name(realm: str) -> str:
    """PostgreSQL schema of a realm: `actual`, or `exercise_<id>` with anything unusual made `_`."""
    return re.sub(r"[^a-z0-9_]", "_", realm.lower())[:63]


async def connect(dsn: str, realm: str) -> asyncpg.Connection:
    """A connection whose tables are the realm's."""
    return await asyncpg.connect(dsn, server_settings={"search_path": schema_name(realm)})


async def pending(connection: asyncpg.Connection) -> tuple[Migration, ...]:
    """Migrations not yet applied. Raises MigrationError when an applied one was edited or is unknown here."""
    if await connection.fetchval("select to_regclass('schema_migration')") is None:
        return available()
    rows = await connection.fetch("select number, digest from schema_migration order by number")
    known = available()
    for row in rows:
        if row["number"] > len(known):
            raise MigrationError(
                f"database is at migration {row['number']}, this program knows {len(known)}: update it"
            )
        if known[row["number"] - 1].digest != row["digest"]:
            raise MigrationError(f"migration {row['number']} was edited after it was applied: restore the file")
    return known[len(rows) :]


async def _claim(connection: asyncpg.Connection, realm: str) -> None:
    """Two realms whose names differ only in what a schema's name cannot show must not share one."""
    schema = schema_name(realm)
    owner = await connection.fetchval("select obj_description(to_regnamespace($1)::oid, 'pg_namespace')", schema)
    if owner is None:
        name = realm.replace("'", "''")
        await connection.execute(f"""comment on schema "{schema}" is '{name}'""")
    elif owner != realm:
        raise MigrationError(f"schema {schema} belongs to realm {owner}: give realm {realm} another name")


async def migrate(dsn: str, realm: str = "actual", upto: int | None = None) -> tuple[str, ...]:
    """Bring the realm's schema to the newest version (or to number `upto`); returns what was applied."""
    connection = await connect(dsn, realm)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(f'create schema if not exists "{schema_name(realm)}"')
        await _claim(connection, realm)
        await connection.execute(
            "create table if not exists schema_migration "
            "(number integer primary key, name text not null, digest text not null, "
            "at timestamptz not null default now())"
        )
        applied = []
        for migration in await pending(connection):
            if upto is not None and migration.number > upto:
                break
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(
                    "insert into schema_migration (number, name, digest) values ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.digest,
                )
            applied.append(f"{migration.number:04d}_{migration.name}")
        return tuple(applied)
    finally:
        await connection.close()

"""Parts for tests: one Kafka and one PostgreSQL for the whole run, a fresh database and topic prefix for each test."""

from __future__ import annotations

import importlib
import importlib.util
import uuid
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from streams.local.postgres import create_database, drop_database
from tests.parts_server import NOT_TESTED, KafkaPart, Parts, PartsServer, PostgresPart, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TEMPLATE = "liandong_template"
TEMPLATE_LOCK = 4_201_000
MIGRATIONS = "streams.store.migrate"

_parts = pytest.StashKey[Parts]()
_server = pytest.StashKey[PartsServer]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_parts] = Parts()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where to ask for parts."""
    config: pytest.Config = node.config
    if _server not in config.stash:
        config.stash[_server] = PartsServer(config.stash[_parts])
    node.workerinput["parts"] = config.stash[_server].address


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server in config.stash:
        config.stash[_server].close()
    if _parts in config.stash:
        config.stash[_parts].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    part = config.stash[_parts].kafka_in_use if _parts in config.stash else None
    if part is not None and not part.real:
        terminalreporter.section("NOT TESTED ON A REAL APACHE KAFKA", red=True, bold=True)
        terminalreporter.line(f"Why: {part.why_not_real}")
        terminalreporter.line(f"The embedded broker stood in. Not tested: {NOT_TESTED}.")


def _get(config: pytest.Config, name: str) -> KafkaPart | PostgresPart:
    workerinput = getattr(config, "workerinput", None)
    return config.stash[_parts].get(name) if workerinput is None else ask(workerinput["parts"], name)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> KafkaPart:
    """A broker shared by the whole run; `.real` is false when the embedded one stands in."""
    part = _get(request.config, "kafka")
    assert isinstance(part, KafkaPart)
    return part


@pytest.fixture
def real_kafka(kafka: KafkaPart) -> KafkaPart:
    """The same broker, for tests that mean nothing on the embedded one: they are skipped there, loudly."""
    if not kafka.real:
        pytest.skip(f"needs a real Apache Kafka: {kafka.why_not_real}")
    return kafka


@pytest.fixture(scope="session")
def pg_server(request: pytest.FixtureRequest) -> PostgresPart:
    """A PostgreSQL server shared by the whole run."""
    part = _get(request.config, "postgres")
    assert isinstance(part, PostgresPart)
    return part


@pytest.fixture
async def database(pg_server: PostgresPart) -> AsyncIterator[str]:
    """The DSN of a fresh, migrated database, dropped after the test."""
    await _ensure_template(pg_server)
    name = f"t_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name, TEMPLATE)
    yield pg_server.dsn(name)
    await drop_database(pg_server.dsn_of_postgres, name)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}."


async def _ensure_template(pg_server: PostgresPart) -> None:
    """Create and migrate the template once for all workers; it has its final name only when it is whole."""
    connection = await asyncpg.connect(pg_server.dsn_of_postgres)
    try:
        await connection.execute("select pg_advisory_lock($1)", TEMPLATE_LOCK)
        if await connection.fetchval("select 1 from pg_database where datname = $1", TEMPLATE):
            return
        raw = f"{TEMPLATE}_new"
        await connection.execute(f'drop database if exists "{raw}" with (force)')
        await connection.execute(f'create database "{raw}"')
        if importlib.util.find_spec(MIGRATIONS):
            await importlib.import_module(MIGRATIONS).migrate(pg_server.dsn(raw))
        await connection.execute(f'alter database "{raw}" rename to "{TEMPLATE}"')
    finally:
        await connection.close()

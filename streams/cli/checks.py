"""What `liandong doctor` looks at. Each check gives lines; one that fails does not keep the others from being run."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.cli.topic_facts import topic_rows
from streams.policy.loader import bundled
from streams.policy.reader import PolicyError
from streams.settings import Settings
from streams.store.database import TRANSIENT
from streams.store.migrate import MigrationError, connect, pending
from streams.store.sql import QUERIES

State = Literal["ok", "wrong", "unreachable", "note"]
OLDEST_POSTGRES = 15
WORKER_SKEW_S = 1.0
"""A worker tells its clock in whole seconds only."""
PUBLISHING_S = 3.0
"""Within so long a running worker moves a publish cursor."""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: what was looked at, how it stands, and the next step where it is not well."""

    what: str
    state: State
    said: str
    next_step: str = ""

    def data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


Check = Callable[[Settings], Awaitable[list[Line]]]


async def examine(settings: Settings, worker: str | None) -> list[Line]:
    """Every check, in the order in which one depends on another."""
    from streams.cli.log_checks import clocks, offsets

    lines = [await configuration(settings)]
    broker = await _guarded("broker", broker_line, settings)
    database = await _guarded("database", database_lines, settings)
    lines += broker + database
    broker_up = broker[0].state == "ok"
    database_up = database[0].state == "ok"
    migrated = database_up and all(line.state != "wrong" for line in database)
    if broker_up:
        lines += await _guarded("topics", topic_lines, settings)
    lines += await _guarded("policy", policy_lines if migrated else bundled_policy, settings)
    if broker_up and database_up:
        lines += await _guarded("clocks", clocks, settings)
    if broker_up and migrated:
        lines += await _guarded("offsets", offsets, settings)
    if migrated:
        lines += await _guarded("backlog", backlog, settings)
        lines += await _guarded("dead letters", dead_letters, settings)
    return lines + await asyncio.to_thread(worker_lines, worker or f"http://{settings.http_host}:{settings.http_port}")


async def _guarded(what: str, check: Check, settings: Settings) -> list[Line]:
    try:
        return await check(settings)
    except (*TRANSIENT, asyncpg.PostgresError, KafkaError, OSError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        return [Line(what, "unreachable", said, _where(what, settings))]


def _where(what: str, settings: Settings) -> str:
    if what in ("broker", "topics"):
        return f"start Kafka, or correct LIANDONG_BROKERS={settings.brokers} (locally: liandong local)"
    if what == "database":
        return f"start PostgreSQL, or correct LIANDONG_DATABASE={hidden(settings.database)} (locally: liandong local)"
    return "see above; then run `liandong doctor` again"


def hidden(dsn: str) -> str:
    """A DSN without its password."""
    head, at, tail = dsn.rpartition("@")
    scheme, slashes, login = head.partition("://")
    return f"{scheme}{slashes}{login.partition(':')[0]}{at}{tail}" if at else dsn


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection for one check."""
    connection = await asyncio.wait_for(connect(settings.database, settings.realm), 10)
    try:
        yield connection
    finally:
        await connection.close()


async def configuration(settings: Settings) -> Line:
    """Settings are read and valid, or the command had not come so far."""
    said = f"realm {settings.realm}, topics {settings.topic_prefix or '(no prefix)'}*, group {settings.group}"
    return Line("configuration", "ok", f"{said}, {settings.partitions} partitions")


async def broker_line(settings: Settings) -> list[Line]:
    """The brokers answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers, request_timeout_ms=5000)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
    finally:
        await admin.close()
    count = len(cluster["brokers"])
    line = Line("broker", "ok", f"{count} brokers at {settings.brokers}")
    if settings.broker_kind == "embedded":
        return [line, Line("broker", "note", "embedded: memory only, no LogAppendTime, no idempotent producer")]
    if count < settings.replication:
        step = f"start {settings.replication} brokers, or set LIANDONG_REPLICATION={count} before topics are created"
        return [line, Line("broker", "wrong", f"{count} brokers for {settings.replication} copies", step)]
    return [line]


async def topic_lines(settings: Settings) -> list[Line]:
    """Every topic exists with the right partitions and timestamp type."""
    rows = await topic_rows(settings)
    missing = [row["topic"] for row in rows if row["partitions"] is None]
    if missing:
        return [Line("topics", "wrong", f"missing: {', '.join(missing)}", "run `liandong topics create`")]
    wrong = [Line("topics", "wrong", f"{r['topic']} {r['problem']}", r["next_step"]) for r in rows if r["problem"]]
    return wrong or [Line("topics", "ok", f"{len(rows)} topics with {settings.partitions} partitions")]


async def database_lines(settings: Settings) -> list[Line]:
    """The database answers, is new and durable enough, and has every migration."""
    async with connected(settings) as connection:
        version = connection.get_server_version()
        durable = {name: await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit")}
        try:
            missing = await pending(connection)
        except MigrationError as error:
            return [Line("migrations", "wrong", str(error), "see the message")]
    said = f"PostgreSQL {version.major}.{version.minor} at {hidden(settings.database)}"
    lines = [Line("database", "ok", said)]
    if version.major < OLDEST_POSTGRES:
        lines = [Line("database", "wrong", said, f"use PostgreSQL {OLDEST_POSTGRES} or newer")]
    if off := [name for name, value in durable.items() if value == "off"]:
        lines.append(Line("database", "note", f"{', '.join(off)} off: what is committed may be lost with the power"))
    if missing:
        names = ", ".join(f"{one.number:04d}_{one.name}" for one in missing)
        step = f"run `liandong migrate --realm {settings.realm}`"
        return [*lines, Line("migrations", "wrong", f"{names} not applied", step)]
    return [*lines, Line("migrations", "ok", "all applied")] if lines[0].state == "ok" else lines


async def bundled_policy(_: Settings) -> list[Line]:
    """The policy that comes with this release loads."""
    try:
        return [Line("policy", "ok", f"{bundled().version[:12]} of this release is in order")]
    except PolicyError as error:
        return [Line("policy", "wrong", str(error), "run `liandong policy check`")]


async def policy_lines(settings: Settings) -> list[Line]:
    """That, and every version that areas have adopted is stored."""
    lines = await bundled_policy(settings)
    own = bundled().version if lines[0].state == "ok" else ""
    async with connected(settings) as connection:
        rows = await connection.fetch(QUERIES["adopted_policies"])
    for row in rows:
        if not row["stored"]:
            said = f"areas {', '.join(row['areas'])} have adopted {row['version'][:12]}, which is not stored"
            lines.append(Line("policy", "wrong", said, "run `liandong policy store` with the files of that version"))
        elif own and row["version"] != own:
            said = f"areas {', '.join(row['areas'])} follow {row['version'][:12]}, this release brings {own[:12]}"
            lines.append(Line("policy", "note", said))
    return lines


async def backlog(settings: Settings) -> list[Line]:
    """What was decided is published: a cursor that does not move has nobody who moves it."""
    async with connected(settings) as connection:
        first = {row["area"]: row["published"] for row in await connection.fetch(QUERIES["unpublished"])}
        if not first:
            return [Line("backlog", "ok", "every recorded event is published")]
        await asyncio.sleep(PUBLISHING_S)
        rows = await connection.fetch(QUERIES["unpublished"])
    stuck = [row for row in rows if first.get(row["area"]) == row["published"]]
    if not stuck:
        return [Line("backlog", "ok", "recorded events are being published")]
    count = sum(row["seq"] - row["published"] for row in stuck)
    said = f"{count} recorded events of areas {', '.join(row['area'] for row in stuck)} wait to be published"
    return [Line("backlog", "wrong", said, "see that a worker runs and the broker takes records: it goes on by itself")]


async def dead_letters(settings: Settings) -> list[Line]:
    """Dead letters that nobody has dealt with, and degraded areas."""
    async with connected(settings) as connection:
        rows = await connection.fetch(QUERIES["count_letters"])
        faults = await connection.fetch(QUERIES["list_faults"], None)
    lines = []
    if rows:
        said = ", ".join(f"{row['count']} {row['category']} {row['code']}" for row in rows)
        lines.append(
            Line("dead letters", "wrong", said, "run `liandong deadletters list`, then redrive or dismiss each")
        )
    if faults:
        areas = sorted({row["area"] for row in faults})
        said = f"areas {', '.join(areas)} are degraded: {len(faults)} open faults"
        lines.append(Line("faults", "wrong", said, "run `liandong deadletters list --category fault`"))
    return lines or [Line("dead letters", "ok", "none that nobody has dealt with")]


def worker_lines(url: str) -> list[Line]:
    """A worker answers and is ready."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=3) as answer:  # noqa: S310 - an http URL that the user names
            told, date = json.load(answer), answer.headers["Date"]
    except urllib.error.HTTPError as error:
        told, date = json.load(error), error.headers["Date"]
    except (OSError, ValueError) as error:
        step = "start one: liandong worker; or name another: --worker http://HOST:PORT"
        return [Line("worker", "wrong", f"none answers at {url} ({error})", step)]
    lines = [Line("worker", "ok", f"ready at {url}")]
    if not told["ready"]:
        said = f"not ready at {url}: {'; '.join(told['reasons'])}"
        lines = [Line("worker", "wrong", said, "see its log; most of this passes")]
    skew = (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    if not -WORKER_SKEW_S - 1 < skew < WORKER_SKEW_S:
        lines.append(Line("clocks", "wrong", f"the worker's is {skew:+.0f} s off", "synchronise its clock (chrony)"))
    return lines

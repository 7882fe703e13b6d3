"""The composition root: settings in, a worker out. The only place where the parts meet."""

import asyncio
import gc
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import asyncpg
import faust
import structlog
from faust.types import TP
from faust.worker import Worker

from streams import agents
from streams.domain import cascade  # noqa: F401  (the domain is complete or the worker does not start)
from streams.runtime.areas import Areas
from streams.runtime.http import HttpServer
from streams.runtime.lanes import Lanes
from streams.runtime.publisher import Publisher
from streams.runtime.records import Position
from streams.runtime.startup import check_topics, wait_until
from streams.runtime.transport import Consumer, transport_for
from streams.runtime.unit import namespace
from streams.settings import Settings
from streams.store.database import open_pool
from streams.store.migrate import pending
from streams.store.policy_book import PolicyBook
from streams.telemetry import Metrics, configure_logging

log = structlog.get_logger("worker")


@dataclass(slots=True)
class Parts:
    """What a running worker is made of."""

    settings: Settings
    metrics: Metrics
    policies: PolicyBook
    app: faust.App
    pool: asyncpg.Pool | None = None
    publisher: Publisher | None = None
    lanes: Lanes | None = None
    http: HttpServer | None = None


def create_app(settings: Settings) -> faust.App:
    """A Faust app with our transport and none of Faust's own storage, web pages or topic declarations."""
    servers = ";".join(f"kafka://{server.strip()}" for server in settings.brokers.split(","))
    return faust.App(
        settings.group,
        broker=servers,
        store="memory://",
        datadir=Path(tempfile.gettempdir()) / "liandong-faust",  # Faust makes one though nothing is kept there
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        web_enabled=False,
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=16,
        stream_wait_empty=True,
        broker_max_poll_records=2000,
        broker_max_poll_interval=300.0,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=max(0.3, settings.session_timeout_s / 6),
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_request_timeout=max(20.0, settings.session_timeout_s + settings.rebalance_timeout_s + 5),
        consumer_max_fetch_size=8 * 1024 * 1024,
        producer_max_request_size=9 * 1024 * 1024,
    )


class LiandongWorker(Worker):
    """Opens our parts before Faust asks for its first assignment, and closes them after the last."""

    def __init__(self, parts: Parts, **options: Any) -> None:
        super().__init__(parts.app, **options)
        self.parts = parts

    async def on_first_start(self) -> None:
        """Open database, policy, publisher, lanes and HTTP; fail within `start_timeout_s` with a reason."""
        await open_parts(self.parts)
        spare_collector()
        await super().on_first_start()

    async def on_shutdown(self) -> None:
        """Faust has left the group: let transactions end, then close."""
        await close_parts(self.parts)
        await super().on_shutdown()


def spare_collector() -> None:
    """Policies, schemas and modules stay: the garbage collector need not walk through them while records wait.

    A full collection took a quarter of a second; every lane of the process stands still meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def open_parts(parts: Parts) -> None:
    """Everything a worker needs, in the order in which it can be checked."""
    settings = parts.settings
    deadline = time.monotonic() + settings.start_timeout_s
    pool: asyncpg.Pool = await wait_until(
        deadline,
        "database",
        lambda: open_pool(
            settings.database,
            settings.realm,
            size=settings.pool_size,
            idle_timeout_ms=settings.idle_transaction_ms,
            statement_timeout_ms=settings.statement_timeout_ms,
        ),
    )
    parts.pool = pool
    async with pool.acquire() as connection:
        if missing := await pending(connection):
            raise SystemExit(
                f"database lacks {len(missing)} migrations: run `liandong migrate --realm {settings.realm}`"
            )
        await parts.policies.store_bundled(connection)
    await wait_until(deadline, "broker", lambda: check_topics(settings))
    parts.publisher = Publisher(
        settings.brokers,
        prefix=settings.topic_prefix,
        realm=settings.realm,
        partitions=settings.partitions,
        idempotent=settings.broker_kind == "kafka",
    )
    parts.lanes = Lanes(
        settings, pool, Areas(parts.policies), parts.publisher, parts.metrics, namespace(settings.realm)
    )
    agents.register(parts.app, parts.lanes, settings.topic_prefix)
    parts.http = HttpServer(settings, parts.metrics, parts.lanes)
    await parts.http.start()
    log.info("http", url=f"http://{settings.http_host}:{parts.http.port}/readyz", realm=settings.realm)

    async def reseek(position: Position, offset: int) -> None:
        consumer = cast("Consumer", parts.app.consumer)
        await consumer.reseek(TP(settings.topic_prefix + position.topic, position.partition), offset)

    await parts.lanes.open(reseek)


async def close_parts(parts: Parts) -> None:
    """Close what is open, in reverse."""
    if parts.lanes is not None:
        await parts.lanes.close()
    if parts.publisher is not None:
        await parts.publisher.close()
    if parts.http is not None:
        await parts.http.stop()
    if parts.pool is not None:
        await asyncio.wait_for(parts.pool.close(), 10)


def build(settings: Settings) -> Parts:
    """All parts of a worker, none of them open."""
    parts = Parts(settings, Metrics(settings.realm), PolicyBook(), create_app(settings))
    prefix = settings.topic_prefix

    async def assigned(partitions: set[TP]) -> dict[TP, int]:
        lanes = parts.lanes
        if lanes is None:
            return {}
        wanted = {Position(tp.topic[len(prefix) :], tp.partition) for tp in partitions}
        return {TP(prefix + p.topic, p.partition): at for p, at in (await lanes.assign(wanted)).items()}

    def revoked() -> None:
        if parts.lanes is not None:
            parts.lanes.assigned = False

    embedded = settings.broker_kind == "embedded"
    parts.app.transport = transport_for(
        parts.app,
        assigned,
        revoked,
        fetch_wait_ms=50 if embedded else 500,
        isolation="read_uncommitted" if embedded else "read_committed",
    )
    return parts


def run_worker(settings: Settings) -> None:
    """Run a worker until it is told to stop (SIGTERM, SIGINT)."""
    configure_logging(settings.log_level, settings.log_format)
    loop = _event_loop()
    asyncio.set_event_loop(loop)
    worker = LiandongWorker(build(settings), loglevel="WARNING", redirect_stdouts=False, quiet=True, loop=loop)
    log.info("starting", pid=os.getpid(), realm=settings.realm, brokers=settings.brokers)
    worker.execute_from_commandline()


def _event_loop() -> asyncio.AbstractEventLoop:
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    return cast("asyncio.AbstractEventLoop", import_module("uvloop").new_event_loop())


def stop_worker(pid: int) -> None:
    """Ask a worker to finish its transactions and leave."""
    os.kill(pid, signal.SIGTERM)

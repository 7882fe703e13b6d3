"""A whole installation on this machine: broker, PostgreSQL, realms (schema and topics), workers. It ends with us."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import asyncpg

from streams.local.embedded import EmbeddedBroker
from streams.local.kafka import KafkaCluster
from streams.local.ports import free_ports
from streams.local.postgres import Postgres
from streams.local.process import Child, PartError
from streams.runtime.startup import create_topics
from streams.settings import Settings
from streams.store.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

BrokerKind = Literal["embedded", "kafka"]
DATABASE = "liandong"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
# Faust joins the embedded broker only after its rebalance time-out (faust-facts.md); a local worker has no peers to
# wait for. Heartbeats every half second keep a session of six alive on a busy laptop.
PACE: Mapping[BrokerKind, Mapping[str, float]] = {
    "embedded": {"session_timeout_s": 6.0, "rebalance_timeout_s": 3.0},
    "kafka": {"session_timeout_s": 6.0, "rebalance_timeout_s": 6.0},
}


class WorkerProcess:
    """One worker as a child process, with a log file and its own HTTP port."""

    def __init__(self, settings: Settings, folder: Path, name: str = "worker") -> None:
        """Choose a port where the settings leave it open (0); nothing runs until `start`."""
        port = settings.http_port or free_ports(1)[0]
        self.settings = settings.model_copy(update={"http_port": port})
        self.url = f"http://{settings.http_host}:{port}"
        argv = [sys.executable, "-m", "streams.cli", "worker"]
        self.child = Child(f"worker of {settings.realm}", argv, folder / f"{name}.log", env=environment(self.settings))

    def start(self) -> Self:
        """Start it without waiting."""
        self.child.start()
        return self

    def wait_ready(self, timeout: float = READY_SECONDS) -> Self:
        """Wait until /readyz says so. Raises PartError with the log's tail."""
        self.child.wait_ready(self.ready, timeout)
        return self

    def ready(self) -> bool:
        """Whether the worker is assigned and has broker and database."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as answer:  # noqa: S310 - our own http URL
                return bool(json.load(answer)["ready"])
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def stop(self) -> None:
        """SIGTERM: it ends its transactions, publishes and leaves the group."""
        self.child.stop(timeout=STOP_SECONDS)

    def __enter__(self) -> Self:
        """Start and wait."""
        return self.start().wait_ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


class Stack:
    """Broker and PostgreSQL in one folder, side by side; realms and workers on top of them."""

    def __init__(self, folder: Path, broker: BrokerKind = "embedded", *, durable: bool = False) -> None:
        """Describe the stack; `durable` data survive a loss of power and are kept."""
        self.folder = folder
        self.kind: BrokerKind = broker
        self._broker = EmbeddedBroker(folder) if broker == "embedded" else KafkaCluster(folder=folder / "kafka")
        make = Postgres.durable if durable else Postgres.throwaway
        self.postgres = make(folder / "postgres")

    @property
    def brokers(self) -> str:
        """Address of the broker."""
        return self._broker.bootstrap

    @property
    def dsn(self) -> str:
        """Address of the database."""
        return self.postgres.dsn(DATABASE)

    def start(self) -> Self:
        """Start both parts at once. Raises PartError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            broker, postgres = pool.submit(self._broker.start), pool.submit(self.postgres.start)
        try:
            broker.result()
            postgres.result()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both parts."""
        self._broker.stop()
        self.postgres.stop()

    def settings(self, realm: str = "actual", **given: object) -> Settings:
        """Settings of a worker of a realm here; one broker, so one copy of everything."""
        fixed = {
            "brokers": self.brokers,
            "database": self.dsn,
            "realm": realm,
            "broker_kind": self.kind,
            "replication": 1,
            "partitions": 4,
            "http_port": 0,
            **PACE[self.kind],
        }
        return Settings.model_validate({**fixed, **given})

    async def open_realm(self, settings: Settings) -> None:
        """Create what a worker of the realm needs: database, schema, topics. Safe to repeat."""
        await self._ensure_database()
        await asyncio.gather(migrate(settings.database, settings.realm), create_topics(settings))

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(self.postgres.dsn())
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
                await connection.execute(f'create database "{DATABASE}"')
        finally:
            await connection.close()

    def worker(self, settings: Settings, name: str = "worker") -> WorkerProcess:
        """A worker of the realm, not started."""
        if not self.postgres.running:
            message = "PostgreSQL is not running: start the stack before its workers."
            raise PartError(message)
        return WorkerProcess(settings, self.folder, name)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def environment(settings: Settings) -> dict[str, str]:
    """Settings as the environment variables that make another process have them."""
    return {f"LIANDONG_{name.upper()}": str(value) for name, value in settings.model_dump().items()}

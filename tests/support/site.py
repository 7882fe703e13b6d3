"""One installation under test: real Apache Kafka, real PostgreSQL, its own topics and its own database."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from streams.local.kafka import KafkaCluster
from streams.local.postgres import Postgres
from streams.local.process import Child
from streams.runtime.startup import create_topics
from streams.settings import Settings
from streams.store.migrate import migrate

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Parts:
    """Broker and database, shared by the sites of one run."""

    kafka: KafkaCluster
    postgres: Postgres
    folder: Path


@dataclass(frozen=True, slots=True)
class Site:
    """One deployment on the parts."""

    parts: Parts
    settings: Settings

    @property
    def folder(self) -> Path:
        """Where its workers write."""
        return self.parts.folder / self.settings.deployment

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return self.settings.topic_prefix + name

    async def database(self) -> asyncpg.Connection:
        """A connection to the realm's tables."""
        return await asyncpg.connect(self.settings.database, server_settings={"search_path": "actual"})

    def on(self, dsn: str) -> "Site":
        """The same topics with another database."""
        return replace(self, settings=self.settings.model_copy(update={"database": dsn}))

    def worker(self, name: str, *, module: str = "tests.support.worker", args: tuple[str, ...] = ()) -> Child:
        """A worker process, described but not started."""
        env = {f"LIANDONG_{key.upper()}": str(value) for key, value in self.settings.model_dump().items()}
        env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        argv = [sys.executable, "-m", module, *args]
        return Child(f"worker {name}", argv, self.folder / f"{name}.log", cwd=ROOT, env={**os.environ, **env})


@asynccontextmanager
async def real_parts(nodes: int, *, durable: bool) -> AsyncIterator[Parts]:
    """Real parts in a throw-away folder; nothing of them is left behind."""
    folder = Path(tempfile.mkdtemp(prefix="liandong-"))
    postgres = Postgres.durable(folder / "pg") if durable else Postgres.throwaway(folder / "pg")
    kafka = KafkaCluster(nodes, folder=folder / "kafka")
    try:
        await asyncio.gather(asyncio.to_thread(kafka.start), asyncio.to_thread(postgres.start))
        yield Parts(kafka, postgres, folder)
    finally:
        await asyncio.gather(asyncio.to_thread(kafka.stop), asyncio.to_thread(postgres.stop))
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


async def new_site(parts: Parts, deployment: str, **settings: object) -> Site:
    """Create topics and a migrated database of a deployment."""
    dsn = await parts.postgres.create_database(deployment)
    values = {
        "brokers": parts.kafka.bootstrap,
        "database": dsn,
        "deployment": deployment,
        "replication": len(parts.kafka.nodes),
        "http_port": 0,
        "log_level": "WARNING",
        **settings,
    }
    site = Site(parts, Settings.model_validate(values))
    site.folder.mkdir(parents=True, exist_ok=True)
    await asyncio.gather(create_topics(site.settings), migrate(dsn))
    return site


async def until(probe: Callable[[], Awaitable[object]], timeout: float, what: str, every: float = 0.1) -> None:
    """Wait until an asynchronous probe says yes; raise TimeoutError with `what` when it does not."""
    deadline = time.monotonic() + timeout
    while not await probe():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:.0f} s: {what}")
        await asyncio.sleep(every)

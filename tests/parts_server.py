"""Local parts shared by all xdist workers: the controller starts each once, on the first request, and owns it.

Parts die with the process that started them (see `streams.local.process`), so a worker that is done must not be it.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
import threading
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

from streams.local.embedded import EmbeddedBroker
from streams.local.kafka import KafkaCluster, available
from streams.local.postgres import Postgres
from streams.local.process import PartError

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 400.0  # the first start of all fetches Kafka's jars

PREFIX = "liandong-tests-"
MARK = "in-use"

NOT_TESTED = "idempotent producer, LogAppendTime, replication, data kept over a broker restart"


@dataclass(frozen=True)
class KafkaPart:
    """A running broker, or the embedded stand-in."""

    bootstrap: str
    real: bool
    why_not_real: str = ""


@dataclass(frozen=True)
class PostgresPart:
    """A running PostgreSQL server."""

    dsn_of_postgres: str

    def dsn(self, database: str) -> str:
        return self.dsn_of_postgres.replace("/postgres?", f"/{database}?", 1)


class Parts:
    """Starts each part once and stops all of them."""

    def __init__(self) -> None:
        sweep_abandoned()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._mark = (self._folder / MARK).open("w")
        fcntl.flock(self._mark, fcntl.LOCK_EX)
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self._made: dict[str, KafkaPart | PostgresPart] = {}

    @property
    def kafka_in_use(self) -> KafkaPart | None:
        part = self._made.get("kafka")
        return part if isinstance(part, KafkaPart) else None

    def get(self, name: str) -> KafkaPart | PostgresPart:
        with self._lock:
            if name not in self._made:
                self._made[name] = self._kafka() if name == "kafka" else self._postgres()
            return self._made[name]

    def close(self) -> None:
        for stop in reversed(self._stops):
            stop()
        self._stops.clear()
        self._mark.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kafka(self) -> KafkaPart:
        reason = available()
        if reason is None:
            try:
                cluster = KafkaCluster(folder=self._folder / "kafka")
                self._stops.append(cluster.stop)
                return KafkaPart(cluster.start().bootstrap, real=True)
            except PartError as error:
                reason = str(error)
        broker = EmbeddedBroker(self._folder / "embedded")
        self._stops.append(broker.stop)
        return KafkaPart(broker.start().bootstrap, real=False, why_not_real=reason)

    def _postgres(self) -> PostgresPart:
        server = Postgres.throwaway(self._folder / "postgres")
        self._stops.append(server.stop)
        return PostgresPart(server.start().dsn())


def sweep_abandoned() -> None:
    """Remove what runs left behind that were killed: nobody holds the lock on their mark any more."""
    for mark in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{MARK}"):
        with contextlib.suppress(OSError), mark.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.parent, ignore_errors=True)


class PartsServer:
    """Answers the workers' requests from the controller."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._listener = Listener(family="AF_UNIX")
        threading.Thread(target=self._accept, name="parts-server", daemon=True).start()

    @property
    def address(self) -> str:
        return str(self._listener.address)

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                link = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._answer, args=(link,), name="parts-answer", daemon=True).start()

    def _answer(self, link: Connection) -> None:
        with link:
            try:
                link.send(self._parts.get(link.recv()))
            except PartError as error:
                link.send(error)
            except (EOFError, OSError):  # the worker is gone
                return


def ask(address: str, name: str) -> KafkaPart | PostgresPart:
    """Ask the controller for a part, from a worker."""
    with Client(address) as link:
        link.send(name)
        if not link.poll(START_SECONDS):
            message = f"the controller did not start {name} within {START_SECONDS:.0f} s"
            raise PartError(message)
        answer = link.recv()
    if isinstance(answer, PartError):
        raise answer
    assert isinstance(answer, KafkaPart | PostgresPart)
    return answer

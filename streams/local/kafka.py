"""A real Apache Kafka on this machine: KRaft, one node or a quorum of three, each node to be killed and restarted."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import contextlib
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from streams.local.kafka_jars import ensure_libs, unavailable
from streams.local.ports import free_ports
from streams.local.process import POLL_SECONDS, Child, PartError, run_tool
from streams.local.wire import live_brokers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
START_SECONDS = 60.0
STOP_SECONDS = 20.0
QUORUM = 3
# Small heap, C1 only, serial collector: a node is ready in about four seconds and stays below 400 MB.
JVM_FLAGS = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto")


def available() -> str | None:
    """Return why a real Kafka cannot be started here (Java or Maven missing), or None when it can."""
    return unavailable()


class KafkaCluster:
    """Nodes numbered from 1; every node is broker and controller. `stop` and `kill` keep ports and data."""

    def __init__(self, nodes: int = 1, *, folder: Path) -> None:
        """Choose ports and folders for `nodes` (1 or 3); nothing runs until `start`."""
        if nodes not in {1, QUORUM}:
            message = f"a cluster has 1 or {QUORUM} nodes, not {nodes}"
            raise ValueError(message)
        self.nodes = range(1, nodes + 1)
        self._folder = folder
        ports = free_ports(2 * nodes)
        self._port = dict(zip(self.nodes, ports[:nodes], strict=True))
        self._controller_port = dict(zip(self.nodes, ports[nodes:], strict=True))
        self._children: dict[int, Child] = {}

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes, for clients."""
        return ",".join(f"127.0.0.1:{port}" for port in self._port.values())

    def log(self, node: int) -> Path:
        """Return the node's log file."""
        return self._folder / f"node{node}" / "kafka.log"

    def running(self, node: int) -> bool:
        """Whether the node's process is alive."""
        return node in self._children and self._children[node].running

    def start(self, node: int | None = None) -> Self:
        """Start one node, or all that do not run, and wait until it is part of the cluster.

        A single node is awaited only as far as the others allow: with the quorum lost it is started and not awaited.
        """
        if not self._children:
            self._prepare()
        wanted = list(self.nodes) if node is None else [node]
        for each in wanted:
            self._children[each].start()
        alive = sum(self.running(each) for each in self.nodes)
        if alive > len(self.nodes) // 2:
            for each in wanted:
                self._await(each, alive)
        return self

    def stop(self, node: int | None = None) -> None:
        """Stop one node or all, orderly (SIGTERM); data stay. Nothing is left running afterwards."""
        wanted = [node] if node is not None else list(self.nodes)
        children = [self._children[each] for each in wanted if each in self._children]
        if not children:
            return
        # All at once: a node that stops last has no quorum to say goodbye to, and waits in vain for its turn.
        with concurrent.futures.ThreadPoolExecutor(len(children)) as pool:
            list(pool.map(lambda child: child.stop(timeout=STOP_SECONDS), children))

    def kill(self, node: int) -> None:
        """SIGKILL one node."""
        self._child(node).kill()

    def child(self, node: int) -> Child:
        """Return the node's process, for faults beyond kill and stop (SIGSTOP and SIGCONT)."""
        return self._child(node)

    def __enter__(self) -> Self:
        """Start all nodes."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all nodes."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start all nodes without blocking the event loop."""
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all nodes without blocking the event loop."""
        await asyncio.to_thread(self.stop)

    def _child(self, node: int) -> Child:
        if node not in self._children:
            message = f"Kafka node {node} was never started: call start() first."
            raise PartError(message)
        return self._children[node]

    def _prepare(self) -> None:
        """Write every node's settings, format its storage (nodes side by side) and describe its process."""
        libs = ensure_libs()
        java = shutil.which("java") or "java"
        class_path = f"{libs}/*"
        cluster_id = _cluster_id()

        def prepare(node: int) -> Child:
            home = self._folder / f"node{node}"
            home.mkdir(parents=True, exist_ok=True)
            settings = home / "server.properties"
            settings.write_text("".join(f"{key}={value}\n" for key, value in self._settings(node, home).items()))
            if not (home / "data" / "meta.properties").exists():
                run_tool(
                    f"Formatting the storage of Kafka node {node}",
                    _java(java, class_path, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(settings)),
                    timeout=START_SECONDS,
                    next_step=f"Remove {home} and start again.",
                )
            argv = _java(java, class_path, "kafka.Kafka", str(settings))
            return Child(f"Kafka node {node}", argv, self.log(node), cwd=home)

        with concurrent.futures.ThreadPoolExecutor(len(self.nodes)) as pool:
            self._children = dict(zip(self.nodes, pool.map(prepare, self.nodes), strict=True))

    def _settings(self, node: int, home: Path) -> dict[str, str | int]:
        copies = len(self.nodes)
        in_sync = 2 if copies == QUORUM else 1
        broker, controller = (f"127.0.0.1:{ports[node]}" for ports in (self._port, self._controller_port))
        listeners = f"PLAINTEXT://{broker},CONTROLLER://{controller}"
        return {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{port}" for n, port in self._controller_port.items()),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "listeners": listeners,
            "advertised.listeners": listeners,
            "log.dirs": str(home / "data"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 3,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 3,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 3,
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A killed node is noticed in three seconds instead of nine: fault tests wait for it.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
            "controlled.shutdown.enable": "true" if copies > 1 else "false",
        }

    def _await(self, node: int, brokers: int) -> None:
        port = self._port[node]
        self._children[node].wait_ready(lambda: live_brokers(port) >= brokers, START_SECONDS)

    def wait_for_brokers(self, count: int, timeout: float = START_SECONDS) -> None:
        """Wait until exactly `count` brokers are registered as alive, as every running node sees it."""
        deadline = time.monotonic() + timeout
        ports = [self._port[node] for node in self.nodes if self.running(node)]
        while any(live_brokers(port) != count for port in ports):
            if time.monotonic() > deadline:
                message = f"Kafka has not {count} live brokers after {timeout:.0f} s. Read the logs in {self._folder}."
                raise PartError(message)
            time.sleep(POLL_SECONDS)


def _java(java: str, class_path: str, main: str, *args: str) -> Sequence[str]:
    return [java, *JVM_FLAGS, "-cp", class_path, main, *args]


def _cluster_id() -> str:
    """Return a random id in Kafka's form: 16 bytes, URL-safe base64; no leading dash, which would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        with contextlib.suppress(ValueError):
            if not text.startswith("-"):
                return text

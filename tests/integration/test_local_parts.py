"""Each local part starts, works, is killed, comes back with its data, and leaves no process behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.local.embedded import EmbeddedBroker
from streams.local.kafka import MAX_MESSAGE_BYTES, KafkaCluster, available
from streams.local.kafka_jars import LIBS_VARIABLE, ensure_libs
from streams.local.ports import free_ports
from streams.local.postgres import Postgres
from streams.local.process import Child, PartError
from streams.local.wire import live_brokers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.parts_server import KafkaPart

GONE_SECONDS = 10.0


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="liandong-part-"))
    yield path
    shutil.rmtree(path)


async def create_topic(bootstrap: str, topic: str, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=MAX_MESSAGE_BYTES)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek(partition, 0)
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that name the folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


def wait_until_gone(folder: Path) -> list[str]:
    deadline = time.monotonic() + GONE_SECONDS
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


needs_kafka = pytest.mark.skipif(available() is not None, reason=f"no real Apache Kafka: {available()}")


@needs_kafka
async def test_one_kafka_node_keeps_its_data_over_a_kill_and_a_stop(folder: Path) -> None:
    async with KafkaCluster(folder=folder) as cluster:
        bootstrap = cluster.bootstrap
        await create_topic(bootstrap, "letters")
        await produce(bootstrap, "letters", b"before", b"x" * (MAX_MESSAGE_BYTES // 2))
        cluster.kill(1)
        assert not cluster.running(1)
        cluster.start(1)
        await produce(bootstrap, "letters", b"after the kill")
        cluster.stop(1)
        cluster.start(1)
        assert cluster.bootstrap == bootstrap
        values = await consume(bootstrap, "letters", 3)
        assert [values[0], len(values[1]), values[2]] == [b"before", MAX_MESSAGE_BYTES // 2, b"after the kill"]
    assert wait_until_gone(folder) == []


@needs_kafka
async def test_three_kafka_nodes_go_on_without_one(folder: Path) -> None:
    async with KafkaCluster(3, folder=folder) as cluster:
        await create_topic(cluster.bootstrap, "letters", copies=3)
        await produce(cluster.bootstrap, "letters", b"three")
        cluster.kill(2)
        cluster.wait_for_brokers(2)
        await produce(cluster.bootstrap, "letters", b"two")
        cluster.start(2)
        cluster.wait_for_brokers(3)
        assert await consume(cluster.bootstrap, "letters", 2) == [b"three", b"two"]
    assert wait_until_gone(folder) == []


async def test_the_embedded_broker_round_trips_and_forgets(folder: Path) -> None:
    with EmbeddedBroker(folder) as broker:
        await create_topic(broker.bootstrap, "letters")
        await produce(broker.bootstrap, "letters", b"hello")
        assert await consume(broker.bootstrap, "letters", 1) == [b"hello"]
        broker.kill()
        assert not broker.running
        broker.start()
        assert live_brokers(broker.port) == 1
    assert live_brokers(broker.port) == 0


@pytest.mark.parametrize("make", [Postgres.throwaway, Postgres.durable])
async def test_postgres_keeps_what_was_committed_over_a_kill(folder: Path, make: type[Postgres]) -> None:
    async with make(folder, max_connections="40") as server:
        dsn = await server.create_database("origin")
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table t (n int); insert into t values (7)")
        assert await connection.fetchval("show max_connections") == "40"
        server.kill()
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await asyncpg.connect(dsn)
        connection.terminate()
        server.start()
        copy = await server.create_database("copy", template="origin")
        connection = await asyncpg.connect(copy)
        assert await connection.fetchval("select n from t") == 7
        await connection.close()
        await server.drop_database("copy")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(copy)
    assert wait_until_gone(folder) == []


async def test_postgres_restarts_on_the_same_folder_under_a_long_path(folder: Path) -> None:
    deep = folder / ("deep" * 30)
    with Postgres.throwaway(deep) as server:
        await server.create_database("kept")
    with Postgres.throwaway(deep) as server:
        connection = await asyncpg.connect(server.dsn("kept"))
        assert await connection.fetchval("select 1") == 1
        await connection.close()


PARENT = """
import pathlib, sys, time
from streams.local.postgres import Postgres
from streams.local.process import Child
folder = pathlib.Path(sys.argv[1])
Postgres.throwaway(folder / "pg").start()
Child("sleeper", [sys.executable, "-c", "import time; time.sleep(600)", str(folder)], folder / "log").start()
print("up", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_children_die_with_a_parent_that_is_killed(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        assert len(processes_of(folder)) >= 3
        parent.send_signal(signal.SIGKILL)
    assert wait_until_gone(folder) == []


def test_a_child_that_ends_early_is_explained_by_its_log(folder: Path) -> None:
    child = Child("part", [sys.executable, "-c", "print('no room left'); raise SystemExit(3)"], folder / "log")
    child.start()
    with pytest.raises(PartError, match=r"(?s)exit code 3.*no room left"):
        child.wait_ready(lambda: False, 10.0)


def test_a_child_that_is_never_ready_is_stopped(folder: Path) -> None:
    child = Child("part", [sys.executable, "-c", "import time; time.sleep(600)"], folder / "log")
    child.start()
    with pytest.raises(PartError, match="not ready within 0 s"):
        child.wait_ready(lambda: False, 0.2)
    assert not child.running


def test_a_folder_without_jars_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("java") is None:
        pytest.skip("without Java the jars are not looked for")
    monkeypatch.setenv(LIBS_VARIABLE, str(folder))
    with pytest.raises(PartError, match=f"{LIBS_VARIABLE}=.*holds no kafka"):
        ensure_libs()


def test_without_java_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    reason = available()
    assert reason is not None
    assert "install Java 17" in reason


def test_ports_are_different_and_below_the_kernels_range() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert max(ports) < 32_768


async def test_the_shared_kafka_serves_this_run(kafka: KafkaPart, topic_prefix: str) -> None:
    await create_topic(kafka.bootstrap, f"{topic_prefix}letters")
    await produce(kafka.bootstrap, f"{topic_prefix}letters", b"hello")
    assert await consume(kafka.bootstrap, f"{topic_prefix}letters", 1) == [b"hello"]


async def test_every_test_has_a_database_of_its_own(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("select current_database()") in database
    await connection.close()

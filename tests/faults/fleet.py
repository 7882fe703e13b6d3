"""The workers of a fault run, and what is done to them."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field

from streams.local.process import Child
from tests.faults.points import Orders
from tests.support.site import Site, until


@dataclass
class Fleet:
    """Worker processes by name. Every worker that ends without being told to is a failure of the run."""

    site: Site
    sabotage: str | None = None
    kills: int = 0
    freezes: int = 0
    placed: dict[str, int] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)
    workers: dict[str, Child] = field(default_factory=dict)

    def orders(self, name: str) -> Orders:
        """The worker's order file."""
        return Orders(self.site.folder, name)

    def start(self, name: str) -> None:
        """Start a worker, again after a kill."""
        args = (name, str(self.site.folder), *((self.sabotage,) if self.sabotage else ()))
        self.workers[name] = self.site.worker(name, module="tests.faults.worker", args=args)
        self.workers[name].start()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._alive(name)
        self.workers[name].kill()
        self.kills += 1

    def pause(self, name: str) -> None:
        """SIGSTOP at whatever moment this is."""
        self._alive(name)
        self.workers[name].signal(signal.SIGSTOP)
        self.freezes += 1

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.workers[name].signal(signal.SIGCONT)

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP now, SIGCONT after the time."""
        self.pause(name)
        await asyncio.sleep(seconds)
        self.resume(name)

    async def freeze_at(self, name: str, point: str, seconds: float, patience: float = 20.0) -> bool:
        """Let the worker stop itself at a point, SIGCONT after the time. False when it never came there."""
        if not await self._obeyed(name, point, "stop", patience):
            return False
        self.freezes += 1
        await asyncio.sleep(seconds)
        self.resume(name)
        return True

    async def kill_at(self, name: str, point: str, patience: float = 20.0) -> bool:
        """Let the worker kill itself at a point. False when it never came there."""
        if not await self._obeyed(name, point, "kill", patience):
            return False
        await until(lambda: asyncio.sleep(0, not self.workers[name].running), 5, f"{name} killed itself at {point}")
        self.workers[name].kill()
        self.kills += 1
        return True

    async def _obeyed(self, name: str, point: str, action: str, patience: float) -> bool:
        self._alive(name)
        orders = self.orders(name)
        orders.give(point, action)
        deadline = time.monotonic() + patience
        while not orders.obeyed():
            if time.monotonic() > deadline:
                orders.withdraw()
                return False
            await asyncio.sleep(0.02)
        self.placed[f"{action} {point}"] = self.placed.get(f"{action} {point}", 0) + 1
        return True

    async def restart_postgres(self, away_s: float) -> str:
        """SIGKILL PostgreSQL, start it again."""
        await asyncio.to_thread(self.site.parts.postgres.kill)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(self.site.parts.postgres.start)
        return f"SIGKILL PostgreSQL, away for {away_s:.1f} s"

    async def restart_broker(self, node: int, away_s: float) -> str:
        """SIGKILL a broker, start it again."""
        await asyncio.to_thread(self.site.parts.kafka.kill, node)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(self.site.parts.kafka.start, node)
        return f"SIGKILL broker {node}, away for {away_s:.1f} s"

    async def stop(self) -> None:
        """Stop all workers in order (SIGTERM) and note those that do not end well."""
        for name in self.workers:
            self._alive(name)
        await asyncio.gather(*(asyncio.to_thread(child.stop, signal.SIGTERM, 30.0) for child in self.workers.values()))

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        for child in self.workers.values():
            child.kill()

    def _alive(self, name: str) -> None:
        if not self.workers[name].running and name not in self.crashes:
            self.crashes.append(name)

    def assigned(self, name: str) -> list[int]:
        """The partitions of the worker's last assignment, if the process that got it still is the one that runs."""
        path = self.site.folder / f"{name}.assigned"
        if not path.exists():
            return []
        last = json.loads(path.read_text().splitlines()[-1])
        return list(last["partitions"]) if last["pid"] == self.workers[name].pid else []

    def returns(self) -> int:
        """How often a partition came back to a process that had had it, and lost it to another, before."""
        entries = []
        for path in self.site.folder.glob("*.assigned"):
            entries += [json.loads(line) for line in path.read_text().splitlines()]
        entries.sort(key=lambda entry: entry["at"])
        owner: dict[int, int] = {}
        had: dict[int, set[int]] = {}
        came_back = 0
        for entry in entries:
            for partition in entry["partitions"]:
                if owner.get(partition) != entry["pid"]:
                    came_back += entry["pid"] in had.setdefault(partition, set())
                    had[partition].add(entry["pid"])
                    owner[partition] = entry["pid"]
        return came_back

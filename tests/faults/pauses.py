"""The longest time in which a lane had something to do and did nothing."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg

from tests.support.site import Site

SAMPLE_S = 0.1
LONG_S = 5.0


class Pauses:
    """Compares stored positions with what brokers have confirmed, ten times a second."""

    def __init__(self, site: Site, ends: Mapping[tuple[str, int], int], started: float) -> None:
        self._site = site
        self._ends = ends
        self._started = started
        self._reached: dict[int, int] = {}
        self._moved: dict[int, float] = {}
        self._group_moved = time.monotonic()
        self.applied = 0
        self.longest_group_s = 0.0
        self.found: list[tuple[float, int, float]] = []
        """Pauses of single lanes: seconds, lane, and when in the run they ended."""

    @property
    def longest_lane_s(self) -> float:
        """The worst of them."""
        return max((pause for pause, *_ in self.found), default=0.0)

    def words(self) -> str:
        """The worst of the long ones, for people."""
        worst = sorted(self.found, reverse=True)[:8]
        return "; ".join(
            f"lane {lane} {pause:.1f} s until {ended:.0f}" for pause, lane, ended in worst if pause > LONG_S
        )

    async def run(self) -> None:
        """Look until cancelled. While the database is away nothing moves."""
        database: asyncpg.Connection | None = None
        while True:
            try:
                database = database or await self._site.database()
                rows = await database.fetch("select topic, partition, next_offset from input_offset", timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if database is not None:
                    database.terminate()
                database = None
            else:
                self._look({(row["topic"], row["partition"]): row["next_offset"] for row in rows})
            await asyncio.sleep(SAMPLE_S)

    def _look(self, stored: dict[tuple[str, int], int]) -> None:
        now = time.monotonic()
        self.applied = sum(stored.values())
        busy = False
        for lane in {partition for _, partition in self._ends}:
            reached = sum(at for (_, partition), at in stored.items() if partition == lane)
            waits = any(stored.get(place, 0) < end for place, end in self._ends.items() if place[1] == lane)
            busy = busy or waits
            moved = reached != self._reached.get(lane)
            if moved:
                self._group_moved = now
                self.found.append((now - self._moved.get(lane, now), lane, now - self._started))
            if moved or not waits:
                self._reached[lane], self._moved[lane] = reached, now
        if not busy:
            self._group_moved = now
        self.longest_group_s = max(self.longest_group_s, now - self._group_moved)

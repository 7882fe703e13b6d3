"""The longest time in which a lane had something to do and did nothing."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg

from tests.support.site import Site

SAMPLE_S = 0.1


class Pauses:
    """Compares stored positions with what brokers have confirmed, ten times a second."""

    def __init__(self, site: Site, ends: Mapping[tuple[str, int], int]) -> None:
        self._site = site
        self._ends = ends
        self._reached: dict[int, int] = {}
        self._moved: dict[int, float] = {}
        self.applied = 0
        self.longest_lane_s = 0.0
        self.longest_group_s = 0.0
        self.longest_lane_at = 0.0
        self._group_moved = time.monotonic()

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
            if reached != self._reached.get(lane) or not waits:
                if reached != self._reached.get(lane):
                    self._group_moved = now
                self._longest(lane, now)
                self._reached[lane], self._moved[lane] = reached, now
            else:
                self._longest(lane, now)
        if not busy:
            self._group_moved = now
        self.longest_group_s = max(self.longest_group_s, now - self._group_moved)

    def _longest(self, lane: int, now: float) -> None:
        pause = now - self._moved.get(lane, now)
        if pause > self.longest_lane_s:
            self.longest_lane_s, self.longest_lane_at = pause, time.time()

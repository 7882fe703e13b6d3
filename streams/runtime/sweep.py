"""What was committed and is not on its topic although its time has come: its worker died, or the answer to a commit."""

import time

import asyncpg

from streams.store.sql import QUERIES

PATIENCE_S = 3.0
"""A publish cursor that has not moved for so long is nobody's business any more. Cursors in memory move sooner."""


class Sweep:
    """Remembers since when each area's publish cursor, and each lane's oldest unsent dead letter, has stood still."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}

    async def overdue(self, connection: asyncpg.Connection, partitions: list[int]) -> dict[int, set[str]]:
        """Areas by lane whose events have waited too long; the empty name stands for the lane's dead letters."""
        now = time.monotonic()
        seen: dict[tuple[str, int], tuple[int, float]] = {}
        late: dict[int, set[str]] = {}
        for row in await connection.fetch(QUERIES["overdue"], partitions):
            key = (row["area"], row["partition"])
            at, since = self._seen.get(key, (row["at"], now))
            seen[key] = (row["at"], since if at == row["at"] else now)
            if now - seen[key][1] >= PATIENCE_S:
                late.setdefault(row["partition"], set()).add(row["area"])
        self._seen = seen
        return late

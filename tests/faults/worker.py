"""A worker for the fault run: the real one, with announced points, an assignment log, and one guarantee off if told.

python -m tests.faults.worker NAME FOLDER [head|dedupe|cursor]
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streams.app import run_worker
from streams.runtime import transaction
from streams.runtime.areas import Areas
from streams.runtime.lanes import Lanes
from streams.runtime.outbox import Outbox
from streams.runtime.publisher import Publisher
from streams.runtime.transaction import Transactions
from streams.settings import Settings
from streams.store.sql import QUERIES
from tests.faults import points
from tests.faults.points import Points


class HalfSent(list[Any]):
    """Rows that reach a point when half of them have been taken."""

    def __init__(self, rows: list[Any], at: Points) -> None:
        super().__init__(rows)
        self._at = at

    def __iter__(self) -> Iterator[Any]:
        """Reach the point on the way."""
        half = len(self) // 2
        for index, row in enumerate(super().__iter__()):
            if index == half:
                self._at.reached(points.IN_COPY)
            yield row


def place_points(at: Points) -> None:
    """Announce points by wrapping the runtime's parts."""
    write, publish, send = transaction.write_unit, Outbox.publish, Publisher.send

    async def write_unit(connection: Any, unit: Any, positions: Any) -> None:
        if unit.events:
            at.reached(points.IN_TRANSACTION)
            if at.ordered(points.IN_COPY):
                unit.events = HalfSent(unit.events, at)
        await write(connection, unit, positions)

    async def published(self: Outbox, applied: Any) -> None:
        if applied.unit.events:
            at.reached(points.AFTER_COMMIT)
        await publish(self, applied)

    async def sent(self: Publisher, rows: Any) -> None:
        await send(self, rows)
        at.reached(points.BEFORE_CURSOR)

    transaction.write_unit = write_unit
    Outbox.publish = published
    Publisher.send = sent


def log_assignments(path: Path) -> None:
    """Write which partitions this process was given, one line an assignment."""
    assign = Lanes.assign

    async def assigned(self: Lanes, wanted: Any) -> Any:
        positions = await assign(self, wanted)
        entry = {"pid": os.getpid(), "at": time.time(), "partitions": sorted({p.partition for p in wanted})}
        with path.open("a") as out:
            out.write(json.dumps(entry) + "\n")
        return positions

    Lanes.assign = assigned


def sabotage_head(at: Points) -> None:
    """The head check is off: a cached state counts as true for ever."""
    Areas.is_current = lambda self, cached, head: True


def sabotage_dedupe(at: Points) -> None:
    """The dedupe is off: no identity is known."""

    async def known_inputs(self: Transactions, connection: Any, items: Any) -> dict[Any, bytes]:
        return {}

    Transactions.known_inputs = known_inputs


def sabotage_cursor(at: Points) -> None:
    """The publish cursor is stored before the brokers have confirmed anything."""
    publish = Outbox.publish

    async def published(self: Outbox, applied: Any) -> None:
        heads = applied.unit.heads
        if applied.unit.events:
            async with self._pool.acquire() as connection:
                await connection.execute(QUERIES["move_published"], list(heads), [head.seq for head in heads.values()])
            at.reached(points.CURSOR_MOVED)
        await publish(self, applied)

    Outbox.publish = published


SABOTAGES = {"head": sabotage_head, "dedupe": sabotage_dedupe, "cursor": sabotage_cursor}


def main(name: str, folder: str, sabotage: str | None = None) -> None:
    """Run until told to stop."""
    at = Points(Path(folder), name)
    place_points(at)
    log_assignments(Path(folder) / f"{name}.assigned")
    if sabotage is not None:
        SABOTAGES[sabotage](at)
    run_worker(Settings())


if __name__ == "__main__":
    main(*sys.argv[1:])

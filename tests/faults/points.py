"""Named points in a worker at which the fault run freezes or kills it: told through a file, announced through another.

The worker knows nothing of this: `tests.faults.worker` wraps its parts. An order is one line, `<point> <action>`.
"""

import os
import signal
import time
from pathlib import Path

IN_TRANSACTION = "in_transaction"
"""Decided, heads locked, nothing written yet."""
IN_COPY = "in_copy"
"""Half of the recorder rows are on their way to the database."""
AFTER_COMMIT = "after_commit"
"""Committed, nothing published."""
BEFORE_CURSOR = "before_cursor"
"""Published and confirmed, the cursor not moved."""
CURSOR_MOVED = "cursor_moved"
"""Only in a sabotaged worker: the cursor was stored, nothing published."""
ACTIONS = {"stop": signal.SIGSTOP, "kill": signal.SIGKILL}


class Points:
    """One worker's side: stops or kills its own process where an order says so."""

    def __init__(self, folder: Path, name: str) -> None:
        self._order = folder / f"{name}.order"
        self._reached = folder / f"{name}.reached"

    def ordered(self, point: str) -> bool:
        """Whether the next arrival at this point is the last thing that happens."""
        return self._order.exists() and self._order.read_text().split()[:1] == [point]

    def reached(self, point: str) -> None:
        """Obey an order for this point, if there is one."""
        if not self.ordered(point):
            return
        action = self._order.read_text().split()[1]
        self._order.unlink()
        announced = self._reached.with_suffix(".new")
        announced.write_text(f"{point} {time.time()}")
        announced.rename(self._reached)
        os.kill(os.getpid(), ACTIONS[action])


class Orders:
    """The fault run's side."""

    def __init__(self, folder: Path, name: str) -> None:
        self._order = folder / f"{name}.order"
        self._reached = folder / f"{name}.reached"

    def give(self, point: str, action: str) -> None:
        """Let the worker stop or die at its next arrival at the point."""
        self._reached.unlink(missing_ok=True)
        new = self._order.with_suffix(".order-new")
        new.write_text(f"{point} {action}")
        new.rename(self._order)

    def withdraw(self) -> None:
        """Forget an order that was not obeyed."""
        self._order.unlink(missing_ok=True)

    def obeyed(self) -> bool:
        """Whether the worker has arrived."""
        return self._reached.exists()

"""The real worker, but a decision on an alert with the text BREAK raises while a file is there.

python -m tests.acceptance.faulty_worker FILE
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.inputs.alerts import AlertIssued
from streams.app import run_worker
from streams.domain import cascade
from streams.settings import Settings


def break_alerts(switch: Path) -> None:
    """Seed the fault."""
    honest = cascade.INPUT_DECIDERS[AlertIssued]

    def decide(state: Any, event: AlertIssued, context: Any) -> Iterator[Any]:
        if event.text == "BREAK" and switch.exists():
            raise ZeroDivisionError("seeded fault")
        yield from honest(state, event, context)

    cascade.INPUT_DECIDERS[AlertIssued] = decide


if __name__ == "__main__":
    break_alerts(Path(sys.argv[1]))
    run_worker(Settings())

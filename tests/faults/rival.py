"""A worker that believes it owns every partition, whoever else does: it is in a consumer group of its own.

python -m tests.faults.rival NAME FOLDER
"""

import sys

from streams.settings import Settings
from tests.faults.worker import main


def alone(name: str) -> None:
    """No broker ever tells this worker that somebody else has its partitions."""
    group = Settings.group.fget
    assert group is not None
    Settings.group = property(lambda self: f"{group(self)}-{name}")  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    alone(sys.argv[1])
    main(*sys.argv[1:3])

"""deadlines.due: timers that fired, for observers."""

from typing import ClassVar

from schemas.base import OutputEvent, Utc
from schemas.topics import DEADLINES_DUE


class DeadlineFell(OutputEvent):
    """A deadline passed. `lateness_ms` is how long after it the worker got to it (0 on virtual time)."""

    TYPE: ClassVar[str] = "deadline.fell.v1"
    TOPIC: ClassVar[str] = DEADLINES_DUE

    timer: str
    kind: str
    due: Utc
    lateness_ms: int

    def subject(self) -> str:
        return self.timer

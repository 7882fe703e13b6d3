"""realm.clock: virtual time of an exercise realm."""

from typing import ClassVar

from schemas.base import InputEvent, Utc
from schemas.topics import REALM_CLOCK


class ClockAdvanced(InputEvent):
    """Move this area's time to `to` once every listed offset has been applied, and fire what fell due before it."""

    TYPE: ClassVar[str] = "clock.advanced.v1"
    TOPIC: ClassVar[str] = REALM_CLOCK

    to: Utc
    after: dict[str, dict[int, int]] = {}
    """Topic (without prefix) -> partition -> next offset that must have been reached."""

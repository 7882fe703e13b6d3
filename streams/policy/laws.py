"""What a section of the policy says on one day in one city, worked out once."""

from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

L = TypeVar("L")
REMEMBERED_DAYS = 400
"""Size at which the memory starts anew: incidents of more different days are rare, and a law is quickly read again."""


class Laws(Generic[L]):
    """Remembers the law of each day and place."""

    __slots__ = ("_read", "_remembered")

    def __init__(self, read: Callable[[date, tuple[str, ...]], L]) -> None:
        self._read = read
        self._remembered: dict[tuple[date, tuple[str, ...]], L] = {}

    def at(self, day: date, within: tuple[str, ...]) -> L:
        """The law of this local day in these jurisdictions, narrowest first."""
        known = self._remembered.get((day, within))
        if known is None:
            if len(self._remembered) >= REMEMBERED_DAYS:
                self._remembered.clear()
            known = self._remembered[day, within] = self._read(day, within)
        return known

"""Waiting lines in the order in which they are served: urgency bucket, round within the incident, aged instant.

The round is how many resources of the kind the incident already has: every incident gets its first before any gets a
second (AL-2). Aging is linear, so only a round ever changes, and then only for the incident's own lines. A request of
no incident takes no rounds: counted as an incident of its own, its second unit waited for everybody's first, and the
longest wait of class 4 rose from 14.9 to 16.3 h.
"""

from bisect import bisect_left, insort

from streams.domain.allocation.entities import Line

Key = tuple[int, int, int, str]
"""(bucket, round, aged instant in ms, line id)."""


class Queue:
    """Waiting lines of one kind."""

    __slots__ = ("_by_incident", "_keys", "_rounds", "order")

    def __init__(self) -> None:
        self.order: list[Key] = []
        self._keys: dict[str, Key] = {}
        self._by_incident: dict[str, dict[str, None]] = {}
        self._rounds: dict[str, int] = {}

    def round_of(self, line: Line) -> int:
        """How many resources of the kind the line's incident holds."""
        return self._rounds.get(line.incident, 0) if line.incident is not None else 0

    def enter(self, line: Line, aged: tuple[int, int]) -> None:
        """The line waits."""
        known = self._keys.get(line.id)
        key = (aged[0], self.round_of(line), aged[1], line.id)
        if known != key:
            if known is not None:
                self._remove(known)
            elif line.incident is not None:
                self._by_incident.setdefault(line.incident, {})[line.id] = None
            self._keys[line.id] = key
            insort(self.order, key)

    def leave(self, line: Line) -> None:
        """The line waits no longer."""
        key = self._keys.pop(line.id, None)
        if key is None:
            return
        self._remove(key)
        if line.incident is not None:
            members = self._by_incident[line.incident]
            members.pop(line.id)
            if not members:
                del self._by_incident[line.incident]

    def hold(self, incident: str, change: int) -> None:
        """The incident has so many more resources of the kind: its waiting lines go that many rounds back."""
        self._rounds[incident] = self._rounds.get(incident, 0) + change
        if not self._rounds[incident]:
            del self._rounds[incident]
        for line in tuple(self._by_incident.get(incident, ())):
            key = self._keys[line]
            self._remove(key)
            self._keys[line] = moved = (key[0], self._rounds.get(incident, 0), key[2], line)
            insort(self.order, moved)

    def _remove(self, key: Key) -> None:
        del self.order[bisect_left(self.order, key)]

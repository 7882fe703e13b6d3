"""Checks recorded rows by themselves: gapless, ids and causes as they must be, digests and hash chain unbroken."""

import uuid

from schemas.codec import digest
from streams.replay.recorded import Caused, DifferenceError, HeadRow
from streams.store.rows import GENESIS, EventRow, link, origin


class Proof:
    """Follows one area from its first event; raises DifferenceError at the first row that cannot be genuine."""

    def __init__(self, area: str, namespace: uuid.UUID) -> None:
        self.area = area
        self.seq = 0
        self.chain = GENESIS
        self._namespace = namespace

    def take(self, one: Caused) -> None:
        """Check an input and its events."""
        row = one.input
        if digest(row.type, row.value) != row.digest:
            raise DifferenceError(
                self.area, row.seq, f"the bytes of input {row.source} {row.id} are not those of its digest"
            )
        if one.events[0].now != row.now:
            raise DifferenceError(self.area, row.seq, f"was decided at {one.events[0].now}, its input at {row.now}")
        self._events(f"{row.source} {row.id}", one.events, link(self.chain, origin(row), one.events[0]))

    def trust(self, events: tuple[EventRow, ...]) -> None:
        """Go on at events whose input is not at hand: where their chain begins is taken from themselves."""
        self._events(events[0].causation, events, events[0].chain)

    def _events(self, causation: str, events: tuple[EventRow, ...], chain: bytes) -> None:
        for index, event in enumerate(events):
            self._identity(causation, event, index)
            if event.chain != (chain if index == 0 else link(self.chain, b"", event)):
                what = f"{event.type}: hash chain broken: this row or its input was changed"
                raise DifferenceError(self.area, event.seq, what)
            self.seq, self.chain = event.seq, event.chain

    def _identity(self, causation: str, event: EventRow, index: int) -> None:
        if event.seq != self.seq + 1:
            raise DifferenceError(self.area, self.seq + 1, f"is missing: after {self.seq} comes {event.seq}")
        if event.causation != causation:
            raise DifferenceError(self.area, event.seq, f"is caused by {event.causation!r}, its input is {causation!r}")
        if event.id != uuid.uuid5(self._namespace, f"{self.area} {causation} {index}"):
            raise DifferenceError(self.area, event.seq, f"id {event.id} is not the one of its cause and place")

    def end(self, head: HeadRow) -> None:
        """Check that the area's head is the end of the chain."""
        if (head.seq, head.chain) != (self.seq, self.chain):
            raise DifferenceError(self.area, head.seq, f"the head says {head.seq}, the recorder ends at {self.seq}")

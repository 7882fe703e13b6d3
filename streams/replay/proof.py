"""Checks recorded rows by themselves: gapless, ids and causes as they must be, digests and hash chain unbroken."""

import uuid

from schemas.codec import digest
from streams.replay.recorded import Caused, DifferenceError, HeadRow
from streams.store.rows import GENESIS, EventRow, InputRow, link, origin


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
            raise DifferenceError(self.area, row.seq, f"the bytes of input {row.source} {row.id} are not those of its digest")
        content = origin(row)
        for index, event in enumerate(one.events):
            self._event(row, event, index, content)
            content = b""

    def _event(self, cause: InputRow, event: EventRow, index: int, content: bytes) -> None:
        if event.seq != self.seq + 1:
            raise DifferenceError(self.area, self.seq + 1, f"is missing: after {self.seq} comes {event.seq}")
        causation = f"{cause.source} {cause.id}"
        if event.causation != causation:
            raise DifferenceError(self.area, event.seq, f"is caused by {event.causation!r}, its input is {causation!r}")
        if event.now != cause.now:
            raise DifferenceError(self.area, event.seq, f"was decided at {event.now}, its input at {cause.now}")
        if event.id != uuid.uuid5(self._namespace, f"{self.area} {causation} {index}"):
            raise DifferenceError(self.area, event.seq, f"id {event.id} is not the one of its cause and place")
        chain = link(self.chain, content, event)
        if chain != event.chain:
            raise DifferenceError(self.area, event.seq, f"{event.type}: hash chain broken: this row or its input was changed")
        self.seq, self.chain = event.seq, chain

    def end(self, head: HeadRow) -> None:
        """Check that the area's head is the end of the chain."""
        if (head.seq, head.chain) != (self.seq, self.chain):
            raise DifferenceError(self.area, head.seq, f"the head says {head.seq}, the recorder ends at {self.seq}")

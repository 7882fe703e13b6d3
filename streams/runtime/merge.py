"""A lane's queue: records of several topics of one partition number, in the order in which the lane applies them.

Order is append time, ties by topic rank (streams that say who may decide come before decisions, these before
requests, these before telemetry). While a topic is known to lag, the lane waits a moment for its records: after an
hour's outage a directive must not overtake the report it answers.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.topics import LANE_ORDER, REALM_CLOCK
from streams.runtime.records import Record

Sort = Callable[[Record], tuple[float, int]]


def by_append_time(record: Record) -> tuple[float, int]:
    """Order of the actual realm."""
    return (record.timestamp, LANE_ORDER[record.topic])


@dataclass(slots=True)
class TopicQueue:
    """Records of one topic partition that were fetched and not yet applied."""

    records: deque[Record] = field(default_factory=deque)
    bytes: int = 0
    next_in: int = 0
    """Offset after the last record that came in, or where reading starts."""
    known_end: int = 0
    """End of the log when last seen: below it the topic is known to lag."""

    @property
    def lagging(self) -> bool:
        """Nothing is at hand though the log is known to go on."""
        return not self.records and self.next_in < self.known_end


class GapError(Exception):
    """Records between what the lane has and what came in are missing: read again from `position`."""

    def __init__(self, topic: str, position: int) -> None:
        super().__init__(f"{topic}: records from {position} are missing")
        self.topic = topic
        self.position = position


class MergeQueue:
    """The queue of one lane."""

    def __init__(self, sort: Sort = by_append_time) -> None:
        self._sort = sort
        self.topics: dict[str, TopicQueue] = {}

    def start(self, topic: str, position: int, known_end: int) -> None:
        """Begin a topic at its stored position; forgets what was queued."""
        self.topics[topic] = TopicQueue(next_in=position, known_end=known_end)

    def offer(self, topic: str, start: int, records: Iterable[Record]) -> int:
        """Take fetched records; `start` is the fetch position before them. Returns how many were new. Raises Gap."""
        queue = self.topics.get(topic)
        if queue is None:
            return 0
        if start > queue.next_in:
            raise GapError(topic, queue.next_in)
        taken = 0
        for record in records:
            if record.offset >= queue.next_in:
                queue.records.append(record)
                queue.bytes += len(record.value or b"")
                queue.next_in = record.offset + 1
                taken += 1
        return taken

    def lagging(self) -> bool:
        """Whether some topic's next record is known to exist but is not here yet."""
        return any(queue.lagging for queue in self.topics.values())

    def take(self, limit: int, may: Callable[[Record], bool]) -> list[Record]:
        """Up to `limit` records in order; a topic whose first record may not be applied yet is passed over.

        A clock record ends the batch: what was passed over may be next when the clock has moved.
        """
        taken: list[Record] = []
        held: set[str] = set()
        while len(taken) < limit:
            best: tuple[tuple[float, int], str] | None = None
            for topic, queue in self.topics.items():
                if topic in held or not queue.records:
                    continue
                if not may(queue.records[0]):
                    held.add(topic)
                    continue
                rank = (self._sort(queue.records[0]), topic)
                if best is None or rank < best:
                    best = rank
            if best is None:
                break
            queue = self.topics[best[1]]
            record = queue.records.popleft()
            queue.bytes -= len(record.value or b"")
            taken.append(record)
            if queue.lagging or record.topic == REALM_CLOCK:
                break
        return taken

    def put_back(self, records: list[Record]) -> None:
        """Return records that were taken and must wait, in their order."""
        for record in reversed(records):
            queue = self.topics[record.topic]
            queue.records.appendleft(record)
            queue.bytes += len(record.value or b"")

    def size(self) -> int:
        """Records at hand."""
        return sum(len(queue.records) for queue in self.topics.values())

    def size_bytes(self) -> int:
        """Bytes at hand."""
        return sum(queue.bytes for queue in self.topics.values())


def virtual_order(virtual_time: Callable[[Record], datetime | None]) -> Sort:
    """Order of an exercise realm: virtual time, then rank."""

    def sort(record: Record) -> tuple[float, int]:
        at = virtual_time(record)
        return (at.timestamp() if at else 0.0, LANE_ORDER[record.topic])

    return sort

"""What one lane holds of its topics: takes fetched records from agents, and asks again for those it had to leave.

An agent serves all lanes, so no lane may keep it waiting for long: what finds no room is left in the log, and read
again from there when there is room. The same heals every other way in which fetched records can get lost on their way.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from schemas.codec import Readable
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import REALM_CLOCK
from streams.runtime.areas import Areas
from streams.runtime.due import Gate
from streams.runtime.items import decode_record
from streams.runtime.merge import GapError, MergeQueue, by_append_time, virtual_order
from streams.runtime.records import Position, Record
from streams.runtime.unit import instant
from streams.runtime.virtual import order_time, virtual_time
from streams.settings import Settings

log = structlog.get_logger("inbox")
Reseek = Callable[[Position, int], Awaitable[None]]
ROOM_S = 2.0
"""How long an agent waits for room."""
QUIET_S = 10.0
"""A topic that is known to go on and from which nothing has come for so long is read again."""
ASK_AGAIN_S = 1.0
BARREN_S = 1.0
"""After so long it is looked whether anything but marks of producers' transactions is left to come."""


class OffsetLostError(Exception):
    """The log no longer has what comes next, or is another log than the one that was read."""


class Source(Protocol):
    """What is asked about the logs themselves (streams.runtime.logs)."""

    async def begins(self, wanted: set[Position]) -> dict[Position, int]:
        """Where these logs begin now."""

    async def is_barren(self, position: Position, start: int, end: int) -> bool:
        """Whether no record stands from `start` to before `end`."""


class Inbox:
    """The queue of one lane, its limits, and the order of virtual time."""

    def __init__(self, partition: int, areas: Areas, settings: Settings, reseek: Reseek, source: Source) -> None:
        self.partition = partition
        self._source = source
        self._areas = areas
        self._settings = settings
        self._reseek = reseek
        self._sort = virtual_order(order_time) if settings.virtual_time else by_append_time
        self._queue = MergeQueue(self._sort)
        self._room = asyncio.Event()
        self._missing: dict[str, None] = {}
        self._quiet: dict[str, tuple[int, float]] = {}
        self._looked_at: dict[str, int] = {}
        self.barren: dict[Position, tuple[int, int]] = {}
        """Ends of logs in which there is no record: from where to where."""
        self._ask_at = 0.0
        self._lagging_since: float | None = None

    def start(self, positions: Mapping[Position, int], ends: Mapping[Position, int]) -> None:
        """Forget what is held; begin at these positions. `ends` are the log ends as far as known."""
        self._queue = MergeQueue(self._sort)
        for position, offset in positions.items():
            self._queue.start(position.topic, offset, ends.get(position, offset))
        self._missing.clear()
        self._quiet.clear()
        self._looked_at.clear()
        self.barren.clear()
        self._lagging_since = None
        self._room.set()

    def start_again(self, positions: Mapping[Position, int]) -> None:
        """Begin at these positions although the fetch goes on elsewhere."""
        self.start(positions, self.ends())
        self._missing = dict.fromkeys(self._queue.topics)

    # ---- coming in

    async def offer(self, topic: str, start: int, records: Sequence[Record]) -> None:
        """Take fetched records, or remember that they are missing. Raises OffsetLostError."""
        if topic in self._missing or topic not in self._queue.topics:
            return
        if records[0].offset < start:
            # The client found its offset out of range and went back to the beginning by itself.
            raise OffsetLostError(f"{topic}: the log begins again at {records[0].offset}, expected {start}")
        if not await self._has_room(topic) or (records[0].offset > start and not await self._is_whole(topic)):
            self._missing[topic] = None
            return
        try:
            self._queue.offer(topic, start, records)
        except GapError as gap:
            log.warning("gap", lane=self.partition, topic=topic, position=gap.position, got=start)
            self._missing[topic] = None

    def missed(self, topic: str) -> None:
        """Fetched records of a topic got lost on their way."""
        if topic in self._queue.topics:
            self._missing[topic] = None

    async def _is_whole(self, topic: str) -> bool:
        """Whether a hole in the offsets is of no account (the end of a producer's transaction).

        False when the broker does not answer. Raises OffsetLostError when the log begins after it.
        """
        queue, position = self._queue.topics[topic], Position(topic, self.partition)
        try:
            begin = (await self._source.begins({position}))[position]
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("log_unknown", lane=self.partition, topic=topic, error=repr(error))
            return False
        if begin > queue.next_in:
            raise OffsetLostError(f"{topic}: the log begins at {begin}, expected {queue.next_in}")
        return True

    async def _has_room(self, topic: str) -> bool:
        deadline = time.monotonic() + ROOM_S
        while self._full(topic):
            self._room.clear()
            try:
                await asyncio.wait_for(self._room.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                return False
        return True

    def _full(self, topic: str) -> bool:
        """A topic of which nothing is held is never full: the order needs its next record."""
        queue = self._queue.topics.get(topic)
        if queue is None or not queue.records or topic == REALM_CLOCK:
            return False
        return (
            len(queue.records) > self._settings.queue_records or self._queue.size_bytes() > self._settings.queue_bytes
        )

    async def read_again(self) -> None:
        """Ask for what is missing, as soon as there is room for it. Raises OffsetLostError."""
        now = time.monotonic()
        for topic, since in self._quiet_topics(now).items():
            await self._look_into(topic, now - since)
        if not self._missing or now < self._ask_at:
            return
        for topic in [topic for topic in self._missing if not self._full(topic)]:
            position = Position(topic, self.partition)
            del self._missing[topic]
            try:
                await self._reseek(position, self._queue.topics[topic].next_in)
            except Exception as error:  # noqa: BLE001  (the broker is away, or the group rebalances: asked again)
                log.warning("read_again_waits", lane=self.partition, topic=topic, error=repr(error))
                self._missing[topic] = None
                self._ask_at = now + ASK_AGAIN_S

    def _quiet_topics(self, now: float) -> dict[str, float]:
        """Topics that are known to go on and from which nothing has come, and since when."""
        quiet: dict[str, tuple[int, float]] = {}
        for topic, queue in self._queue.topics.items():
            if queue.lagging:
                at, since = self._quiet.get(topic, (queue.next_in, now))
                quiet[topic] = (queue.next_in, since if at == queue.next_in else now)
        self._quiet = quiet
        return {topic: since for topic, (_, since) in quiet.items()}

    async def _look_into(self, topic: str, seconds: float) -> None:
        queue, position = self._queue.topics[topic], Position(topic, self.partition)
        if seconds >= QUIET_S:
            self._quiet.pop(topic)
            self._looked_at.pop(topic, None)
            if await self._is_whole(topic):
                self._missing[topic] = None
        elif seconds >= BARREN_S and self._looked_at.get(topic) != queue.known_end:
            self._looked_at[topic] = end = queue.known_end
            try:
                if await self._source.is_barren(position, queue.next_in, end):
                    self.barren[position] = (queue.next_in, end)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("log_unknown", lane=self.partition, topic=topic, error=repr(error))

    def skipped(self, position: Position, start: int, end: int) -> None:
        """The barren end of a log counts as read."""
        queue = self._queue.topics[position.topic]
        if queue.next_in == start:
            queue.next_in = end

    # ---- going out

    def put_back(self, records: list[Record]) -> None:
        """Return the last records that were taken: they must wait."""
        self._queue.put_back(records)

    def take(self, limit: int, gate: Gate | None) -> list[Record]:
        """Up to `limit` records in order, as far as they may be applied yet: at a gate only those before it."""
        records = self._queue.take(limit, self._may if gate is None else lambda record: _before(record, gate))
        if records:
            self._room.set()
        return records

    def must_wait(self) -> bool:
        """A lagging topic's next record may be older than what is at hand: give it a moment."""
        if not self._queue.lagging():
            self._lagging_since = None
            return False
        now = time.monotonic()
        self._lagging_since = self._lagging_since or now
        return now - self._lagging_since < self._settings.merge_patience_ms / 1000

    def _may(self, record: Record) -> bool:
        if not self._settings.virtual_time:
            return True
        if record.topic == REALM_CLOCK:
            return self._clock_may(record)
        at = virtual_time(record)
        now = self._areas.instant((record.key or b"").decode("ascii", "replace"))
        return at is None or now is None or at <= now

    def _clock_may(self, record: Record) -> bool:
        read = decode_record(record, virtual_time=True).read
        if not isinstance(read, Readable) or not isinstance(read.event, ClockAdvanced):
            return True
        return all(
            queue.next_in >= offset
            for topic, offsets in read.event.after.items()
            if (queue := self._queue.topics.get(topic)) is not None
            for partition, offset in offsets.items()
            if partition == self.partition
        )

    # ---- what is known

    def size(self) -> int:
        """Records at hand."""
        return self._queue.size()

    def ends(self) -> dict[Position, int]:
        """Log ends as far as known."""
        return {
            Position(topic, self.partition): max(queue.known_end, queue.next_in)
            for topic, queue in self._queue.topics.items()
        }

    def end_seen(self, ends: Mapping[Position, int]) -> None:
        """Newer log ends: what lies between is known to be coming."""
        for position, end in ends.items():
            queue = self._queue.topics.get(position.topic)
            if queue is not None and position.partition == self.partition:
                queue.known_end = max(queue.known_end, end)


def _before(record: Record, gate: Gate) -> bool:
    return instant(record.timestamp) <= gate.due

"""Hears what comes out of topics: every run's own areas, in order, and whether its records were answered."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from pydantic_core import from_json

from schemas.base import OUTPUTS
from schemas.envelope import parse_time
from schemas.topics import DEAD_LETTERS, MUTUAL_AID, OUTPUT_TOPICS
from streams.scenario.fold import Observed

Watch = Callable[[Observed], None]


@dataclass(frozen=True, slots=True)
class Wire:
    """Where to play: brokers, the realm's topic prefix, partitions per topic, and how long an answer may take."""

    brokers: str
    prefix: str
    partitions: int
    patience_s: float = 30.0
    pause_s: float = 0.0
    """Rest between two instants, for an audience."""


class NoAnswerError(Exception):
    """The worker did not answer in time: it is not running, not ready, or a lane stands still."""


@dataclass
class Collected:
    """What was seen on the output topics, in the order of each area's sequence, and the faults of the run."""

    observed: list[Observed] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Listener:
    """One run's ear: keeps what its own areas emit, and knows which of its records were answered."""

    def __init__(self, areas: frozenset[str], watch: Watch | None) -> None:
        self.collected = Collected()
        self.answered: set[str] = set()
        self.letters: set[str] = set()
        """Ids of messages from one of the run's cities to another, which that one must have answered too."""
        self._areas = areas
        self._watch = watch
        self._waiting: dict[str, dict[int, Observed]] = {}
        self._next: dict[str, int] = {}

    def hear(self, seen: Observed) -> None:
        """Take an event; what comes early waits for what stands before it, what comes again is dropped."""
        if seen.sequence < self._next.get(seen.area, 1):
            return
        waiting = self._waiting.setdefault(seen.area, {})
        waiting[seen.sequence] = seen
        while (first := waiting.pop(self._next.get(seen.area, 1), None)) is not None:
            self._next[seen.area] = first.sequence + 1
            self.collected.observed.append(first)
            if first.cause:
                self.answered.add(first.cause)
            if OUTPUTS[first.type].TOPIC == MUTUAL_AID and first.data.get("area") in self._areas - {first.area}:
                self.letters.add(first.id)
            if self._watch is not None:
                self._watch(first)

    def hear_letter(self, step: str, told: str) -> None:
        """A record of this run could not be read or applied."""
        self.collected.errors.append(f"step {step}: dead letter {told}")
        self.answered.add(step)


class Collector:
    """Reads every output topic from its beginning and hands each area's events to its listener."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._listeners: dict[str, Listener] = {}
        self._news = asyncio.Condition()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=wire.brokers, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        names = [self._wire.prefix + topic for topic in OUTPUT_TOPICS]
        partitions = [TopicPartition(name, number) for name in names for number in range(self._wire.partitions)]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)
        self._task = asyncio.create_task(self._read(), name="scenario-collector")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        await self._consumer.stop()

    def listen(self, areas: Iterable[str], watch: Watch | None = None) -> Listener:
        """A listener for these areas; each area has one."""
        own = frozenset(areas)
        listener = Listener(own, watch)
        self._listeners |= dict.fromkeys(own, listener)
        return listener

    async def answered(self, listener: Listener, ids: set[str]) -> None:
        """Wait until each of these records has caused an output or a dead letter. Raises NoAnswerError."""
        try:
            async with asyncio.timeout(self._wire.patience_s), self._news:
                await self._news.wait_for(lambda: ids <= listener.answered or self._failed())
        except TimeoutError:
            missing = ", ".join(sorted(ids - listener.answered)[:5])
            told = f"no answer within {self._wire.patience_s:g} s to {missing}; is a worker running?"
            raise NoAnswerError(told) from None
        if self._task is not None and self._failed():
            self._task.result()

    def _failed(self) -> bool:
        return self._task is not None and self._task.done()

    async def _read(self) -> None:
        try:
            while True:
                batches = await self._consumer.getmany(timeout_ms=200)
                for record in chain.from_iterable(batches.values()):
                    self._take(record)
                if batches:
                    async with self._news:
                        self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()

    def _take(self, record: ConsumerRecord) -> None:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        if record.topic == self._wire.prefix + DEAD_LETTERS:
            listener = self._listeners.get((record.key or b"").decode("utf-8", "replace"))
            told = " ".join(headers.get(name, "") for name in ("dl_code", "dl_path", "dl_message"))
            if listener is not None:
                listener.hear_letter(headers.get("ce_id", "?"), told)
            return
        area = headers["ce_source"].rsplit("/", 1)[1]
        listener = self._listeners.get(area)
        if listener is not None:
            cause = headers.get("ce_causationid", "").rsplit(" ", 1)[-1]
            time, data = parse_time(headers["ce_time"]), from_json(record.value)
            sequence, id_ = int(headers["ce_sequence"]), headers["ce_id"]
            listener.hear(Observed(headers["ce_type"], area, time, sequence, data, cause, id_))

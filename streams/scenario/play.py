"""Plays a scenario through topics, as upstream systems would, in an exercise realm on virtual time.

For each distinct instant T the player waits until everything sent so far was answered, sends `clock.advanced.v1` (to
T) and then the records of T in the file's order; the lane holds them back until the clock is there. Two topics have no
common order, so where neighbours of one instant go to different topics it waits again. Every accepted input has at
least one output: that is the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord
from pydantic_core import from_json

from schemas.codec import encode
from schemas.envelope import parse_time, stamp, write
from schemas.inputs.clock import ClockAdvanced
from schemas.inputs.resources import ResourcePositioned
from schemas.topics import DEAD_LETTERS, OUTPUT_TOPICS, REALM_CLOCK
from streams.scenario.binder import Lookup
from streams.scenario.compile import Record, record_of
from streams.scenario.fold import Observed
from streams.scenario.late import is_late
from streams.scenario.model import Scenario, Send, Step

CLOCK_SOURCE = "scenario/clock"
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

    def __init__(self, watch: Watch | None) -> None:
        self.collected = Collected()
        self.answered: set[str] = set()
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
        listener = Listener(watch)
        self._listeners |= dict.fromkeys(areas, listener)
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
            listener.hear(Observed(headers["ce_type"], area, time, int(headers["ce_sequence"]), data, cause))


class TopicPlayer:
    """Plays one scenario; the realm's topics must exist and its worker run."""

    def __init__(
        self,
        scenario: Scenario,
        wire: Wire,
        collector: Collector,
        producer: AIOKafkaProducer,
        watch: Watch | None = None,
    ) -> None:
        self.scenario = scenario
        self._wire = wire
        self._collector = collector
        self._producer = producer
        self._listener = collector.listen(scenario.areas(), watch)
        self._lookup = Lookup(scenario, self._listener.collected.observed)
        self._sent: dict[str, Record] = {}
        self._after: dict[str, dict[int, int]] = {}
        self._open: set[str] = set()
        self._areas: list[str] = []
        self._topic = ""
        self._clocks = 0

    async def play(self) -> Collected:
        """Everything, to the scenario's end instant."""
        for send in self.scenario.fixture:
            await self._one(send, self.scenario.start)
        now = self.scenario.start
        for step in self.scenario.steps:
            now = await self._to(step, now)
            if step.send is not None:
                await self._one(step.send, step.at)
        await self._clock(self.scenario.end)
        await self._settled()
        return self._listener.collected

    async def _to(self, step: Step, now: datetime) -> datetime:
        if step.at > now:
            await self._clock(step.at)
            if self._wire.pause_s:
                await self._settled()
                await asyncio.sleep(self._wire.pause_s)
        return step.at

    async def _one(self, send: Send, at: datetime) -> None:
        if is_late(send.data):
            await self._settled()
        try:
            record = self._record(send, at)
        except LookupError as error:
            self._listener.collected.errors.append(str(error))
            return
        if (self._topic and record.topic != self._topic) or record.area not in self._areas:
            await self._settled()
        self._topic = record.topic
        if record.area not in self._areas:
            self._areas.append(record.area)
        self._sent[send.id] = record
        await self._put(record.topic, record.key, record.value, record.headers)
        if send.repeat_of is None and send.type != ResourcePositioned.TYPE:
            self._open.add(record.step)
        if send.type == "register.area.v1":
            await self._settled()

    def _record(self, send: Send, at: datetime) -> Record:
        if send.repeat_of is None:
            return record_of(send, at, self._lookup)
        if send.repeat_of not in self._sent:
            raise LookupError(f"step {send.id} repeats {send.repeat_of}, which sent nothing")
        return self._sent[send.repeat_of]

    async def _clock(self, to: datetime) -> None:
        """Virtual time of every area moves, after everything sent so far was answered."""
        await self._settled()
        after = {topic: dict(offsets) for topic, offsets in self._after.items()}
        for area in self._areas:
            self._clocks += 1
            id_ = f"clock-{self._clocks:05d}"
            value = encode(ClockAdvanced(area=area, to=to, after=after))
            told = {"id": id_, "source": CLOCK_SOURCE, "type": ClockAdvanced.TYPE}
            headers = write({**told, "time": stamp(to), "virtualtime": stamp(to)})
            await self._put(REALM_CLOCK, area.encode(), value, headers)
            self._open.add(id_)
        self._topic = ""

    async def _put(self, topic: str, key: bytes, value: bytes, headers: Iterable[tuple[str, bytes]]) -> None:
        told: Any = await self._producer.send_and_wait(self._wire.prefix + topic, value, key=key, headers=list(headers))
        if topic != REALM_CLOCK:
            self._after.setdefault(topic, {})[told.partition] = told.offset + 1

    async def _settled(self) -> None:
        open_, self._open = self._open, set()
        await self._collector.answered(self._listener, open_)


async def play(scenario: Scenario, wire: Wire, watch: Watch | None = None) -> Collected:
    """Play a scenario through the realm's topics. Raises NoAnswerError and Kafka's errors."""
    async with _producing(wire) as producer, Collector(wire) as collector:
        return await TopicPlayer(scenario, wire, collector, producer, watch).play()


async def play_all(scenarios: Iterable[Scenario], wire: Wire, at_once: int = 4) -> list[Collected]:
    """Play several runs in one realm, each in areas of its own (`relabel`), some of them at the same time."""
    room = asyncio.Semaphore(at_once)

    async def one(scenario: Scenario) -> Collected:
        async with room:
            return await TopicPlayer(scenario, wire, collector, producer).play()

    async with _producing(wire) as producer, Collector(wire) as collector:
        return list(await asyncio.gather(*(one(scenario) for scenario in scenarios)))


@asynccontextmanager
async def _producing(wire: Wire) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=wire.brokers, acks="all", max_request_size=9 * 1024 * 1024)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()

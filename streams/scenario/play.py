"""Plays a scenario through topics, as upstream systems would, in an exercise realm on virtual time.

For each distinct instant T the player sends `clock.advanced.v1` (to T, after everything sent so far) and then the
records of T in the file's order. Two topics have no common order, so where neighbours of one instant go to different
topics it waits until what went before was answered. Every accepted input has at least one output: that is the answer.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
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
    """What was seen on the output topics, in the order of each area's sequence."""

    observed: list[Observed] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Collector:
    """Reads every output topic from its beginning; hands events on in order of their area's sequence."""

    def __init__(self, wire: Wire, watch: Watch | None = None) -> None:
        self.collected = Collected()
        self._wire = wire
        self._watch = watch
        self._answered: set[str] = set()
        self._waiting: dict[str, dict[int, Observed]] = {}
        self._next: dict[str, int] = {}
        self._news = asyncio.Event()
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

    async def answered(self, ids: Iterable[str]) -> None:
        """Wait until each of these records has caused an output or a dead letter. Raises NoAnswerError."""
        wanted = set(ids)
        deadline = asyncio.get_running_loop().time() + self._wire.patience_s
        while not wanted <= self._answered:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or (self._task is not None and self._task.done()):
                missing = ", ".join(sorted(wanted - self._answered)[:5])
                raise NoAnswerError(f"no answer within {self._wire.patience_s:g} s to {missing}; is a worker running?")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), min(left, 1.0))
            except TimeoutError:
                continue

    async def _read(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    self._take(record)
            if batches:
                self._news.set()

    def _take(self, record: ConsumerRecord) -> None:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        if record.topic == self._wire.prefix + DEAD_LETTERS:
            step = headers.get("ce_id", "?")
            told = " ".join(headers.get(name, "") for name in ("dl_code", "dl_path", "dl_message"))
            self.collected.errors.append(f"step {step}: dead letter {told}")
            self._answered.add(step)
            return
        area, sequence = headers["ce_source"].rsplit("/", 1)[1], int(headers["ce_sequence"])
        if sequence < self._next.get(area, 1):
            return
        cause = headers.get("ce_causationid", "").rsplit(" ", 1)[-1]
        time, data = parse_time(headers["ce_time"]), from_json(record.value)
        seen = Observed(headers["ce_type"], area, time, sequence, data, cause)
        self._waiting.setdefault(area, {})[sequence] = seen
        self._hand_on(area)

    def _hand_on(self, area: str) -> None:
        waiting = self._waiting[area]
        while (seen := waiting.pop(self._next.get(area, 1), None)) is not None:
            self._next[area] = seen.sequence + 1
            self.collected.observed.append(seen)
            if seen.cause:
                self._answered.add(seen.cause)
            if self._watch is not None:
                self._watch(seen)


class TopicPlayer:
    """Plays one scenario; the realm's topics must exist and its worker run."""

    def __init__(self, scenario: Scenario, wire: Wire, collector: Collector, producer: AIOKafkaProducer) -> None:
        self.scenario = scenario
        self._wire = wire
        self._collector = collector
        self._producer = producer
        self._lookup = Lookup(scenario, collector.collected.observed)
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
        return self._collector.collected

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
            self._collector.collected.errors.append(str(error))
            return
        if record.topic != self._topic or record.area not in self._areas:
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
        """Virtual time of every area moves, after everything sent so far."""
        after = {topic: dict(offsets) for topic, offsets in self._after.items()}
        for area in self._areas:
            self._clocks += 1
            id_ = f"clock-{self._clocks:05d}"
            value = encode(ClockAdvanced(area=area, to=to, after=after))
            told = {"id": id_, "source": CLOCK_SOURCE, "type": ClockAdvanced.TYPE}
            headers = write({**told, "time": stamp(to), "virtualtime": stamp(to)})
            await self._put(REALM_CLOCK, area.encode(), value, headers)
            self._open.add(id_)
        self._topic = REALM_CLOCK

    async def _put(self, topic: str, key: bytes, value: bytes, headers: Iterable[tuple[str, bytes]]) -> None:
        told: Any = await self._producer.send_and_wait(self._wire.prefix + topic, value, key=key, headers=list(headers))
        if topic != REALM_CLOCK:
            self._after.setdefault(topic, {})[told.partition] = told.offset + 1

    async def _settled(self) -> None:
        open_, self._open = self._open, set()
        await self._collector.answered(open_)


async def play(scenario: Scenario, wire: Wire, watch: Watch | None = None) -> Collected:
    """Play a scenario through the realm's topics. Raises NoAnswerError and Kafka's errors."""
    producer = AIOKafkaProducer(bootstrap_servers=wire.brokers, acks="all", max_request_size=9 * 1024 * 1024)
    await producer.start()
    try:
        async with Collector(wire, watch) as collector:
            return await TopicPlayer(scenario, wire, collector, producer).play()
    finally:
        await producer.stop()

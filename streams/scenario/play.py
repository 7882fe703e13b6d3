"""Plays a scenario through topics, as upstream systems would, in an exercise realm on virtual time.

For each distinct instant T the player waits until everything sent so far was answered, sends `clock.advanced.v1` (to
T) and then the records of T in the file's order; the lane holds them back until the clock is there. Two topics have no
common order, so where neighbours of one instant go to different topics it waits again. Every accepted input has at
least one output: that is the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.codec import encode
from schemas.envelope import stamp, write
from schemas.inputs.clock import ClockAdvanced
from schemas.inputs.resources import ResourcePositioned
from schemas.topics import REALM_CLOCK
from streams.scenario.binder import Lookup
from streams.scenario.collector import Collected, Collector, NoAnswerError, Watch, Wire
from streams.scenario.compile import Record, record_of
from streams.scenario.late import is_late
from streams.scenario.model import Scenario, Send, Step

__all__ = ["Collected", "Collector", "NoAnswerError", "TopicPlayer", "Watch", "Wire", "play", "play_all"]
CLOCK_SOURCE = "scenario/clock"


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
        while not self._listener.letters <= self._listener.answered:
            await self._collector.answered(self._listener, set(self._listener.letters))


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

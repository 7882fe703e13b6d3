"""The upstream systems of a fault run: stories of all cities, answers to outputs, repetitions, poison."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from random import Random

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.inputs.resources import ResourcePositioned
from schemas.topics import AREA_EVENTS, NOTIFICATIONS, RESOURCE_ALLOCATIONS
from tests.support.answers import Answers
from tests.support.city import City
from tests.support.messages import VALID, Message
from tests.support.opening import open_cities
from tests.support.poison import conflicting, poisoned
from tests.support.site import Site
from tests.support.story import Story
from tests.support.upstream import CRC_SYSTEM, Upstream

POISON, CONFLICTS, DUPLICATES = 0.009, 0.001, 0.05
REMEMBERED = 3000
SLICE_S = 0.05
IN_FLIGHT = 2000


class Traffic:
    """Produces records at a rate, in causal order, until the wanted number is reached."""

    def __init__(self, site: Site, upstream: Upstream, *, cities: int, seed: int) -> None:
        self._site = site
        self._upstream = upstream
        self._random = Random(seed)
        self.stories = [Story(City(n), seed) for n in range(cities)]
        self._turn = cycle(self.stories)
        self._answers = Answers({story.city.area: story for story in self.stories}, seed)
        self._waiting: deque[Message] = deque()
        self._recent: deque[Message] = deque(maxlen=REMEMBERED)
        self.sent = 0
        self.kinds: Counter[str] = Counter()
        self.ends: dict[tuple[str, int], int] = {}
        """Next offset of each input partition, as far as brokers have confirmed records."""

    async def open_cities(self) -> None:
        """Register every city."""
        await open_cities(self._site, self.stories, self._send)

    async def run(self, records: int, rate: float, more: Callable[[], bool]) -> None:
        """Produce at this rate until so many records are sent in all, and as long as `more` says so."""
        answering = asyncio.create_task(self._listen())
        started, before = time.monotonic(), self.sent
        try:
            while self.sent < records or more():
                wanted = before + int((time.monotonic() - started) * rate) - self.sent
                messages: list[Message] = []
                while len(messages) < min(wanted, IN_FLIGHT):
                    messages.extend(self._some())
                await self._send(messages)
                await asyncio.sleep(SLICE_S)
        finally:
            answering.cancel()
            await asyncio.wait((answering,))

    async def repeat(self, records: int) -> None:
        """Send the newest records once more."""
        await self._send(list(self._recent)[-records:])

    def _some(self) -> Iterator[Message]:
        """The next record, and what goes wrong with it on the way."""
        message = self._waiting.popleft() if self._waiting else next(self._turn).next()
        chance = self._random.random()
        if chance < POISON:
            yield poisoned(message)
        elif self._recent and chance < POISON + CONFLICTS:
            yield conflicting(self._random.choice(self._recent))
        elif self._recent and chance < POISON + CONFLICTS + DUPLICATES:
            again = self._random.choice(self._recent)
            # Half of them come over another client, and so through another partition.
            yield replace(again, system=CRC_SYSTEM) if self._random.random() < 0.5 else again
        yield message
        if self._remembers(message):
            self._recent.append(message)

    @staticmethod
    def _remembers(message: Message) -> bool:
        return message.expect == VALID and message.type != ResourcePositioned.TYPE

    async def _send(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), IN_FLIGHT):
            chunk = messages[start : start + IN_FLIGHT]
            for message, confirmed in zip(
                chunk, await asyncio.gather(*[await self._upstream.post(message) for message in chunk]), strict=True
            ):
                self.sent += 1
                self.kinds[message.expect] += 1
                place = (message.topic, confirmed.partition)
                self.ends[place] = max(self.ends.get(place, 0), confirmed.offset + 1)

    async def _listen(self) -> None:
        """Owners, crews and duty rooms answer what they read."""
        while True:
            consumer = AIOKafkaConsumer(
                *(self._site.topic(name) for name in (RESOURCE_ALLOCATIONS, NOTIFICATIONS, AREA_EVENTS)),
                bootstrap_servers=self._site.settings.brokers,
                auto_offset_reset="latest",
            )
            try:
                await consumer.start()
                async for record in consumer:
                    type = dict(record.headers).get("ce_type", b"").decode()
                    self._waiting.extend(self._answers.to(record.key.decode(), type, json.loads(record.value)))
            except KafkaError:
                await asyncio.sleep(1)
            finally:
                await consumer.stop()

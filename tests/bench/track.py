"""A load that waits in the topics, run again and again: each time from the same database, by whichever process."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import INCIDENT_EVENTS
from streams.local.postgres import create_database, drop_database
from tests.support.messages import Message
from tests.support.opening import open_cities
from tests.support.site import Parts, Site, new_site, until
from tests.support.story import Story
from tests.support.upstream import Upstream

WORKER = "tests.support.worker"
BASELINE = "tests.bench.baseline"
EDGE = 0.05
"""Share of the records at either end that is not measured: start-up, and lanes that end before others."""
DRAINED_S = 240.0


@dataclass(frozen=True, slots=True)
class Lap:
    """One run: its speed in the middle, and the areas' chain heads, which are equal when decisions are."""

    events_per_s: float
    cpu_us: float
    """Processor time of the process for one record."""
    database_us: float
    """Processor time of the database's processes that serve it, for one record."""
    chains: dict[str, bytes]
    timers: int


class Cpu:
    """Processor time between the first and the last look at which the process was in the middle of its work."""

    def __init__(self, pid: int, records: int) -> None:
        self._pid = pid
        self._records = records
        self._looks: list[tuple[int, dict[int, float]]] = []

    def look(self, applied: int, serving: list[int]) -> None:
        """Remember where it is, and what it and the processes that serve it have used."""
        if 0 < applied <= self._records:
            self._looks.append((applied, {pid: _used(pid) for pid in (self._pid, *serving)}))

    def us(self) -> tuple[float, float]:
        """Microseconds for one record: of the process, and of those that serve it."""
        (first, before), (last, after) = self._looks[0], self._looks[-1]
        each = {pid: (used - before.get(pid, 0.0)) / max(1, last - first) * 1e6 for pid, used in after.items()}
        own = each.pop(self._pid)
        return own, sum(each.values())


def _used(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


class Track:
    """A site whose database is copied for every run; the load consists of records that cause `incident.events`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.records = 0
        self._laps = 0

    @classmethod
    async def open(cls, parts: Parts, name: str, stories: Iterable[Story], **settings: object) -> "Track":
        """Take in the registers of all cities, by a worker that is stopped again."""
        site = await new_site(parts, name, log_level="INFO", log_format="json", **settings)
        worker = site.worker("opening")
        worker.start()
        try:
            async with Upstream(site) as upstream:
                await open_cities(site, stories, upstream.send)
        finally:
            await asyncio.to_thread(worker.stop)
        return cls(site)

    async def load(self, messages: Iterable[Message]) -> None:
        """Put records into the topics."""
        waiting = list(messages)
        async with Upstream(self.site) as upstream:
            for start in range(0, len(waiting), 2000):
                await upstream.send(waiting[start : start + 2000])
        self.records += len(waiting)

    async def lap(self, module: str) -> Lap:
        """Let a process apply and publish the whole load, from a fresh copy of the database."""
        self._laps += 1
        name = f"{self.site.settings.deployment}-lap{self._laps}"
        server = self.site.parts.postgres.dsn()
        await create_database(server, name, self.site.settings.deployment)
        copy = self.site.on(self.site.parts.postgres.dsn(name))
        database = await copy.database()
        before = await self._ends()
        process = copy.worker(f"lap{self._laps}", module=module)
        process.start()
        cpu = Cpu(process.pid, self.records)
        try:
            start = int(await database.fetchval("select sum(next_offset) from input_offset"))

            async def done() -> bool:
                row = await database.fetchrow(
                    "select (select sum(next_offset) from input_offset) - $1 as applied,"
                    " (select count(*) from area_head where published < seq) as unpublished,"
                    " array(select pid from pg_stat_activity where datname = current_database()"
                    " and backend_type = 'client backend' and pid <> pg_backend_pid()) as serving",
                    start,
                )
                cpu.look(int(row["applied"]), row["serving"])
                return bool(row["applied"] >= self.records and not row["unpublished"])

            await until(done, DRAINED_S, f"{module} applies {self.records} records", every=0.2)
            heads = await database.fetch("select area, chain from area_head")
            timers = await database.fetchval("select count(*) from recorder_input where source = 'liandong/timer'")
        finally:
            await asyncio.to_thread(process.stop)
            await database.close()
            await drop_database(server, name)
        return Lap(
            await self._rate(before), *cpu.us(), {row["area"]: bytes(row["chain"]) for row in heads}, int(timers)
        )

    def _places(self) -> list[TopicPartition]:
        topic = self.site.topic(INCIDENT_EVENTS)
        return [TopicPartition(topic, n) for n in range(self.site.settings.partitions)]

    async def _ends(self) -> dict[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.site.settings.brokers)
        await consumer.start()
        try:
            return dict(await consumer.end_offsets(self._places()))
        finally:
            await consumer.stop()

    async def _rate(self, before: dict[TopicPartition, int]) -> float:
        """From what this lap added to `incident.events`: when the last event of each record was published."""
        after = await self._ends()
        published: dict[bytes, int] = {}
        consumer = AIOKafkaConsumer(bootstrap_servers=self.site.settings.brokers, enable_auto_commit=False)
        await consumer.start()
        try:
            left = {tp for tp in before if after[tp] > before[tp]}
            consumer.assign(list(left))
            for tp in left:
                consumer.seek(tp, before[tp])
            while left:
                for tp, records in (await consumer.getmany(timeout_ms=1000)).items():
                    for record in records:
                        cause = dict(record.headers)["ce_causationid"]
                        published[cause] = max(published.get(cause, 0), record.timestamp)
                    if records[-1].offset >= after[tp] - 1:
                        left.discard(tp)
        finally:
            await consumer.stop()
        times = sorted(published.values())
        first, last = int(len(times) * EDGE), int(len(times) * (1 - EDGE)) - 1
        return (last - first) / max(0.001, (times[last] - times[first]) / 1000)

"""D7: two installations lend to each other over a wire that loses, repeats and overtakes; workers die (`mutual_aid.*`).

Each city has its own topics, database and worker. The wire is the bridge between their `mutual.aid` topics that two
installations need anyway; this one is bad on purpose, to the very end. What happened is read from both recorders.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer

from schemas.base import InputEvent
from schemas.inputs import registers as reg
from schemas.inputs.reports import IncidentReported, Place
from schemas.inputs.requests import RequestCancelled, RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceDeploymentReported, ResourceRegistered
from schemas.outputs.allocation_events import ResourceCommitted
from schemas.topics import RESOURCE_ALLOCATIONS
from streams.policy.loader import bundled_documents, load
from streams.store.sql import QUERIES
from tests.faults.check_state import check_state
from tests.faults.findings import Findings
from tests.faults.fleet import Fleet
from tests.faults.run import say
from tests.faults.sagas import judge
from tests.faults.wire import BadWire
from tests.support.city import LONG_AGO, City
from tests.support.messages import Message, Writer
from tests.support.opening import open_cities
from tests.support.site import Parts, Site, new_site, until
from tests.support.upstream import Upstream

if TYPE_CHECKING:
    import asyncpg

SESSION_S = 2.0
INCIDENTS = 10
KINDS = ("TOX", "EMR")
"""What the first city has and the second one asks for, and the other way round."""
TERMS = {"hold_seconds: 1800": "hold_seconds: 8", "retry_seconds: 60": "retry_seconds: 4",
         "patience_seconds: 1200": "patience_seconds: 60", "review_seconds: 3600": "review_seconds: 15",
         "standing_classes: []": "standing_classes: [1, 2, 3, 4]"}  # fmt: skip
"""The policy of both cities, quick enough for a test: its law about mutual aid, and units that need no rest."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """How much of everything."""

    sagas: int
    units: int
    rate: float
    """Requests a second, of both cities together."""
    kill_every_s: float
    patience_s: float


FULL_EXCHANGE = Exchange(sagas=1_000, units=40, rate=4.0, kill_every_s=8.0, patience_s=900.0)
QUICK_EXCHANGE = Exchange(sagas=40, units=8, rate=2.0, kill_every_s=5.0, patience_s=240.0)


class Partner(City):
    """A city with units of one kind and need for another."""

    units: int = 6

    @property
    def offers(self) -> str:
        """The kind that it has."""
        return KINDS[self.number]

    @property
    def needs(self) -> str:
        """The kind that only its partner has."""
        return KINDS[1 - self.number]

    def registers(self) -> Iterator[InputEvent]:
        """Area, districts, agreement, units, law."""
        yield reg.AreaRegistered(area=self.area, name=f"Partner {self.number}", province=f"{self.area[:2]}0000")
        for district in self.districts:
            yield reg.DistrictRegistered(area=self.area, district=district, name=district)
        yield reg.PolicyAdopted(area=self.area, version=load(quick_law()).version, reason="quick terms")
        yield reg.AgreementRegistered(
            area=self.area, agreement="AG", partner=City(1 - self.number).area, kinds=KINDS, valid_from=LONG_AGO
        )
        for number in range(self.units):
            yield ResourceRegistered(
                area=self.area,
                resource=f"{self.offers}-{number}",
                category="health_team",
                kind=self.offers,
                form="unit",
                owner_unit="U",
                owner_department="health",
                district=self.districts[0],
            )


def quick_law() -> dict[str, str]:
    """The documents of this release with quick terms."""
    documents = dict(bundled_documents())
    text = documents["allocation.yaml"]
    for kind in KINDS:
        text = text.replace(f"kind: {kind}, urgency: 1,", f"kind: {kind}, urgency: 1, rest_minutes: 0,")
    for old, new in TERMS.items():
        text = text.replace(old, new)
    return {**documents, "allocation.yaml": text}


class Side:
    """One installation and the people in it."""

    def __init__(self, number: int, site: Site, form: Exchange, seed: int) -> None:
        self.city = Partner(number)
        object.__setattr__(self.city, "units", form.units)
        self.site = site
        self.fleet = Fleet(site)
        self.upstream = Upstream(site)
        self.random = Random(f"{seed}{number}")
        self._writer = Writer("desk", f"d{seed}-{number}")
        self.asked = 0

    def opening(self) -> list[Message]:
        """The registers."""
        return [self._writer.write(event) for event in self.city.registers()]

    async def open(self) -> None:
        """Bring the city under Liandong, with its law and a few incidents."""
        law = quick_law()
        database = await self.site.database()
        try:
            await database.execute(QUERIES["put_policy"], load(law).version, json.dumps(law))
        finally:
            await database.close()
        await self.upstream.__aenter__()
        await open_cities(self.site, [self], self.upstream.send)  # type: ignore[list-item]
        await self.upstream.send([self._writer.write(self._report(number)) for number in range(INCIDENTS)])

    def _report(self, number: int) -> IncidentReported:
        return IncidentReported(
            area=self.city.area,
            external_id=f"X{number}",
            source="cad",
            channel="cad",
            reporter_unit="plant",
            hazard_kinds=("mass_casualty",),
            place=Place(district=self.city.districts[number % 4]),
            occurred_at=datetime.now(UTC),
            figures={"injured": 1},
            verification="verified",
        )

    async def ask(self) -> None:
        """One more request, sometimes cancelled at once."""
        self.asked += 1
        request = f"RQ-{self.asked}"
        asked = ResourceRequested(
            area=self.city.area,
            request=request,
            source="cad",
            external_id=f"X{self.asked % INCIDENTS}",
            unit="U",
            department="health",
            place=Place(district=self.city.districts[0]),
            lines=(RequestLine(line=1, kind=self.city.needs, quantity=1, urgency=1),),
        )
        await self.upstream.send([self._writer.write(asked)])
        if self.random.random() < 0.1:
            await asyncio.sleep(self.random.uniform(0, 2))
            cancelled = RequestCancelled(area=self.city.area, request=request, unit="U")
            await self.upstream.send([self._writer.write(cancelled)])

    async def crews(self) -> None:
        """Borrowed units arrive, work a little, and are released."""
        topic = self.site.topic(RESOURCE_ALLOCATIONS)
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.site.settings.brokers, auto_offset_reset="earliest", metadata_max_age_ms=2000
        )
        await consumer.start()
        working: set[asyncio.Task[None]] = set()
        seen: set[str] = set()
        try:
            async for record in consumer:
                data = json.loads(record.value)
                committed = dict(record.headers)["ce_type"].decode() == ResourceCommitted.TYPE
                if committed and data["request"].startswith("RQ-") and data["commitment"] not in seen:
                    seen.add(data["commitment"])
                    task = asyncio.create_task(self._work(ResourceCommitted.model_validate_json(record.value)))
                    working.add(task)
                    task.add_done_callback(working.discard)
        finally:
            for task in working:
                task.cancel()
            await consumer.stop()

    async def _work(self, committed: ResourceCommitted) -> None:
        for step in ("departed", "arrived", "released"):
            await asyncio.sleep(self.random.uniform(0.1, 1.5))
            report = ResourceDeploymentReported(
                area=self.city.area,
                commitment=committed.commitment,
                resource=committed.resource,
                step=step,  # type: ignore[arg-type]
                observed_at=committed.committed_at,
            )
            await self.upstream.send([self._writer.write(report)])


async def exchange(parts: Parts, form: Exchange, seed: int) -> tuple[Findings, dict[str, float]]:
    """One run; the findings and the figures."""
    sites = [
        await new_site(parts, f"aid{seed}-{name}", partitions=2, session_timeout_s=SESSION_S, rebalance_timeout_s=5)
        for name in ("j", "k")
    ]
    sides = [Side(number, site, form, seed) for number, site in enumerate(sites)]
    wire = BadWire({side.city.area: side.site for side in sides}, Random(seed))
    started = time.monotonic()
    tasks: list[asyncio.Task[Any]] = []
    try:
        for side in sides:
            side.fleet.start("w0")
        await asyncio.gather(*(side.open() for side in sides))
        say(started, f"both cities are open; {form.sagas} sagas, the wire is bad, workers die")
        tasks = [asyncio.create_task(wire.run()), *(asyncio.create_task(side.crews()) for side in sides)]
        killing = asyncio.create_task(_kill(sides, form, Random(seed), started))
        tasks.append(killing)
        await _ask(sides, form)
        say(started, "everything is asked for; nobody dies any more, the wire stays bad")
        for task in tasks:
            if task.done():
                task.result()
        killing.cancel()
        await asyncio.wait((killing,))
        for side in sides:
            if not side.fleet.workers["w0"].running:
                side.fleet.start("w0")
        unfinished = await _settled(sides, form.patience_s)
        say(started, f"{wire.told()}; {unfinished} sagas are open")
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(side.upstream.__aexit__() for side in sides))
        for side in sides:
            side.fleet.end()
    return await _judged(sides, wire, unfinished)


async def _ask(sides: list[Side], form: Exchange) -> None:
    """So many requests, at the rate, evenly from both."""
    asking: set[asyncio.Task[None]] = set()
    for number in range(form.sagas):
        task = asyncio.create_task(sides[number % 2].ask())
        asking.add(task)
        task.add_done_callback(asking.discard)
        await asyncio.sleep(1 / form.rate)
    if asking:
        await asyncio.wait(asking)


async def _kill(sides: list[Side], form: Exchange, random: Random, started: float) -> None:
    """SIGKILL one city's only worker, at whatever moment this is, and start another one."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1.5) * form.kill_every_s)
        side = random.choice(sides)
        await until(lambda one=side: asyncio.sleep(0, one.fleet.assigned("w0")), 90, "a worker has the city")
        side.fleet.kill("w0")
        await asyncio.sleep(random.uniform(0, 2))
        side.fleet.start("w0")
        say(started, f"SIGKILL the worker of {side.city.area}; {sum(one.asked for one in sides)} asked")


OPEN = """select count(*) from state where kind in ('aid', 'aid_loan')
and body ->> 'status' not in ('ended', 'declined', 'lapsed', 'closed')"""
BEGUN = "select count(*) from state where kind = 'aid'"


async def _count(sides: list[Side], query: str) -> int:
    found = 0
    for side in sides:
        database = await side.site.database()
        try:
            found += await database.fetchval(query)
        finally:
            await database.close()
    return found


async def _settled(sides: list[Side], patience_s: float) -> int:
    """Wait until no saga is open and all that was asked for has begun; how many are open when it ends."""
    deadline = time.monotonic() + patience_s
    wanted = sum(side.asked for side in sides)
    while True:
        unfinished, begun = await _count(sides, OPEN), await _count(sides, BEGUN)
        missing = unfinished + max(0, round(wanted * 0.8) - begun)
        if not missing or time.monotonic() > deadline:
            return unfinished
        await asyncio.sleep(1)


async def _judged(sides: list[Side], wire: BadWire, unfinished: int) -> tuple[Findings, dict[str, float]]:
    findings = Findings()
    databases: dict[str, asyncpg.Connection] = {side.city.area: await side.site.database() for side in sides}
    try:
        sagas = await judge(databases)
        for database in databases.values():
            await check_state(database, findings)
    finally:
        for database in databases.values():
            await database.close()
    for what in sagas.wrong[:20]:
        print("  " + what)
    for side in sides:
        for name in side.fleet.crashes:
            findings.wrong("crashes", f"{name} of {side.city.area} ended:\n{side.fleet.workers[name].tail()}")
    outcomes = Counter(sagas.outcomes)
    print("outcomes: " + ", ".join(f"{name} {number}" for name, number in sorted(outcomes.items())))
    return findings, {
        "mutual_aid.sagas": sagas.begun,
        "mutual_aid.lent": sagas.lent,
        "mutual_aid.messages_lost": wire.counts["lost"],
        "mutual_aid.messages_repeated": wire.counts["repeated"],
        "mutual_aid.messages_delayed": wire.counts["delayed"],
        "mutual_aid.kills": sum(side.fleet.kills for side in sides),
        "mutual_aid.held_twice": sagas.held_twice + findings.counts["overcommitted"],
        "mutual_aid.late_accepted": sagas.late,
        "mutual_aid.unfinished": max(unfinished, sagas.unfinished),
    }

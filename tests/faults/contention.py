"""D5: workers that believe they own the same area, and requests for far more than there is (`allocation.*`).

w0 and w1 share a consumer group and take the area from each other, frozen and revived with an old state in memory;
the rival is in a group of its own, so it works on every record all the time. What they did is read from topics and
database.
"""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from aiokafka import AIOKafkaConsumer

from schemas.base import InputEvent
from schemas.inputs import registers as reg
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceDeploymentReported, ResourceRegistered
from schemas.outputs.allocation_events import RequestAdmitted, ResourceCommitted
from schemas.topics import RESOURCE_ALLOCATIONS
from tests.faults import points
from tests.faults.check import check
from tests.faults.findings import Findings
from tests.faults.fleet import Fleet
from tests.faults.run import quiet, say
from tests.support.city import City
from tests.support.messages import Message, Writer
from tests.support.opening import open_cities
from tests.support.site import Parts, Site, new_site
from tests.support.upstream import Upstream

SESSION_S = 2.0
IN_FLIGHT = 2000
DRAINS = 3
LOT, FLOOR = 200, 20
UNITS_KIND, STOCK_KIND = "ambulance", "ppe"
LIFE = ("accepted", "departed", "arrived", "released", "ready")


@dataclass(frozen=True, slots=True)
class Contention:
    """How much of everything."""

    requests: int
    units: int
    lots: int
    freezes: int
    deaths: int
    answers: int
    """Commitments that are seen through to their end, so that what they had is committed again."""


FULL_CONTENTION = Contention(requests=20_000, units=500, lots=50, freezes=6, deaths=3, answers=600)
QUICK_CONTENTION = Contention(requests=1_200, units=60, lots=8, freezes=2, deaths=1, answers=60)


class Crowded(City):
    """A city with so many ambulances and depots and nothing else."""

    form: Contention = QUICK_CONTENTION

    def registers(self) -> Iterator[InputEvent]:
        """The area, its districts, what there is."""
        yield reg.AreaRegistered(area=self.area, name="Crowded", province=f"{self.area[:2]}0000")
        for at, district in enumerate(self.districts):
            minutes = {other: 15 + 10 * abs(at - to) for to, other in enumerate(self.districts)}
            yield reg.DistrictRegistered(area=self.area, district=district, name=district, travel_minutes=minutes)
        for number in range(self.form.units):
            yield self._thing(f"AMB-{number}", UNITS_KIND, number, category="ambulance", form="unit")
        for number in range(self.form.lots):
            more = {"category": "protective_equipment", "form": "stock", "quantity": LOT, "floor": FLOOR}
            yield self._thing(f"LOT-{number}", STOCK_KIND, number, **more)

    def _thing(self, id: str, kind: str, number: int, **more: object) -> ResourceRegistered:
        return ResourceRegistered(
            area=self.area,
            resource=id,
            kind=kind,
            district=self.districts[number % len(self.districts)],
            owner_unit="U",
            owner_department="health",
            **more,  # type: ignore[arg-type]
        )


class Crowd:
    """Everybody who asks, and the crews that answer."""

    def __init__(self, city: Crowded, seed: int) -> None:
        self.city = city
        self._random = Random(seed)
        self._writer = Writer("crowd", f"c{seed}")

    def opening(self) -> list[Message]:
        """The registers."""
        return [self._writer.write(event) for event in self.city.registers()]

    def request(self, number: int) -> Message:
        """One line: mostly a unit, sometimes stock."""
        unit = self._random.random() < 0.85
        line = RequestLine(
            line=1,
            kind=UNITS_KIND if unit else STOCK_KIND,
            quantity=1 if unit else self._random.randint(1, 9),
            urgency=self._random.randint(1, 4),  # type: ignore[arg-type]
        )
        return self._writer.write(
            ResourceRequested(
                area=self.city.area,
                request=f"RQ-{number}",
                unit="U",
                department="health",
                place=Place(district=self._random.choice(self.city.districts)),
                lines=(line,),
            )
        )

    def life(self, committed: dict[str, str], observed_at: object) -> list[Message]:
        """A unit's steps to the end of its commitment and back to readiness."""
        return [
            self._writer.write(
                ResourceDeploymentReported(
                    area=self.city.area,
                    commitment=committed["commitment"],
                    resource=committed["resource"],
                    step=step,  # type: ignore[arg-type]
                    observed_at=observed_at,  # type: ignore[arg-type]
                )
            )
            for step in LIFE
        ]


async def contention(parts: Parts, form: Contention, seed: int) -> tuple[Findings, dict[str, float]]:
    """One run; the findings and the figures."""
    site = await new_site(parts, f"contention{seed}", partitions=2, session_timeout_s=SESSION_S, rebalance_timeout_s=5)
    fleet = Fleet(site)
    city = Crowded(0)
    object.__setattr__(city, "form", form)
    crowd = Crowd(city, seed)
    started = time.monotonic()
    try:
        for name in ("w0", "w1"):
            fleet.start(name)
        _start_rival(fleet)
        async with Upstream(site) as upstream:
            await open_cities(site, [crowd], upstream.send)  # type: ignore[list-item]
            say(started, f"{form.units} units, {form.lots} lots; {form.requests} requests at once, faults begin")
            storm = asyncio.create_task(_strike(fleet, form, Random(seed), started))
            crews = asyncio.create_task(_answer(site, upstream, crowd, form.answers))
            try:
                await _ask(upstream, crowd, form.requests)
                say(started, "all requests are confirmed by the brokers")
                await storm
                await _end_rival(fleet)
                say(started, "the faults and the rivalry are over")
                await _drained(site)
            finally:
                crews.cancel()
                storm.cancel()
                await asyncio.wait((crews, storm))
            await _drained(site)
        say(started, "quiet; stopping the workers")
        await fleet.stop()
        findings = await check(site)
        await _every_request_once(site, form, findings)
    finally:
        fleet.end()
    for name in fleet.crashes:
        findings.wrong("crashes", f"{name} ended by itself:\n{fleet.workers[name].tail()}")
    say(started, f"faults placed: {fleet.placed}; partitions that came back to an earlier owner: {fleet.returns()}")
    return findings, _figures(findings, fleet)


async def _drained(site: Site) -> None:
    """Wait as long as it takes, within reason: a busy machine is slow, not wrong."""
    for _ in range(DRAINS):
        try:
            await quiet(site)
        except TimeoutError:
            continue
        return
    await quiet(site)


def _start_rival(fleet: Fleet) -> None:
    child = fleet.site.worker("rival", module="tests.faults.rival", args=("rival", str(fleet.site.folder)))
    fleet.workers["rival"] = child
    child.start()


async def _end_rival(fleet: Fleet) -> None:
    """Each turn of a rival makes the other one load the area anew: with all requests waiting that is slow."""
    if not fleet.workers["rival"].running:
        fleet.crashes.append("rival")
    await asyncio.to_thread(fleet.workers["rival"].stop, signal.SIGTERM, 30.0)
    del fleet.workers["rival"]


async def _ask(upstream: Upstream, crowd: Crowd, requests: int) -> None:
    for start in range(0, requests, IN_FLIGHT):
        await upstream.send([crowd.request(number) for number in range(start, min(start + IN_FLIGHT, requests))])


async def _strike(fleet: Fleet, form: Contention, random: Random, started: float) -> None:
    """Freeze owners until somebody else has their partitions, and let them go on where they were."""
    await asyncio.sleep(1)
    at = (points.IN_TRANSACTION, points.AFTER_COMMIT, points.IN_COPY)
    faults = ["freeze"] * form.freezes + ["kill"] * form.deaths
    random.shuffle(faults)
    for fault in faults:
        name = random.choice(("w0", "w1", "rival"))
        if fault == "kill":
            fleet.kill(name)
            _start_rival(fleet) if name == "rival" else fleet.start(name)
            say(started, f"SIGKILL {name}")
        else:
            point, seconds = random.choice(at), SESSION_S + random.uniform(1, 3)
            if not await fleet.freeze_at(name, point, seconds, patience=4.0):
                await fleet.freeze(name, seconds)
            say(started, f"SIGSTOP {name} {point} for {seconds:.1f} s, revived")
        await asyncio.sleep(random.uniform(0.5, 2.0))


async def _answer(site: Site, upstream: Upstream, crowd: Crowd, answers: int) -> None:
    """Crews see commitments through, so that the same units are committed again and again."""
    consumer = AIOKafkaConsumer(
        site.topic(RESOURCE_ALLOCATIONS), bootstrap_servers=site.settings.brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        seen: set[str] = set()
        async for record in consumer:
            data = json.loads(record.value)
            if dict(record.headers)["ce_type"].decode() != ResourceCommitted.TYPE or data["kind"] != UNITS_KIND:
                continue
            if data["commitment"] not in seen and len(seen) < answers:
                seen.add(data["commitment"])
                await upstream.send(crowd.life(data, ResourceCommitted.model_validate_json(record.value).committed_at))
    finally:
        await consumer.stop()


async def _every_request_once(site: Site, form: Contention, findings: Findings) -> None:
    """Each request that was sent is admitted, once."""
    database = await site.database()
    try:
        rows = await database.fetch("select data from recorder_event where type = $1", RequestAdmitted.TYPE)
    finally:
        await database.close()
    admitted = Counter(json.loads(bytes(row["data"]))["request"] for row in rows)
    for number in range(form.requests):
        times = admitted[f"RQ-{number}"]
        if times != 1:
            findings.wrong("doubled" if times else "lost", f"request RQ-{number} was admitted {times} times")
    findings.count("requests", len(admitted))


def _figures(findings: Findings, fleet: Fleet) -> dict[str, float]:
    count = findings.counts
    return {
        "allocation.contended_requests": count["requests"],
        "allocation.contended_commitments": count["commitments"],
        "allocation.contended_freezes": fleet.freezes,
        "allocation.contended_kills": fleet.kills,
        "allocation.doubled": count["overcommitted"] + count["doubled"] + count["foreign"],
        "allocation.lost": count["lost"] + count["outputs_missing"] + count["unpublished"] + count["gaps"],
    }

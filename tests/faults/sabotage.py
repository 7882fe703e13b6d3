"""The checker is itself tested: with one guarantee switched off it must find something wrong, in every schedule.

Each schedule places its fault so that the missing guarantee is needed; the same schedule with everything in place
must pass, so that a checker which always complains is found out too.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults import points
from tests.faults.check import check
from tests.faults.findings import Findings
from tests.faults.fleet import Fleet
from tests.faults.plan import Form
from tests.faults.run import quiet, say
from tests.faults.traffic import Traffic
from tests.support.site import Parts, new_site, until
from tests.support.upstream import Upstream

SESSION_S = 2.0
CITIES = 3
STAGE = 150
"""Records of one stage of a schedule."""
RATE = 120.0


@dataclass
class Stage:
    """What a schedule works with."""

    fleet: Fleet
    traffic: Traffic

    async def feed(self, records: int = STAGE) -> None:
        """Send so many records and wait until they are applied."""
        await self.traffic.run(self.traffic.sent + records, RATE, more=lambda: False)

    async def owns_all(self, name: str) -> None:
        """Wait until this worker has every partition."""
        partitions = list(range(self.fleet.site.settings.partitions))
        await until(
            lambda: asyncio.sleep(0, self.fleet.assigned(name) == partitions), 60, f"{name} owns every partition"
        )


Schedule = Callable[[Stage], Awaitable[None]]


async def returning_owner(stage: Stage) -> None:
    """An area is decided by w0, then by w1 while w0 is frozen, then by w0 again, which still has its old state."""
    fleet = stage.fleet
    fleet.start("w0")
    await stage.traffic.open_cities()
    await stage.feed()
    fleet.pause("w0")
    fleet.start("w1")
    await stage.owns_all("w1")
    await stage.feed()
    await quiet(fleet.site)
    fleet.resume("w0")
    fleet.kill("w1")
    await stage.owns_all("w0")
    await stage.feed()


async def repetitions(stage: Stage) -> None:
    """Every record is sent again, in other transactions than the first time. No fault is needed."""
    stage.fleet.start("w0")
    await stage.traffic.open_cities()
    await stage.feed()
    await quiet(stage.fleet.site)
    await stage.traffic.repeat(STAGE)


async def death_after_cursor(stage: Stage) -> None:
    """The worker dies where a cursor that moves too early stands beyond what was sent."""
    fleet = stage.fleet
    fleet.start("w0")
    await stage.traffic.open_cities()
    feeding = asyncio.create_task(stage.feed())
    point = points.CURSOR_MOVED if fleet.sabotage == "cursor" else points.AFTER_COMMIT
    died = await fleet.kill_at("w0", point)
    await feeding
    if not died:
        raise RuntimeError(f"the worker never came to {point}")
    fleet.start("w0")
    await stage.feed()


SCHEDULES: dict[str, Schedule] = {"head": returning_owner, "dedupe": repetitions, "cursor": death_after_cursor}


async def self_test(parts: Parts, form: Form, seed: int) -> int:
    """Run every sabotage and its control; how many were judged wrongly."""
    started = time.monotonic()
    misjudged = 0
    for sabotage in SCHEDULES:
        for turn in range(form.schedules):
            findings = await _play(parts, sabotage, sabotage, seed + turn)
            misjudged += not findings.failed
            say(started, f"{sabotage} off, schedule {turn + 1}: {_verdict(findings)}")
        for turn in range(form.controls):
            findings = await _play(parts, sabotage, None, seed + turn)
            misjudged += findings.failed
            say(started, f"nothing off, schedule of {sabotage}: {_verdict(findings)}")
    return misjudged


def _verdict(findings: Findings) -> str:
    wrong = findings.complaints()
    return f"the checker found {wrong}" if wrong else "the checker found nothing"


async def _play(parts: Parts, schedule: str, sabotage: str | None, seed: int) -> Findings:
    site = await new_site(
        parts,
        f"{schedule}-{(sabotage is None and 'control') or 'off'}-{seed}",
        partitions=2,
        replication=1,
        session_timeout_s=SESSION_S,
        rebalance_timeout_s=5,
    )
    if sabotage == "dedupe":
        database = await site.database()
        await database.execute("drop index recorder_input_identity")
        await database.close()
    fleet = Fleet(site, sabotage)
    try:
        async with Upstream(site) as upstream:
            await SCHEDULES[schedule](Stage(fleet, Traffic(site, upstream, cities=CITIES, seed=seed)))
            await quiet(site)
        await fleet.stop()
        return await check(site)
    finally:
        fleet.end()

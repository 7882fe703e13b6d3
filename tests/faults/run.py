"""The run itself: traffic, faults, quiet, check."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import INPUT_TOPICS
from tests.faults.check import check
from tests.faults.findings import Findings
from tests.faults.fleet import Fleet
from tests.faults.pauses import Pauses
from tests.faults.plan import NAMES, Form, Plan
from tests.faults.traffic import Traffic
from tests.support.site import Parts, Site, new_site, until
from tests.support.upstream import Upstream

SESSION_S = 6.0
DRAINED_S = 300.0


async def fault_run(parts: Parts, form: Form, seed: int) -> tuple[Findings, dict[str, float]]:
    """One run of this form; the findings and the figures."""
    site = await new_site(parts, f"faults{seed}", session_timeout_s=SESSION_S, rebalance_timeout_s=10)
    fleet = Fleet(site)
    started = time.monotonic()
    try:
        for name in NAMES:
            fleet.start(name)
        async with Upstream(site) as upstream:
            traffic = Traffic(site, upstream, cities=form.cities, seed=seed)
            await traffic.open_cities()
            say(started, f"{form.cities} areas open, {traffic.sent} records of registers; faults begin")
            pauses = Pauses(site, traffic.ends, started)
            watching = asyncio.create_task(pauses.run())
            try:
                await _storm(traffic, Plan(fleet, form, seed), form, started)
                say(
                    started, f"{traffic.sent} records sent, {pauses.applied} applied, no more faults: waiting for quiet"
                )
                await quiet(site)
            finally:
                watching.cancel()
                await asyncio.wait((watching,))
        say(started, "quiet; stopping the workers")
        await fleet.stop()
        say(started, "checking")
        findings = await check(site)
    finally:
        fleet.end()
    for name in fleet.crashes:
        findings.wrong("crashes", f"{name} ended by itself:\n{fleet.workers[name].tail()}")
    say(started, f"faults placed: {fleet.placed}; partitions that came back to an earlier owner: {fleet.returns()}")
    say(started, f"long pauses: {pauses.words()}")
    say(started, f"longest pause: of one lane {pauses.longest_lane_s:.1f} s, of all {pauses.longest_group_s:.1f} s")
    return findings, figures(findings, fleet, pauses)


async def _storm(traffic: Traffic, plan: Plan, form: Form, started: float) -> None:
    async def strike() -> None:
        await asyncio.sleep(5)
        for fault in plan.faults():
            say(started, f"{await fault()} ({traffic.sent} sent)")
            await asyncio.sleep(plan.pause())

    striking = asyncio.create_task(strike())
    try:
        await traffic.run(form.records, form.rate, more=lambda: not striking.done())
    finally:
        striking.cancel()
        await asyncio.wait((striking,))
    if not striking.cancelled():
        striking.result()


async def quiet(site: Site) -> None:
    """Wait until every record is applied and every event and dead letter is published."""
    ends = await input_ends(site)

    async def done() -> bool:
        database = await site.database()
        try:
            rows = await database.fetch("select topic, partition, next_offset from input_offset")
            unsent = await database.fetchval(
                "select (select count(*) from area_head where published < seq)"
                " + (select count(*) from dead_letter where not published)"
            )
        finally:
            await database.close()
        stored = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return not unsent and all(stored.get(place, 0) >= end for place, end in ends.items())

    await until(done, DRAINED_S, "every record applied and published", every=0.5)


async def input_ends(site: Site) -> dict[tuple[str, int], int]:
    """Where the input topics end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=site.settings.brokers)
    await consumer.start()
    try:
        places = [(name, n) for name in INPUT_TOPICS for n in range(site.settings.partitions)]
        ends = await consumer.end_offsets([TopicPartition(site.topic(name), n) for name, n in places])
    finally:
        await consumer.stop()
    return {(name, n): ends[TopicPartition(site.topic(name), n)] for name, n in places}


def figures(findings: Findings, fleet: Fleet, pauses: Pauses) -> dict[str, float]:
    """Flat names for build/faults.json."""
    count = findings.counts
    return {
        "faults.records": count["records"],
        "faults.inputs": count["inputs"],
        "faults.events": count["events"],
        "faults.duplicates": count["duplicates"],
        "faults.poison": count["poison"],
        "faults.kills": fleet.kills,
        "faults.freezes": fleet.freezes,
        "faults.returned_partitions": fleet.returns(),
        "faults.lost": count["lost"] + count["outputs_missing"] + count["unpublished"],
        "faults.doubled": count["doubled"] + count["unexpected_letters"] + count["foreign"],
        "faults.gaps": count["gaps"] + count["chain_broken"],
        "faults.not_identical": count["not_identical"],
        "faults.overcommitted": count["overcommitted"],
        "faults.poison_missing": count["poison_missing"],
        "faults.state_differs": count["state_differs"],
        "faults.decided_otherwise": count["decided_otherwise"],
        "faults.crashes": count["crashes"],
        "faults.longest_pause_s": round(pauses.longest_lane_s, 1),
        "faults.longest_group_pause_s": round(pauses.longest_group_s, 1),
    }


def say(started: float, what: str) -> None:
    """One line of the run's log."""
    print(f"[{time.monotonic() - started:6.1f} s] {what}", flush=True)

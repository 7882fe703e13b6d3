"""B1, B2, B6: every scenario file holds, played through Kafka topics and a worker on PostgreSQL.

All runs share one worker: each is played in a commanding city of its own (other codes, same everything).
"""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from streams.runtime.startup import create_topics
from streams.scenario.judge import Verdict, judge
from streams.scenario.model import Scenario
from streams.scenario.parse import load
from streams.scenario.play import Collected, Wire, play_all
from streams.scenario.relabel import relabelled
from streams.settings import Settings
from streams.stack import WorkerProcess
from streams.store.migrate import migrate
from tests.parts_server import KafkaPart

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.startswith("fixture"))
REALM = "exercise.scenarios"


def runs() -> list[Scenario]:
    """Every run of every file, each in a city of its own."""
    codes = (f"{number}00" for number in count(7001))
    return [relabelled(run, codes, REALM) for path in FILES for run in load(path)]


@pytest.mark.timeout(600)
async def test_all_scenarios_hold_through_the_topics(
    kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """B1: SC-1 to SC-9 with every variant; B2: every step of scenarios_open.yaml."""
    settings = Settings(
        brokers=kafka.bootstrap,
        broker_kind="kafka" if kafka.real else "embedded",
        database=database,
        realm=REALM,
        deployment=topic_prefix.rstrip("."),
        partitions=4,
        replication=1,
        http_port=0,
        log_level="WARNING",
    )
    await asyncio.gather(create_topics(settings), migrate(database, REALM))
    scenarios = runs()
    worker = await asyncio.to_thread(WorkerProcess(settings, tmp_path, "scenarios").start)
    try:
        await asyncio.to_thread(worker.wait_ready)
        wire = Wire(settings.brokers, settings.topic_prefix, settings.partitions, patience_s=60)
        collected = await play_all(scenarios, wire)
    finally:
        await asyncio.to_thread(worker.stop)
    failed = [one for one in map(judged, scenarios, collected) if not one.passed]
    assert not failed, "\n".join(told(one) for one in failed)


def judged(scenario: Scenario, collected: Collected) -> Verdict:
    return judge(scenario, collected.observed, collected.errors)


def told(verdict: Verdict) -> str:
    lines = [f"{one.expectation.place}: {one.reason}\n  {one.instead}" for one in verdict.unmet]
    return "\n".join([verdict.scenario.label, *verdict.errors, *lines])

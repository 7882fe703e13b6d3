"""A7: what a timer brings about does not depend on when the worker was up (real PostgreSQL, a broker in memory)."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from tests.support import alarm
from tests.support.memory_lane import AREA, MemoryLane, memory_lane

START = datetime(2025, 1, 15, 8, 0, tzinfo=UTC)
DUE = START + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _concern() -> Iterator[None]:
    with alarm.registered():
        yield


@pytest.fixture
async def city(database: str) -> AsyncIterator[MemoryLane]:
    async with memory_lane(database) as memory:
        at(memory, START)
        memory.append(AreaRegistered(area=AREA, name="City"))
        await memory.settle()
        yield memory


def at(memory: MemoryLane, instant: datetime) -> None:
    """Set the broker's clock."""
    memory.clock_ms = int(instant.timestamp() * 1000)


def told(memory: MemoryLane, type: str) -> list[str]:
    return [json.loads(row.data)["alarm"] for row in memory.publisher.of(type)]


def missed(memory: MemoryLane) -> list[str]:
    return told(memory, "test.alarm_missed.v1")


@pytest.mark.parametrize(
    ("offset_ms", "breach"), [(-60_000, False), (-1, False), (0, False), (1, True), (60_000, True)]
)
@pytest.mark.parametrize("down", [False, True])
async def test_an_acknowledgement_prevents_the_breach_only_if_it_was_appended_in_time(
    city: MemoryLane, offset_ms: int, breach: bool, down: bool
) -> None:
    """A7: consumed after the deadline or not."""
    city.append(alarm.AlarmSet(area=AREA, alarm="a", due=DUE))
    await city.settle()
    if down:
        await city.lane.stop()
    at(city, DUE + timedelta(milliseconds=offset_ms))
    city.append(alarm.AlarmAcknowledged(area=AREA, alarm="a"))
    if down:
        await city.restart()
    await city.settle()
    await city.tick(DUE + timedelta(hours=1))
    assert missed(city) == (["a"] if breach else [])
    assert told(city, "test.alarm_met.v1") == ["a"]


async def test_what_a_timer_decides_happens_at_its_due_time_and_its_lateness_is_recorded(city: MemoryLane) -> None:
    city.append(alarm.AlarmSet(area=AREA, alarm="a", due=DUE))
    await city.settle()
    await city.tick(DUE + timedelta(hours=1))
    fell = city.publisher.of("deadline.fell.v1")
    assert [row.now for row in fell] == [DUE]
    assert json.loads(fell[0].data)["lateness_ms"] > 3_600_000
    assert city.count("timer_lateness_seconds_bucket", le="3600.0") == 0
    assert city.count("timer_lateness_seconds_bucket", le="+Inf") == 1


async def test_timers_fire_in_due_order_between_the_records_of_their_time(city: MemoryLane) -> None:
    for minute in (30, 10, 20):
        city.append(alarm.AlarmSet(area=AREA, alarm=f"m{minute}", due=START + timedelta(minutes=minute)))
    await city.settle()
    await city.lane.stop()
    for minute in (5, 15, 25, 35):
        at(city, START + timedelta(minutes=minute))
        city.append(DistrictRegistered(area=AREA, district=f"4201{minute:02d}", name="D"))
    await city.restart()
    await city.settle()
    story = [
        json.loads(row.data).get("alarm") or json.loads(row.data)["entry"]["district"][4:]
        for row in sorted(city.publisher.events, key=lambda row: row.seq)
        if row.type in {"test.alarm_missed.v1", "register.district_taken.v1"}
    ]
    assert story == ["05", "m10", "15", "m20", "25", "m30", "35"]


async def test_a_timer_that_a_timer_sets_fires_in_its_turn(city: MemoryLane) -> None:
    city.append(alarm.AlarmSet(area=AREA, alarm="chain:3", due=DUE))
    await city.settle()
    await city.lane.stop()
    at(city, DUE + timedelta(minutes=2, seconds=30))
    city.append(alarm.AlarmAcknowledged(area=AREA, alarm="chain:1"))
    await city.restart()
    await city.settle()
    await city.tick(DUE + timedelta(hours=1))
    assert missed(city) == ["chain:3", "chain:2", "chain:1"]
    assert told(city, "test.alarm_met.v1") == ["chain:1"]
    order = [row.type.split(".")[1] for row in sorted(city.publisher.events, key=lambda row: row.seq)]
    assert order[-2:] == ["alarm_met", "alarm_missed"] or order.index("alarm_met") > order.index("alarm_missed")


@dataclass
class Plan:
    """One alarm: when it is set, due, and acknowledged (None: never), in milliseconds after the start."""

    name: str
    set_at: int
    due: int
    ack: int | None

    @property
    def breach(self) -> bool:
        return self.ack is None or self.ack > self.due


def plans(chance: random.Random, count: int) -> list[Plan]:
    made = []
    for number in range(count):
        set_at = chance.randrange(60_000)
        due = set_at + chance.randrange(1_000, 60_000)
        near = due + chance.choice((-1, 0, 1, chance.randrange(-20_000, 20_000)))
        ack = chance.choice((None, max(set_at + 1, near), max(set_at + 1, near), max(set_at + 1, near)))
        made.append(Plan(f"p{number}", set_at, due, ack))
    return made


@pytest.mark.parametrize("seed", range(6))
async def test_random_down_times_change_nothing(city: MemoryLane, seed: int) -> None:
    """A7: the same alarms, acknowledgements and clock, with the worker up and down at random."""
    chance = random.Random(seed)
    alarms = plans(chance, 20)
    steps: list[tuple[int, int, Plan | None]] = []
    for plan in alarms:
        steps.append((plan.set_at, 1, plan))
        if plan.ack is not None:
            steps.append((plan.ack, 2, plan))
    steps += [(chance.randrange(140_000), 3, None) for _ in range(25)]
    up = True
    for when, what, plan in sorted(steps, key=lambda step: step[:2]):
        now = START + timedelta(milliseconds=when)
        at(city, now)
        if what == 1 and plan:
            due = START + timedelta(milliseconds=plan.due)
            city.append(alarm.AlarmSet(area=AREA, alarm=plan.name, due=due))
        elif what == 2 and plan:
            city.append(alarm.AlarmAcknowledged(area=AREA, alarm=plan.name))
        elif up and chance.random() < 0.5:
            await city.lane.stop()
            up = False
        elif up and chance.random() < 0.5:
            await city.tick(now - timedelta(milliseconds=250))
        elif up:
            await city.fetch()
        else:
            await city.restart()
            up = True
    await (city.settle() if up else city.restart())
    await city.tick(START + timedelta(hours=1))
    assert sorted(missed(city)) == sorted(plan.name for plan in alarms if plan.breach)
    for plan in alarms:
        if plan.ack is not None:
            assert plan.name in told(city, "test.alarm_met.v1")
    assert city.count("lane_restarts_total") == 0


async def test_a_partition_that_is_lost_does_not_stop_a_city(city: MemoryLane, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a record waits for in vain it waits for no longer than a while; then the timer comes late instead."""
    from streams.runtime.records import Position

    monkeypatch.setattr("streams.runtime.lane.GATE_S", 0.2)

    async def never(*_: object) -> dict[Position, int]:
        return {Position("registers", 7): 99}

    city.lane._horizon = never
    city.append(alarm.AlarmSet(area=AREA, alarm="a", due=DUE))
    at(city, DUE + timedelta(minutes=1))
    city.append(alarm.AlarmAcknowledged(area=AREA, alarm="b"))
    await city.settle()
    assert told(city, "test.alarm_met.v1") == ["b"]
    await city.tick(DUE + timedelta(minutes=2))
    assert missed(city) == ["a"]

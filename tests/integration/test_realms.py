"""Exercise realms: virtual time, the order it gives, and that a drill and the actual city share nothing."""

import json
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from streams.store.migrate import MigrationError, migrate, schema_name
from tests.support import alarm
from tests.support.memory_lane import AREA, MemoryLane, memory_lane

START = datetime(2031, 5, 1, 8, 0, tzinfo=UTC)
REALM = "exercise.spring"


@pytest.fixture(autouse=True)
def _concern() -> Iterator[None]:
    with alarm.registered():
        yield


@pytest.fixture
async def drill(database: str) -> AsyncIterator[MemoryLane]:
    await migrate(database, REALM)
    async with memory_lane(database, realm=REALM) as memory:
        memory.append(AreaRegistered(area=AREA, name="City"), virtual=START)
        await memory.settle()
        yield memory


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def story(memory: MemoryLane) -> list[str]:
    """What happened, in order: alarms met and missed with the minute of the area's time."""
    rows = sorted({row.seq: row for row in memory.publisher.events}.values(), key=lambda row: row.seq)
    return [
        f"{row.type.split('.')[1]} {json.loads(row.data)['alarm']} {(row.now - START).total_seconds() / 60:g}"
        for row in rows
        if row.type.startswith("test.alarm_m")
    ]


async def test_an_acknowledgement_of_virtual_time_counts_by_virtual_time(drill: MemoryLane) -> None:
    """A7: the order is that of the exercise, whenever its records really arrive."""
    for name, due in (("a", 10), ("b", 20), ("c", 30)):
        drill.append(alarm.AlarmSet(area=AREA, alarm=name, due=minute(due)), virtual=START)
    for at, name in ((10, "a"), (21, "b"), (29, "c")):
        drill.advance(minute(at))
        drill.append(alarm.AlarmAcknowledged(area=AREA, alarm=name), virtual=minute(at))
    drill.advance(minute(60))
    await drill.settle()
    assert story(drill) == ["alarm_met a 10", "alarm_missed b 20", "alarm_met b 21", "alarm_met c 29"]


async def test_a_record_of_later_waits_over_a_restart(drill: MemoryLane) -> None:
    drill.append(alarm.AlarmSet(area=AREA, alarm="a", due=minute(10)), virtual=START)
    drill.append(alarm.AlarmAcknowledged(area=AREA, alarm="a"), virtual=minute(20))
    for _ in range(3):
        await drill.fetch()
    await drill.restart()
    for _ in range(3):
        await drill.fetch()
    assert story(drill) == []
    drill.advance(minute(15))
    drill.advance(minute(20))
    await drill.settle()
    assert story(drill) == ["alarm_missed a 10", "alarm_met a 20"]


async def test_a_failing_timer_does_not_move_time_ahead(drill: MemoryLane) -> None:
    drill.append(alarm.AlarmSet(area=AREA, alarm="broken", due=minute(10)), virtual=START)
    drill.append(alarm.AlarmSet(area=AREA, alarm="a", due=minute(20)), virtual=START)
    drill.advance(minute(60))
    await drill.settle()
    assert story(drill) == ["alarm_missed a 20"]
    dropped = drill.publisher.of("area.timer_quarantined.v1")
    assert [row.now for row in dropped] == [minute(10)]


@pytest.mark.parametrize("seed", range(5))
async def test_random_down_times_change_nothing(drill: MemoryLane, seed: int) -> None:
    """A7 on virtual time: the same exercise, with the worker up and down at random, tells the same story."""
    chance = random.Random(seed)
    expected: list[tuple[float, int, str]] = []
    steps: list[tuple[float, str, str]] = []
    for number in range(15):
        set_at, name = chance.randrange(60), f"p{number}"
        due = set_at + chance.randrange(1, 60)
        ack = chance.choice((None, due - 0.5, due, due + 0.5, set_at + chance.randrange(100)))
        steps.append((set_at, f"set {due}", name))
        if ack is not None:
            steps.append((ack, "ack", name))
            expected.append((ack, 1, f"alarm_met {name} {ack:g}"))
        if ack is None or ack > due or ack < set_at:
            expected.append((due, 0, f"alarm_missed {name} {due:g}"))
    up = True
    now = 0.0
    for at, what, name in sorted(steps, key=lambda step: (step[0], step[1] == "ack")):
        if at > now:
            drill.advance(minute(at))
            now = at
        if what == "ack":
            drill.append(alarm.AlarmAcknowledged(area=AREA, alarm=name), virtual=minute(at))
        else:
            due = float(what.split()[1])
            drill.append(alarm.AlarmSet(area=AREA, alarm=name, due=minute(due)), virtual=minute(at))
        if chance.random() < 0.3:
            await (drill.lane.stop() if up else drill.restart())
            up = not up
        elif up:
            await drill.fetch()
    drill.advance(minute(500))
    await (drill.settle() if up else drill.restart())
    await drill.settle()
    assert sorted(story(drill)) == sorted(text for _, _, text in expected)
    times = [float(text.split()[2]) for text in story(drill)]
    assert times == sorted(times)
    assert drill.count("lane_restarts_total") == 0


async def test_a_drill_leaves_nothing_in_the_actual_realm(drill: MemoryLane, database: str) -> None:
    async with memory_lane(database) as actual:
        actual.append(AreaRegistered(area=AREA, name="City"), id="same")
        await actual.settle()
        drill.append(DistrictRegistered(area=AREA, district="420101", name="D"), id="same", virtual=START)
        await drill.settle()
        assert await actual.rows("select 1 from state where kind = 'district'") == []
        assert len(await drill.rows("select 1 from state where kind = 'district'")) == 1
        ids = {row.id for row in actual.publisher.events} & {row.id for row in drill.publisher.events}
        assert ids == set()


async def test_two_realms_never_share_a_schema(database: str) -> None:
    await migrate(database, "exercise.a-b")
    await migrate(database, "exercise.a-b")
    with pytest.raises(MigrationError, match=r"belongs to realm exercise\.a-b"):
        await migrate(database, "exercise.a_b")


def test_schemas_of_realms_are_names_and_nothing_else() -> None:
    assert schema_name("actual") == "actual"
    assert schema_name("exercise.spring-2027") == "exercise_spring_2027"

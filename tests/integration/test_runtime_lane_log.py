"""A lane and the log it reads, against a real PostgreSQL: holes, lost positions, full queues. Kafka is a list."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemas.inputs.registers import AreaRegistered
from schemas.topics import REGISTERS
from streams.runtime.lane import LaneState
from tests.integration.test_runtime_lane import assert_whole, district
from tests.support import alarm
from tests.support.memory_lane import AREA, MemoryLane, memory_lane


@pytest.fixture(autouse=True)
def test_concern() -> object:
    with alarm.registered():
        yield


@pytest.fixture
async def city(database: str) -> AsyncIterator[MemoryLane]:
    async with memory_lane(database) as memory:
        memory.append(AreaRegistered(area=AREA, name="City"))
        await memory.settle()
        yield memory


async def test_missing_records_are_read_again(city: MemoryLane) -> None:
    for number in range(1, 6):
        city.append(district(number))
    city._fetched[REGISTERS] += 2
    await city.settle()
    assert city.reseeks == [(REGISTERS, 1)]
    assert len(city.publisher.of("register.district_taken.v1")) == 5


async def test_an_agent_that_fails_is_seen_and_its_records_are_read_again(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = city.lane._inbox._has_room
    failing = [RuntimeError("of ours")]

    async def broken(topic: str) -> bool:
        if failing:
            raise failing.pop()
        return await original(topic)

    monkeypatch.setattr(city.lane._inbox, "_has_room", broken)
    city.append(district(1))
    await city.settle()
    assert city.lane.failed_at
    assert city.reseeks == [(REGISTERS, 1)]
    assert len(city.publisher.of("register.district_taken.v1")) == 1


async def test_a_hole_in_the_offsets_is_no_loss_when_the_log_begins_before_it(city: MemoryLane) -> None:
    city.logs[REGISTERS].end += 3
    city.append(district(1))
    await city.settle()
    assert city.lane.state is LaneState.RUNNING
    assert len(city.publisher.of("register.district_taken.v1")) == 1


async def test_the_end_of_a_log_that_holds_no_record_counts_as_read(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else timers would wait for ever behind the mark of a producer's transaction."""
    monkeypatch.setattr("streams.runtime.inbox.BARREN_S", 0.1)
    city.append(district(1))
    city.logs[REGISTERS].end += 1
    await city.settle()
    assert sum(city.lane.lag().values()) == 0
    rows = await city.rows("select next_offset, last_timestamp from input_offset where topic = $1", REGISTERS)
    assert [tuple(row) for row in rows] == [(3, None)]
    city.append(district(2))
    await city.settle()
    await assert_whole(city)
    assert len(city.publisher.of("register.district_taken.v1")) == 2


@pytest.mark.parametrize("quiet", [False, True])
async def test_a_log_that_has_lost_what_comes_next_stops_the_lane(
    city: MemoryLane, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.runtime.inbox.QUIET_S", 0.2)
    city.append(district(1))
    log = city.logs[REGISTERS]
    log.records.clear()
    log.begin = log.end
    if not quiet:
        city.append(district(2))
    city.lane.end_seen(city.ends())
    for _ in range(200):
        await city.fetch()
        await asyncio.sleep(0.01)
        if city.lane.state is LaneState.LOST:
            break
    assert city.lane.state is LaneState.LOST
    assert await city.rows("select 1 from state where kind = 'district'") == []


async def test_a_log_that_begins_again_stops_the_lane(city: MemoryLane) -> None:
    city.logs[REGISTERS].records.clear()
    city.logs[REGISTERS].end = 0
    city.append(district(1))
    await city.lane.offer(REGISTERS, 1, city.logs[REGISTERS].records)
    assert city.lane.state is LaneState.LOST


async def test_a_full_lane_keeps_no_agent_waiting_and_loses_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.runtime.inbox.ROOM_S", 0.05)
    async with memory_lane(database, queue_records=5) as city:
        city.append(AreaRegistered(area=AREA, name="City"))
        await city.settle()
        held = asyncio.Event()
        original = city.lane._work._transactions.apply

        async def apply(*args: object) -> object:
            await held.wait()
            return await original(*args)

        monkeypatch.setattr(city.lane._work._transactions, "apply", apply)
        loop = asyncio.get_running_loop()
        for number in range(1, 60):
            city.append(district(number))
            if number % 6 == 0:
                began = loop.time()
                await city.fetch()
                assert loop.time() - began < 0.5
        held.set()
        await city.settle()
        assert len(city.publisher.of("register.district_taken.v1")) == 59
        await assert_whole(city)

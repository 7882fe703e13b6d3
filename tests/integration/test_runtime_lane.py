"""A lane against a real PostgreSQL: faults, poison, lost positions, other workers. Kafka is a list in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.inputs.registers import AreaRegistered, DistrictRegistered
from schemas.topics import COMMAND_DIRECTIVES, INCIDENT_REPORTS, REGISTERS
from streams.runtime.lane import LaneState
from tests.support import alarm
from tests.support.memory_lane import AREA, MemoryLane, envelope, memory_lane

START = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


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


def district(number: int, name: str = "D") -> DistrictRegistered:
    return DistrictRegistered(area=AREA, district=f"4201{number:02d}", name=name)


async def codes(memory: MemoryLane) -> list[str]:
    rows = await memory.rows('select code from dead_letter order by topic, "offset"')
    return [row["code"] for row in rows]


async def assert_whole(memory: MemoryLane) -> None:
    """Every area's events are gapless, published, and no lane was restarted."""
    heads = await memory.rows("select area, seq from area_head")
    for head in heads:
        events = await memory.rows("select seq from recorder_event where area = $1 order by seq", head["area"])
        assert [row["seq"] for row in events] == list(range(1, head["seq"] + 1))
        published = sorted({row.seq for row in memory.publisher.events if row.area == head["area"]})
        assert published == list(range(1, head["seq"] + 1))
    assert memory.count("lane_restarts_total") == 0
    assert memory.lane.state is LaneState.RUNNING


@pytest.mark.parametrize("how", ["raise", "lookup", "recursion", "evolve", "constraint", "unencodable", "endless"])
async def test_a_record_whose_decision_fails_is_quarantined_and_the_others_take_effect(
    city: MemoryLane, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm.cascade, "MAX_EVENTS", 500)
    city.append(district(1))
    city.append(alarm.Tripped(area=AREA, how=how), id="culprit")
    city.append(alarm.Tripped(area=AREA, how="not"), id="innocent")
    city.append(district(2))
    await city.settle()
    assert await codes(city) == ["QUARANTINED"]
    letter = city.publisher.letters[0]
    assert letter.category == "fault"
    assert json.loads(letter.value) == {"area": AREA, "how": how}
    assert len(city.publisher.of("area.record_quarantined.v1")) == 1
    assert len(city.publisher.of("register.district_taken.v1")) == 2
    accepted = await city.rows("select id from recorder_input where topic = $1", INCIDENT_REPORTS)
    assert [row["id"] for row in accepted] == ["innocent"]
    faults = await city.rows("select body -> 'faults' as f from state where kind = 'area'")
    assert json.loads(faults[0]["f"]) == [f"fault:{INCIDENT_REPORTS}:0:0"]
    assert city.count("quarantined_records_total", topic=INCIDENT_REPORTS) == 1
    await assert_whole(city)


@pytest.mark.parametrize("how", ["slow", "slow failure"])
async def test_a_decision_for_which_the_database_does_not_wait_is_quarantined(database: str, how: str) -> None:
    async with memory_lane(database, idle_transaction_ms=200) as city:
        city.append(AreaRegistered(area=AREA, name="City"))
        city.append(alarm.Tripped(area=AREA, how=how))
        city.append(district(1))
        await city.settle()
        assert await codes(city) == ["QUARANTINED"]
        assert len(city.publisher.of("register.district_taken.v1")) == 1
        await assert_whole(city)


async def test_a_fault_that_does_not_come_back_is_no_quarantine(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [RuntimeError("once")]
    original = alarm.cascade.INPUT_DECIDERS[alarm.Tripped]

    def once(*args: object) -> object:
        if failing:
            raise failing.pop()
        return original(*args)

    monkeypatch.setitem(alarm.cascade.INPUT_DECIDERS, alarm.Tripped, once)
    city.append(alarm.Tripped(area=AREA))
    await city.settle()
    assert await codes(city) == []
    await assert_whole(city)


async def test_an_area_that_cannot_be_told_of_its_fault_does_not_stop_the_lane(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    from schemas.outputs.area_events import RecordQuarantined

    def broken(*args: object) -> object:
        raise RuntimeError("evolve of the quarantine itself")

    monkeypatch.setitem(alarm.cascade.EVOLVERS, RecordQuarantined, broken)
    city.append(alarm.Tripped(area=AREA, how="raise"))
    city.append(district(1))
    await city.settle()
    assert await codes(city) == ["QUARANTINED"]
    assert len(city.publisher.of("register.district_taken.v1")) == 1
    await assert_whole(city)


async def test_a_decoder_that_fails_makes_a_dead_letter(city: MemoryLane, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> object:
        raise KeyError("a validator of ours")

    monkeypatch.setattr("streams.runtime.items.decode", broken)
    city.append(district(1))
    await city.settle()
    monkeypatch.undo()
    city.append(district(2))
    await city.settle()
    assert await codes(city) == ["DECODER_FAULT"]
    await assert_whole(city)


async def test_a_failing_timer_is_dropped_and_those_before_and_after_it_fire(city: MemoryLane) -> None:
    for name in ("a1", "a2", "broken", "a3"):
        city.append(alarm.AlarmSet(area=AREA, alarm=name, due=START + timedelta(minutes=len(name))))
    await city.settle()
    await city.tick(START + timedelta(hours=1))
    missed = [json.loads(row.data)["alarm"] for row in city.publisher.of("test.alarm_missed.v1")]
    assert missed == ["a1", "a2", "a3"]
    dropped = city.publisher.of("area.timer_quarantined.v1")
    assert [json.loads(row.data)["timer"] for row in dropped] == ["test_alarm:broken"]
    assert await city.rows("select 1 from state where kind = 'timer'") == []
    await assert_whole(city)


async def test_headers_of_any_kind_and_size_can_be_kept(city: MemoryLane) -> None:
    odd = [
        (r"\u0000", b"literal backslash"),
        ("nul\x00name", b"\x00"),
        ("null", None),
        ("empty", b""),
        ("雪\U0001f600", "雪".encode()),
    ]
    many = [(f"h{n}", bytes(3000)) for n in range(200)]
    city.append_raw(COMMAND_DIRECTIVES, b"{", [*envelope("x", "directive.issued.v1"), *odd])
    city.append_raw(COMMAND_DIRECTIVES, b"{", many)
    city.append_raw(COMMAND_DIRECTIVES, b"{}", [("ce_\x00a", b"\xff")])
    city.append(district(1))
    await city.settle()
    assert await codes(city) == ["BAD_JSON", "TOO_MANY_HEADERS", "BAD_HEADER"]
    first = dict(json.loads(city.publisher.letters[0].headers))
    assert first["null"] is None
    assert first["empty"] == ""
    assert first[r"\u0000"] is not None
    assert len(json.loads(city.publisher.letters[1].headers)) == 200
    assert len(city.publisher.of("area.input_unreadable.v1")) == 3
    await assert_whole(city)


async def test_nobody_outside_can_speak_under_our_own_names(city: MemoryLane) -> None:
    from schemas.codec import encode

    for source in ("liandong/shell", "liandong/timer", "two words"):
        city.append_raw(REGISTERS, encode(district(1)), envelope("x", "register.district.v1", source))
    await city.settle()
    assert await codes(city) == ["BAD_HEADER"] * 3
    await assert_whole(city)


async def test_a_clock_record_cannot_move_the_actual_realm(city: MemoryLane) -> None:
    from schemas.inputs.clock import ClockAdvanced

    city.append(ClockAdvanced(area=AREA, to=START + timedelta(days=900)))
    await city.settle()
    assert await codes(city) == ["WRONG_REALM"]
    await assert_whole(city)


async def test_a_record_that_was_dead_lettered_can_come_again_under_its_identity(city: MemoryLane) -> None:
    from schemas.codec import encode

    headers = envelope("r1", "test.tripped.v1")
    city.append_raw(INCIDENT_REPORTS, b'{"area": "420100", "how": 1}', headers)
    city.append_raw(INCIDENT_REPORTS, encode(alarm.Tripped(area=AREA, how="raise")), headers)
    await city.settle()
    assert await codes(city) == ["SCHEMA", "QUARANTINED"]
    city.append_raw(INCIDENT_REPORTS, encode(alarm.Tripped(area=AREA)), headers)
    await city.settle()
    assert await codes(city) == ["SCHEMA", "QUARANTINED"]
    rows = await city.rows("select id from recorder_input where topic = $1", INCIDENT_REPORTS)
    assert [row["id"] for row in rows] == ["r1"]


# ---- faults of the parts


async def test_a_lane_that_is_stopped_while_the_database_is_away_quarantines_nothing(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [True]
    original = city.lane._work._transactions.apply

    async def apply(*args: object) -> object:
        if away:
            raise asyncpg.CannotConnectNowError("starting up")
        return await original(*args)

    monkeypatch.setattr(city.lane._work._transactions, "apply", apply)
    city.append(district(1))
    city.append(district(2))
    await city.fetch()
    await asyncio.sleep(0.3)
    stopping = asyncio.create_task(city.lane.stop())
    await asyncio.sleep(0)
    away.clear()
    await stopping
    await city.restart()
    await city.settle()
    assert await codes(city) == []
    assert len(city.publisher.of("register.district_taken.v1")) == 2


async def test_a_commit_whose_answer_was_lost_is_published(city: MemoryLane, monkeypatch: pytest.MonkeyPatch) -> None:
    original = city.lane._work._transactions.apply
    lost = [True]

    async def apply(*args: object) -> object:
        applied = await original(*args)
        if lost:
            lost.clear()
            raise ConnectionResetError("committed, and then the connection broke")
        return applied

    monkeypatch.setattr(city.lane._work._transactions, "apply", apply)
    city.append(district(1))
    await city.settle()
    await asyncio.sleep(0.1)
    assert len(city.publisher.of("register.district_taken.v1")) == 1
    await assert_whole(city)


async def test_what_fails_to_be_published_is_published_later_in_order(city: MemoryLane) -> None:
    city.publisher.failing = [KafkaConnectionError(), TimeoutError(), KafkaConnectionError()]
    city.append(district(1))
    city.append_raw(REGISTERS, b"{", envelope("x", "register.district.v1"))
    city.append(district(2))
    await city.settle()
    assert [row.seq for row in city.publisher.events] == [1, 2, 3]
    assert [letter.code for letter in city.publisher.letters] == ["BAD_JSON"]
    await assert_whole(city)


async def test_an_unknown_fault_of_the_lane_makes_it_start_over_from_the_stored_positions(
    city: MemoryLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = city.lane._inbox.take
    failing = [True]

    def take(*args: object) -> object:
        records = original(*args)
        if records and failing:
            failing.clear()
            raise RuntimeError("between taking and applying")
        return records

    monkeypatch.setattr(city.lane._inbox, "take", take)
    city.append(district(1))
    city.append(district(2))
    await city.fetch()
    for _ in range(100):
        if city.lane.failed_at:
            break
        await asyncio.sleep(0.01)
    assert city.lane.failed_at
    await city.settle()
    assert len(city.publisher.of("register.district_taken.v1")) == 2
    assert city.count("lane_restarts_total") == 1


async def test_a_database_that_was_set_back_is_read_up_to_again(city: MemoryLane) -> None:
    city.append(district(1))
    await city.settle()
    saved = await city.rows("select * from input_offset")
    heads = await city.rows("select * from area_head")
    city.append(district(2))
    await city.settle()
    async with city.pool.acquire() as connection:
        for table in ("recorder_input", "recorder_event"):
            await connection.execute(f"alter table {table} disable trigger all")
        await connection.execute("delete from recorder_input where seq > $1", heads[0]["seq"])
        await connection.execute("delete from recorder_event where seq > $1", heads[0]["seq"])
        await connection.execute("delete from state where kind = 'district' and id = '420102'")
        await connection.execute(
            "update area_head set seq = $1, chain = $2, published = $1", heads[0]["seq"], heads[0]["chain"]
        )
        for row in saved:
            await connection.execute(
                "update input_offset set next_offset = $3 where topic = $1 and partition = $2",
                row["topic"], row["partition"], row["next_offset"],
            )  # fmt: skip
    city.append(district(3))
    await city.settle()
    districts = await city.rows("select id from state where kind = 'district' order by id")
    assert [row["id"] for row in districts] == ["420101", "420102", "420103"]


async def test_a_state_that_another_worker_advanced_is_loaded_again(city: MemoryLane, database: str) -> None:
    async with memory_lane(database) as other:
        other.logs = city.logs
        other.append(district(1))
        await other.settle()
    await city.settle()
    assert city.count("fence_hits_total", fence="offset") == 1
    city.append(district(2))
    await city.settle()
    assert city.count("fence_hits_total", fence="head") == 1
    rows = await city.rows("select type, seq from recorder_event order by seq")
    assert [row["seq"] for row in rows] == [1, 2, 3]

"""Parts of a lane that need no parts: what is due, what may be applied in an exercise, which faults blame a record."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import INCIDENT_REPORTS, REALM_CLOCK
from streams.domain.core import Timer
from streams.domain.state import AreaState, Drop, Put
from streams.runtime.areas import Areas
from streams.runtime.due import next_due
from streams.runtime.inbox import Inbox, OffsetLostError
from streams.runtime.partitioning import crc32_partition, home_partition
from streams.runtime.records import Position, Record
from streams.runtime.work import PASSING
from streams.settings import Settings

AREA = "420100"
START = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def timer(number: int, due: float) -> Timer:
    return Timer(id=f"t{number}", kind="k", due=minute(due))


CHANGES = st.lists(st.tuples(st.sampled_from("pdus"), st.integers(0, 6), st.integers(0, 20)), max_size=60)


@given(CHANGES)
def test_the_next_timer_is_the_earliest_whatever_has_happened(changes: list[tuple[str, int, int]]) -> None:
    state = AreaState(AREA, START)
    for what, number, due in changes:
        if what == "p":
            state.apply([Put(timer(number, due))])
        elif what == "d":
            state.apply([Drop(Timer, f"t{number}")])
        elif what == "u":
            state.undo()
        else:
            state.settle()
        before = minute(due)
        waiting = [one for one in state.of(Timer).values() if one.due < before]
        assert next_due(state, before) == min(waiting, key=lambda one: (one.due, one.id), default=None)


# ---- faults


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError(""),
        asyncpg.ReadOnlySQLTransactionError(""),
        asyncpg.DeadlockDetectedError(""),
        asyncpg.TooManyConnectionsError(""),
        asyncpg.UndefinedTableError(""),
        asyncpg.InsufficientPrivilegeError(""),
        asyncpg.InvalidCachedStatementError(""),
        asyncpg.IdleInTransactionSessionTimeoutError(""),
        asyncpg.InterfaceError(""),
        ConnectionResetError(),
        TimeoutError(),
        KafkaConnectionError(),
    ],
)
def test_faults_of_the_parts_say_nothing_about_a_record(error: Exception) -> None:
    assert isinstance(error, PASSING)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UntranslatableCharacterError(""),
        asyncpg.UniqueViolationError(""),
        asyncpg.CheckViolationError(""),
        asyncpg.ProgramLimitExceededError(""),
        asyncpg.DataError(""),
        KeyError(),
        RecursionError(),
        ValueError(),
    ],
)
def test_what_a_record_may_be_guilty_of_does_not_wait(error: Exception) -> None:
    assert not isinstance(error, PASSING)


# ---- what may be applied in an exercise


class Source:
    """A log that has lost nothing."""

    async def begins(self, wanted: set[Position]) -> dict[Position, int]:
        return dict.fromkeys(wanted, 0)

    async def is_barren(self, position: Position, start: int, end: int) -> bool:
        return False


def exercise(**settings: object) -> tuple[Inbox, Areas]:
    areas = Areas(None)  # type: ignore[arg-type]  # no policy is asked for

    async def reseek(position: Position, offset: int) -> None:
        return None

    chosen = Settings.model_validate({"realm": "exercise.x", "partitions": 1, **settings})
    inbox = Inbox(0, areas, chosen, reseek, Source())
    inbox.start({Position(INCIDENT_REPORTS, 0): 0, Position(REALM_CLOCK, 0): 0}, {})
    return inbox, areas


def report(offset: int, at: datetime | None, area: str = AREA) -> Record:
    headers = (("ce_virtualtime", at.isoformat().encode()),) if at else ()
    return Record(INCIDENT_REPORTS, 0, offset, 0, area.encode(), b"{}", headers)


def clock(offset: int, to: datetime, after: int = 0) -> Record:
    event = ClockAdvanced(area=AREA, to=to, after={INCIDENT_REPORTS: {0: after}})
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(offset).encode()),
        ("ce_source", b"/clock"),
        ("ce_type", ClockAdvanced.TYPE.encode()),
    )
    return Record(REALM_CLOCK, 0, offset, 0, AREA.encode(), encode(event), headers)


def taken(inbox: Inbox) -> list[tuple[str, int]]:
    return [(record.topic, record.offset) for record in inbox.take(100, None)]


async def test_a_record_of_later_waits_until_time_has_come() -> None:
    inbox, areas = exercise()
    areas.learn({AREA: minute(0)})
    await inbox.offer(INCIDENT_REPORTS, 0, [report(0, minute(0)), report(1, minute(5))])
    assert taken(inbox) == [(INCIDENT_REPORTS, 0)]
    assert taken(inbox) == []
    areas.learn({AREA: minute(5)})
    assert taken(inbox) == [(INCIDENT_REPORTS, 1)]


async def test_a_clock_waits_for_the_records_that_it_names_and_passes_alone() -> None:
    inbox, areas = exercise()
    areas.learn({AREA: minute(0)})
    await inbox.offer(REALM_CLOCK, 0, [clock(0, minute(5)), clock(1, minute(9), after=1)])
    await inbox.offer(INCIDENT_REPORTS, 0, [report(0, minute(5))])
    assert taken(inbox) == [(REALM_CLOCK, 0)]
    areas.learn({AREA: minute(5)})
    assert taken(inbox) == [(INCIDENT_REPORTS, 0), (REALM_CLOCK, 1)]


async def test_a_clock_does_not_pass_before_what_it_names_is_here() -> None:
    inbox, areas = exercise()
    areas.learn({AREA: minute(0)})
    await inbox.offer(REALM_CLOCK, 0, [clock(0, minute(5), after=2)])
    assert taken(inbox) == []
    await inbox.offer(INCIDENT_REPORTS, 0, [report(0, minute(0)), report(1, minute(0))])
    assert taken(inbox)[-1] == (REALM_CLOCK, 0)


@pytest.mark.parametrize(
    "header", [None, b"", b"\xff", b"soon", b"0001-01-01T00:00:00+14:00", b"99999-01-01T00:00:00Z"]
)
async def test_odd_instants_wait_for_nothing_and_break_nothing(header: bytes | None) -> None:
    inbox, areas = exercise()
    areas.learn({AREA: minute(0)})
    odd = Record(INCIDENT_REPORTS, 0, 0, 0, AREA.encode(), b"{", (("ce_virtualtime", header),))
    await inbox.offer(INCIDENT_REPORTS, 0, [odd])
    assert taken(inbox) == [(INCIDENT_REPORTS, 0)]


async def test_an_area_that_nobody_knows_has_no_time_to_wait_for() -> None:
    inbox, _ = exercise()
    await inbox.offer(INCIDENT_REPORTS, 0, [report(0, minute(99), area="430100"), report(1, minute(99))])
    assert len(taken(inbox)) == 2


# ---- room


async def test_one_full_topic_keeps_no_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.inbox.ROOM_S", 0.01)
    inbox, _ = exercise(queue_records=2)
    await inbox.offer(INCIDENT_REPORTS, 0, [report(n, None) for n in range(5)])
    await inbox.offer(INCIDENT_REPORTS, 5, [report(5, None)])
    await inbox.offer(REALM_CLOCK, 0, [clock(n, minute(n)) for n in range(5)])
    await inbox.offer(REALM_CLOCK, 5, [clock(5, minute(5))])
    assert inbox.ends() == {Position(INCIDENT_REPORTS, 0): 5, Position(REALM_CLOCK, 0): 6}


async def test_what_found_no_room_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.inbox.ROOM_S", 0.01)
    inbox, _ = exercise(queue_records=2)
    asked: list[int] = []

    async def reseek(position: Position, offset: int) -> None:
        asked.append(offset)

    inbox._reseek = reseek
    await inbox.offer(INCIDENT_REPORTS, 0, [report(n, None) for n in range(3)])
    await inbox.offer(INCIDENT_REPORTS, 3, [report(3, None)])
    await inbox.offer(INCIDENT_REPORTS, 4, [report(4, None)])
    await inbox.read_again()
    assert asked == []
    taken(inbox)
    await inbox.read_again()
    assert asked == [3]
    await inbox.offer(INCIDENT_REPORTS, 3, [report(3, None), report(4, None)])
    assert [offset for _, offset in taken(inbox)] == [3, 4]


async def test_an_agent_that_waits_gets_in_when_there_is_room() -> None:
    inbox, _ = exercise(queue_records=2)
    await inbox.offer(INCIDENT_REPORTS, 0, [report(n, None) for n in range(5)])
    offering = asyncio.create_task(inbox.offer(INCIDENT_REPORTS, 5, [report(5, None)]))
    await asyncio.sleep(0.01)
    assert not offering.done()
    taken(inbox)
    await asyncio.wait_for(offering, 1)
    assert [offset for _, offset in taken(inbox)] == [5]


async def test_a_log_that_jumps_back_is_another_log() -> None:
    inbox, _ = exercise()
    with pytest.raises(OffsetLostError):
        await inbox.offer(INCIDENT_REPORTS, 5, [report(0, None)])


def test_partitions_are_those_of_the_usual_clients() -> None:
    """murmur2 as Java has it (values from its tests), CRC32 as librdkafka has it."""
    assert [home_partition(key, 1000) for key in ("21", "foobar", "a-little-bit-long-string")] == [
        (-973932308 & 0x7FFFFFFF) % 1000, (-790332482 & 0x7FFFFFFF) % 1000, (-985981536 & 0x7FFFFFFF) % 1000,
    ]  # fmt: skip
    assert crc32_partition("420100", 12) == 0xFFFFFFFF & __import__("zlib").crc32(b"420100") % 12
    chance = random.Random(1)
    assert all(0 <= crc32_partition(str(chance.random()), 7) < 7 for _ in range(50))

"""Replay: the same state, the same events byte for byte; one changed byte anywhere, and it says where."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from streams.local.postgres import create_database, drop_database
from streams.replay.run import NotEmptyError, Replay, Report
from streams.runtime.startup import create_topics
from streams.scenario.parse import load
from streams.settings import Settings
from streams.store.migrate import connect, schema_name
from streams.store.rows import EventRow, envelope
from tests.recording import record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from streams.replay.run import Mode
    from streams.runtime.records import Record
    from streams.scenario.model import Scenario
    from tests.parts_server import KafkaPart, PostgresPart

SC_1 = Path(__file__).parents[1] / "scenarios" / "sc_1.yaml"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(SC_1)[0]


@pytest.fixture(scope="module")
def recorded(pg_server: PostgresPart, scenario: Scenario) -> Iterator[tuple[str, list[Record]]]:
    """The name of a database with SC-1 on record, and the records that it was given."""
    name = f"r_{uuid.uuid4().hex}"

    async def make() -> list[Record]:
        await create_database(pg_server.dsn_of_postgres, name)
        return await record(pg_server.dsn(name), scenario)

    yield name, asyncio.run(make())
    asyncio.run(drop_database(pg_server.dsn_of_postgres, name))


@pytest.fixture
async def played(
    pg_server: PostgresPart, recorded: tuple[str, list[Record]], scenario: Scenario
) -> AsyncIterator[Settings]:
    """A copy of it of one's own."""
    name = f"r_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name, recorded[0])
    yield Settings(database=pg_server.dsn(name), realm=scenario.realm, partitions=1)
    await drop_database(pg_server.dsn_of_postgres, name)


async def replay(settings: Settings, mode: Mode, into: str | None = None) -> Report:
    seen: list[int] = []
    report = await Replay(settings, into=into).run(mode, lambda done, total: seen.append(done))
    assert seen == sorted(seen)
    return report


async def tamper(settings: Settings, statement: str) -> None:
    """Change the recorder behind its trigger, as only a superuser can."""
    connection = await connect(settings.database, settings.realm)
    try:
        await connection.execute("set session_replication_role = replica")
        changed = await connection.execute(statement)
        assert changed == "UPDATE 1", changed
    finally:
        await connection.close()


def where(table: str, condition: str) -> str:
    """The newest row of a table for which this holds."""
    newest = f"select max(seq) from {table} where {condition}"
    return f"where seq = ({newest})"


def one_byte(column: str) -> str:
    """SQL that changes one byte of a bytea."""
    at = f"octet_length({column}) / 2"
    return f"set {column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1)"


REPORT = where("recorder_input", "topic = 'incident.reports'")
TIMER = where("recorder_input", "source = 'liandong/timer'")
TAMPERED = {
    "input value": f"update recorder_input {one_byte('value')} "
    + where("recorder_input", "topic = $$incident.reports$$"),
    "timer value": f"update recorder_input {one_byte('value')} "
    + where("recorder_input", "source = $$liandong/timer$$"),
    "input digest": f"update recorder_input {one_byte('digest')} {where('recorder_input', 'true')}",
    "input signature": "update recorder_input set signature = signature || 'x' "
    + where("recorder_input", "signature is not null"),
    "input now": "update recorder_input set now = now + interval '1 microsecond' " + where("recorder_input", "true"),
    "input offset": 'update recorder_input set "offset" = "offset" + 1 ' + where("recorder_input", "topic <> ''"),
    "input id": "update recorder_input set id = id || 'x' " + where("recorder_input", "true"),
    "event data": f"update recorder_event {one_byte('data')} {where('recorder_event', 'true')}",
    "event chain": f"update recorder_event {one_byte('chain')} {where('recorder_event', 'true')}",
    "event actor": "update recorder_event set actor = 'someone' " + where("recorder_event", "actor is not null"),
    "event key": "update recorder_event set key = '990200' " + where("recorder_event", "true"),
    "event id": "update recorder_event set id = gen_random_uuid() " + where("recorder_event", "true"),
    "event type": "update recorder_event set type = 'incident.graded.v1' " + where("recorder_event", "true"),
    "event seq": "update recorder_event set seq = seq + 1 " + where("recorder_event", "true"),
}


@pytest.mark.parametrize("mode", ["fold", "decide"])
async def test_replay_gives_the_same(played: Settings, mode: Mode) -> None:
    """A5: identical state, identical events."""
    report = await replay(played, mode)
    assert report.difference is None
    assert (report.areas, report.same) == (1, True)
    assert report.events > 300
    assert report.entities > 300 or mode == "decide"


@pytest.mark.parametrize("what", sorted(TAMPERED))
@pytest.mark.parametrize("mode", ["fold", "decide"])
async def test_one_changed_byte_is_found_where_it_is(played: Settings, mode: Mode, what: str) -> None:
    """A5: replay fails, naming area and seq."""
    await tamper(played, TAMPERED[what])
    report = await replay(played, mode)
    assert report.difference is not None, what
    assert report.difference["area"] == "990100"
    assert report.difference["seq"] > 0
    assert report.difference["what"]


async def test_a_changed_state_is_named_with_its_field(played: Settings) -> None:
    await tamper(
        played, "update state set body = jsonb_set(body::jsonb, '{composite}', '4')::json where kind = 'incident'"
    )
    report = await replay(played, "fold")
    assert report.difference is not None
    assert report.difference["what"].endswith("composite is stored as 4, the events give 2")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update state set kind = 'zzz' where kind = 'incident'", "follows from the events, but is not stored"),
        ("update state set kind = 'AAA' where kind = 'area'", "is stored, but no recorded event made it"),
        ("update state set resident = not resident where kind = 'incident'", "resident is stored as False"),
    ],
)
async def test_a_missing_or_added_entity_is_named(played: Settings, statement: str, says: str) -> None:
    await tamper(played, statement)
    report = await replay(played, "fold")
    assert report.difference is not None
    assert says in report.difference["what"]


async def test_the_end_cannot_be_cut_off(played: Settings) -> None:
    connection = await connect(played.database, played.realm)
    await connection.execute("set session_replication_role = replica")
    await connection.execute("delete from recorder_event where seq > 300")
    await connection.execute("delete from recorder_input where seq > 300")
    await connection.close()
    for mode in ("fold", "decide"):
        assert not (await replay(played, mode)).same  # type: ignore[arg-type]


async def test_replay_leaves_nothing_behind_and_does_not_disturb_the_realm(played: Settings) -> None:
    connection = await asyncpg.connect(played.database)
    await replay(played, "fold")
    names = await connection.fetch("select nspname from pg_namespace where nspname like '%exercise%'")
    assert [row["nspname"] for row in names] == [schema_name(played.realm)]
    await connection.close()


async def test_replay_into_another_database_fills_it_once(played: Settings, pg_server: PostgresPart) -> None:
    """A5: into an empty database; one that has something is refused."""
    name = f"r_{uuid.uuid4().hex}"
    await create_database(pg_server.dsn_of_postgres, name)
    try:
        assert (await replay(played, "fold", pg_server.dsn(name))).same
        target = await connect(pg_server.dsn(name), played.realm)
        assert await target.fetchval("select composite from incidents") == 2
        await target.close()
        with pytest.raises(NotEmptyError):
            await replay(played, "fold", pg_server.dsn(name))
    finally:
        await drop_database(pg_server.dsn_of_postgres, name)


# ---- topics


class Topics:
    """Copies of what the topics of a realm would hold, published under a prefix of their own."""

    def __init__(self, settings: Settings, records: list[Record], events: list[EventRow]) -> None:
        self.settings = settings
        self.records = records
        self.events = events

    async def publish(self, spoil: str | None = None) -> None:
        await create_topics(self.settings)
        # Idempotent: a retried batch must not change places, offsets are part of what is proved.
        ordered = self.settings.broker_kind == "kafka"
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.brokers, acks="all", enable_idempotence=ordered)
        await producer.start()
        prefix = self.settings.topic_prefix
        try:
            for one in self.records:
                value = changed(one.value) if spoil == "input" and one is self.spoiled_input() else one.value
                await producer.send(prefix + one.topic, value, key=one.key, partition=0, headers=list(one.headers))
            for row in self.events:
                if spoil == "gap" and row.seq == len(self.events) // 2:
                    continue
                value = changed(row.data) if spoil == "output" and row.seq == len(self.events) else row.data
                headers = envelope(row, self.settings.realm)
                await producer.send(prefix + row.topic, value, key=row.key.encode(), partition=0, headers=headers)
            await producer.flush()
        finally:
            await producer.stop()

    def spoiled_input(self) -> Record:
        return [one for one in self.records if one.topic == "resource.requests"][-1]


def changed(value: bytes | None) -> bytes:
    assert value is not None
    at = value.rindex(b'"') - 1
    return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]


@pytest.fixture
async def topics(played: Settings, recorded: tuple[str, list[Record]], kafka: KafkaPart, topic_prefix: str) -> Topics:
    kind = "kafka" if kafka.real else "embedded"
    where = {"brokers": kafka.bootstrap, "broker_kind": kind, "replication": 1, "deployment": topic_prefix.rstrip(".")}
    connection = await connect(played.database, played.realm)
    columns = ", ".join(f'"{name}"' for name in EventRow._fields)
    rows = await connection.fetch(f"select {columns} from recorder_event order by seq")
    await connection.close()
    return Topics(played.model_copy(update=where), recorded[1], [EventRow(*row.values()) for row in rows])


async def test_folding_the_topics_gives_the_same_state(topics: Topics) -> None:
    """A5: input and output topics together."""
    await topics.publish()
    report = await replay(topics.settings, "topics")
    assert report.difference is None
    assert (report.events, report.notes) == (len(topics.events), [])


@pytest.mark.parametrize("spoil", ["input", "output", "gap"])
async def test_one_changed_byte_in_a_topic_is_found(topics: Topics, spoil: str) -> None:
    """A5: a copy of the topics in which one record is another, or is missing."""
    await topics.publish(spoil)
    report = await replay(topics.settings, "topics")
    assert report.difference is not None
    assert report.difference["area"] == "990100"
    assert report.difference["seq"] > 0

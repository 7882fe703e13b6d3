"""What `liandong doctor` finds by holding the log against the database and the clocks against each other."""

import time
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.topics import INPUT_TOPICS
from streams.cli.checks import Line, connected
from streams.settings import Settings
from streams.store.sql import QUERIES

CLOCK_TOPIC = "doctor.clock"
LARGEST_SKEW_MS = 200
"""`timer_margin_ms` allows for 250: beyond it a timer may fire before a record that came in time."""


async def clocks(settings: Settings) -> list[Line]:
    """The clocks of this machine, the database and the broker agree."""
    async with connected(settings) as connection:
        before = time.time()
        theirs = await connection.fetchval("select clock_timestamp()")
        database = _skew(theirs, before, time.time())
    found = {"database": database}
    if settings.broker_kind == "kafka":
        broker = await _broker_skew(settings)
        if broker is None:
            note = Line("clocks", "note", f"broker's clock not read: topic {CLOCK_TOPIC} cannot be made or written")
            return [_judged(found, settings), note]
        found["broker"] = broker
    return [_judged(found, settings)]


def _judged(found: dict[str, float], settings: Settings) -> Line:
    said = ", ".join(f"{name} {skew:+.0f} ms" for name, skew in found.items()) + " against this machine"
    spread = max([*found.values(), 0.0]) - min([*found.values(), 0.0])
    if spread <= min(LARGEST_SKEW_MS, settings.timer_margin_ms):
        return Line("clocks", "ok", said)
    step = f"synchronise clocks (chrony), or raise LIANDONG_TIMER_MARGIN_MS above {spread:.0f}"
    return Line("clocks", "wrong", said, step)


def _skew(theirs: datetime, before: float, after: float) -> float:
    """Milliseconds that another clock is ahead; 0 while it lies within the round trip."""
    at = theirs.astimezone(UTC).timestamp()
    return (at - after) * 1000 if at > after else (at - before) * 1000 if at < before else 0.0


async def _broker_skew(settings: Settings) -> float | None:
    """Milliseconds that the broker is ahead, by a record that it stamps itself; None where it does not let us."""
    name = settings.topic_prefix + CLOCK_TOPIC
    config = {"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"}
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers, request_timeout_ms=5000)
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, request_timeout_ms=5000, retry_backoff_ms=50)
    try:
        await admin.start()
        told = await admin.create_topics([NewTopic(name, 1, min(settings.replication, 3), topic_configs=config)])
        if any(entry[1] not in (0, TopicAlreadyExistsError.errno) for entry in told.topic_errors):
            return None
        await producer.start()
        await producer.send_and_wait(name, b"doctor", partition=0)
        before = time.time()
        stamped = await producer.send_and_wait(name, b"doctor", partition=0)
        after = time.time()
    except KafkaError:
        return None
    finally:
        await producer.stop()
        await admin.close()
    return _skew(datetime.fromtimestamp(stamped.timestamp / 1000, UTC), before - 0.001, after)


async def offsets(settings: Settings) -> list[Line]:
    """What comes next for every lane is still in its log (OFFSET_LOST), and how much waits."""
    async with connected(settings) as connection:
        rows = await connection.fetch(QUERIES["read_offsets"])
    stored = {TopicPartition(settings.topic_prefix + r["topic"], r["partition"]): r["next_offset"] for r in rows}
    if not stored:
        return [Line("offsets", "note", "no worker has run in this realm yet")]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.brokers, request_timeout_ms=5000)
    await consumer.start()
    try:
        begins, ends = await consumer.beginning_offsets(list(stored)), await consumer.end_offsets(list(stored))
    finally:
        await consumer.stop()
    lost = [tp for tp in sorted(stored) if not begins[tp] <= stored[tp] <= ends[tp]]
    waiting = sum(max(0, ends[tp] - offset) for tp, offset in stored.items())
    if lost:
        return [_lost(tp, stored[tp], begins[tp], ends[tp]) for tp in lost]
    missing = len(INPUT_TOPICS) * settings.partitions - len(stored)
    if missing > 0:
        said = f"{missing} input partitions were never assigned to a worker"
        return [
            Line("offsets", "wrong", said, "start a worker; with several, see that all are in group " + settings.group)
        ]
    return [Line("offsets", "ok", f"{len(stored)} positions lie within their logs; {waiting} records wait")]


def _lost(tp: TopicPartition, offset: int, begin: int, end: int) -> Line:
    what = f"OFFSET_LOST {tp.topic}-{tp.partition}: applied up to {offset}, the log has {begin} to {end}"
    if offset > end:
        step = "the topic was re-created or a broker lost data: restore it, or decide to go on at its end"
    else:
        step = f"retention removed {begin - offset} records that were never applied: have their senders send them again"
    where = f"topic = '{tp.topic}' and partition = {tp.partition}"
    statement = f"update input_offset set next_offset = {begin} where {where}"  # noqa: S608 - words for people
    return Line("offsets", "wrong", what, f"{step}; then, with all workers stopped: {statement}")

"""What the broker says about a realm's topics, and what is wrong with them."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import CATALOGUE, Topic
from streams.runtime.startup import partition_counts, topic_config
from streams.settings import Settings

TIMESTAMPS = "message.timestamp.type"


async def topic_rows(settings: Settings) -> list[dict[str, Any]]:
    """One row a topic of the catalogue: what it is, what the broker has, and the problem with it ('' when none)."""
    counts = await partition_counts(settings)
    # The embedded broker has no topic settings, and ends the connection of whoever asks for them.
    stamps = await timestamp_types(settings, list(counts)) if settings.broker_kind == "kafka" else {}
    return [_row(settings, topic, counts.get(topic.name), stamps.get(topic.name)) for topic in CATALOGUE]


def _row(settings: Settings, topic: Topic, count: int | None, stamp: str | None) -> dict[str, Any]:
    problem, step = _problem(settings, topic, count, stamp)
    return {
        "topic": settings.topic_prefix + topic.name,
        "direction": topic.direction,
        "partitions": count,
        "timestamps": stamp,
        "carries": topic.doc,
        "problem": problem,
        "next_step": step,
    }


def _problem(settings: Settings, topic: Topic, count: int | None, stamp: str | None) -> tuple[str, str]:
    """What is wrong and what to do about it; empty words where nothing is."""
    if count is None:
        return "is missing", "run `liandong topics create`"
    if count != settings.partitions:
        step = f"set LIANDONG_PARTITIONS={count}, or re-create the topic (in use it must stay: areas would move)"
        return f"has {count} partitions, configured are {settings.partitions}", step
    wanted = topic_config(topic, virtual_time=settings.virtual_time).get(TIMESTAMPS)
    if wanted and stamp and stamp != wanted:
        name = settings.topic_prefix + topic.name
        alter = f"--alter --entity-type topics --entity-name {name} --add-config {TIMESTAMPS}={wanted}"
        return f"has {stamp}, must have {wanted}", f"run `kafka-configs.sh {alter}`"
    return "", ""


async def timestamp_types(settings: Settings, names: list[str]) -> dict[str, str]:
    """`message.timestamp.type` of topics (names without prefix), as far as the broker tells."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers, request_timeout_ms=5000)
    await admin.start()
    try:
        wanted = [
            ConfigResource(ConfigResourceType.TOPIC, settings.topic_prefix + name, {TIMESTAMPS: ""}) for name in names
        ]
        answers = await admin.describe_configs(wanted) if wanted else []
    finally:
        await admin.close()
    found = {}
    for answer in answers:
        for resource in answer.resources:
            name, entries = resource[3], resource[4]
            found.update({name[len(settings.topic_prefix) :]: entry[1] for entry in entries if entry[0] == TIMESTAMPS})
    return found

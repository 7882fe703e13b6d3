"""Bounded start-up: waits for what is away, and fails with the exact next step."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.topics import CATALOGUE, DEAD_LETTERS, MIB, Topic
from streams.settings import Settings
from streams.store.database import TRANSIENT

T = TypeVar("T")
log = structlog.get_logger("startup")


class TopicsWrongError(Exception):
    """Topics are missing or have the wrong partition count."""


async def wait_until(deadline: float, what: str, action: Callable[[], Awaitable[T]]) -> T:
    """Repeat an action that needs broker or database until it works or the time is over."""
    while True:
        try:
            return await action()
        except (*TRANSIENT, KafkaError) as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} does not answer ({error!r}): check it, or run `liandong doctor`") from error
            log.warning("waiting", what=what, error=repr(error))
            await asyncio.sleep(0.5)
        except TopicsWrongError as error:
            raise SystemExit(f"{error}: run `liandong topics create`, then `liandong topics check`") from error


async def partition_counts(settings: Settings) -> dict[str, int]:
    """Topics of the catalogue that exist, by name without prefix, and their partition counts."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers, request_timeout_ms=5000)
    await admin.start()
    try:
        have = set(await admin.list_topics())
        wanted = [
            settings.topic_prefix + topic.name for topic in CATALOGUE if settings.topic_prefix + topic.name in have
        ]
        found = await admin.describe_topics(wanted) if wanted else []
        return {entry["topic"][len(settings.topic_prefix) :]: len(entry["partitions"]) for entry in found}
    finally:
        await admin.close()


async def check_topics(settings: Settings) -> None:
    """Raise TopicsWrongError unless every topic exists with the configured partition count."""
    counts = await partition_counts(settings)
    missing = [topic.name for topic in CATALOGUE if topic.name not in counts]
    wrong = [f"{name} has {count}" for name, count in counts.items() if count != settings.partitions]
    if missing:
        raise TopicsWrongError(f"topics are missing: {', '.join(missing)}")
    if wrong:
        raise TopicsWrongError(f"topics need {settings.partitions} partitions: {', '.join(wrong)}")


def topic_config(topic: Topic, *, virtual_time: bool) -> dict[str, str]:
    """Topic settings. Inputs of the actual realm carry the broker's clock: not a sender's, not a worker's."""
    config = {"max.message.bytes": str(topic.max_bytes), "retention.ms": str(7 * 24 * 3600 * 1000)}
    if topic.name == DEAD_LETTERS:
        config["retention.ms"] = "-1"
        config["max.message.bytes"] = str(8 * MIB)
    if topic.direction != "out" and not virtual_time:
        config["message.timestamp.type"] = "LogAppendTime"
    return config


async def create_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing; returns their names."""
    counts = await partition_counts(settings)
    missing = [topic for topic in CATALOGUE if topic.name not in counts]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers, request_timeout_ms=10_000)
    await admin.start()
    try:
        new = [
            NewTopic(
                settings.topic_prefix + topic.name,
                settings.partitions,
                settings.replication,
                topic_configs=topic_config(topic, virtual_time=settings.virtual_time),
            )
            for topic in missing
        ]
        if new:
            response = await admin.create_topics(new, timeout_ms=20_000)
            for name, code, *rest in response.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise TopicsWrongError(f"cannot create {name}: error {code} {rest}")
    finally:
        await admin.close()
    return [topic.name for topic in missing]

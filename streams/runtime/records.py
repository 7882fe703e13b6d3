"""A Kafka record as the lanes see it, and what became of it."""

from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import ConsumerRecord

from schemas.envelope import Headers


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an input topic. `topic` is without the realm's prefix, `timestamp` in ms as Kafka stamped it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Position(NamedTuple):
    """A partition of an input topic (name without prefix)."""

    topic: str
    partition: int


Offsets = dict[Position, int]
"""Where each partition stands: the offset that comes next."""


def from_kafka(record: ConsumerRecord, prefix: str) -> Record:
    """The record without its realm's prefix."""
    return Record(
        record.topic[len(prefix) :],
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )

"""What a lane works on: records with what decoding made of them, and what a transaction did with them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import Counter as Metric

from schemas.codec import Readable, Unreadable, decode
from streams.runtime.due import Gate
from streams.runtime.records import Position, Record
from streams.runtime.unit import Unit, instant

CODE_LENGTH = 6
Spot = tuple[float, float, datetime]
"""Latitude, longitude, and when it was observed."""


class PositionMovedBackError(Exception):
    """The stored position is behind what this lane has applied: the database was restored. Start the lane again."""


class CulpritError(Exception):
    """A record's decision failed."""

    def __init__(self, item: "Item", cause: Exception) -> None:
        super().__init__(repr(cause))
        self.item = item
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Item:
    """A record with what decoding made of it."""

    record: Record
    read: Readable | Unreadable
    area: str | None
    """Area of the payload; of the key, where the payload is unreadable."""
    now: datetime


@dataclass(slots=True)
class Applied:
    """What a transaction has done, for publishing, cursors and metrics."""

    unit: Unit
    next_offsets: dict[Position, int]
    letters: bool = False
    positions: dict[str, dict[str, Spot]] = field(default_factory=dict)
    skipped: int = 0
    rest: list[Item] = field(default_factory=list)
    """Records that the transaction left for the next one."""
    gate: Gate | None = None
    """A timer that must fire before the first of them."""
    cursors: dict[str, int] = field(default_factory=dict)
    """Publish positions that were stored along with it."""
    counts: Counter[tuple[Metric, tuple[str, ...]]] = field(default_factory=Counter)
    """What is to be counted once it is true: a transaction may be repeated."""

    def count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """Count when the transaction is committed."""
        self.counts[metric, labels] += by


def decode_record(record: Record, *, virtual_time: bool) -> Item:
    """Decode outside the transaction: locks are held for decisions only."""
    read = _decoded(record)
    now = instant(record.timestamp)
    if virtual_time and read.envelope is not None and read.envelope.virtualtime is not None:
        now = read.envelope.virtualtime
    area = read.event.area if isinstance(read, Readable) else _area_of_key(record.key)
    return Item(record, read, area, now)


def _decoded(record: Record) -> Readable | Unreadable:
    try:
        return decode(record.topic, record.headers, record.value)
    except Exception as error:  # noqa: BLE001  (a validator of ours fails: the record waits as a dead letter)
        return Unreadable("DECODER_FAULT", "$", repr(error)[:2000])


def position_of(item: Item) -> Position:
    """The partition that the record came from."""
    return Position(item.record.topic, item.record.partition)


def _area_of_key(key: bytes | None) -> str | None:
    text = (key or b"").decode("ascii", "replace")
    return text if len(text) == CODE_LENGTH and text.isdigit() and text.endswith("00") else None

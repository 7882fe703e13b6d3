"""Reads a flight recorder: for each area its inputs in order, each with the events that it caused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from streams.store.rows import EventRow, InputRow
from streams.store.sql import QUERIES

CHUNK = 500


class DifferenceError(Exception):
    """What was recorded and what replay gives are not the same: area, seq of the event, and what differs."""

    def __init__(self, area: str, seq: int, what: str) -> None:
        super().__init__(f"area {area}, seq {seq}: {what}")
        self.area = area
        self.seq = seq
        self.what = what


@dataclass(frozen=True, slots=True)
class Caused:
    """One accepted input, fired timer or observation of the shell, and all its events."""

    input: InputRow
    events: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class HeadRow:
    """An area's head as stored."""

    area: str
    seq: int
    now: datetime
    chain: bytes
    published: int
    partition: int


async def heads(connection: asyncpg.Connection, only: str | None = None) -> list[HeadRow]:
    """Heads of the areas that have decided something, in order of their codes; of one area where it is named."""
    return [HeadRow(**row) for row in await connection.fetch(QUERIES["replay_heads"], only)]


async def caused(connection: asyncpg.Connection, area: str) -> AsyncIterator[Caused]:
    """Everything that an area recorded, in order. Raises DifferenceError where inputs and events do not fit."""
    after = 0
    while True:
        found = [
            InputRow(*row.values()) for row in await connection.fetch(QUERIES["replay_inputs"], area, after, CHUNK + 1)
        ]
        chunk, bound = found[:CHUNK], found[CHUNK].seq if len(found) > CHUNK else None
        rows = await connection.fetch(QUERIES["replay_events"], area, after, bound)
        events = [EventRow(*row.values()) for row in rows]
        if not chunk and not events:
            return
        for one in _fitted(area, chunk, events):
            yield one
        if bound is None:
            return
        after = bound - 1


def _fitted(area: str, inputs: list[InputRow], events: list[EventRow]) -> list[Caused]:
    first = inputs[0].seq if inputs else None
    if events and (first is None or events[0].seq < first):
        raise DifferenceError(area, events[0].seq, "an event that no recorded input caused")
    ends = [following.seq for following in inputs[1:]] + [None]
    together = []
    at = 0
    for one, end in zip(inputs, ends, strict=True):
        begin = at
        while at < len(events) and (end is None or events[at].seq < end):
            at += 1
        if begin == at:
            raise DifferenceError(area, one.seq, f"input {one.source} {one.id} has no event: the recorder lacks it")
        together.append(Caused(one, tuple(events[begin:at])))
    return together

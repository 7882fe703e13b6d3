"""What the transport makes of Faust's consumer: where a fetch began, waiting for positions, odd record batches."""

import asyncio
import struct
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from aiokafka.record import default_records as parts
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.runtime import transport
from streams.runtime.tolerant import TolerantRecords

T0 = TP("t", 0)


def fetched(*offsets: int) -> dict[TP, list[ConsumerRecord]]:
    return {T0: [ConsumerRecord("t", 0, at, 0, 0, b"", b"", None, 0, 0, ()) for at in offsets]}


class Consumer(transport.Consumer):
    """Without Faust and without a broker."""

    def __init__(self, on_assigned: transport.Assigned) -> None:
        self._fetched = {}
        self._seeks = self._seeking = 0
        self._placing = None
        self._wanted = set()
        self.on_assigned = on_assigned  # type: ignore[misc]
        self.on_revoked = lambda: None  # type: ignore[misc]
        self.sought: list[dict[TP, int]] = []
        self.paused: set[TP] = set()
        self.assigned = {T0}
        self.seek_takes = asyncio.Event()
        self.seek_takes.set()

    def assignment(self) -> set[TP]:
        return self.assigned

    async def seek_wait(self, partitions: Any) -> None:
        self.sought.append(dict(partitions))
        await self.seek_takes.wait()

    def pause_partitions(self, tps: Any) -> None:
        self.paused |= set(tps)

    def resume_partitions(self, tps: Any) -> None:
        self.paused -= set(tps)


async def at_once(_: set[TP]) -> dict[TP, int]:
    return {T0: 400}


def answers(monkeypatch: pytest.MonkeyPatch, *results: dict[TP, list[ConsumerRecord]]) -> None:
    """What the client fetches, one answer a call; a pause before each."""
    waiting = list(results)

    async def getmany(self: object, *_: object) -> dict[TP, list[ConsumerRecord]]:
        await asyncio.sleep(0.01)
        return waiting.pop(0)

    monkeypatch.setattr(driver.Consumer, "_getmany", getmany)


async def starts(consumer: Consumer) -> list[int]:
    return [batch.value[0] for batches in (await consumer._getmany(None, 1.0)).values() for batch in batches]


async def test_a_fetch_begins_where_the_one_before_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer(at_once)
    await consumer.seek_to_committed()
    answers(monkeypatch, fetched(400, 401), fetched(405), fetched(406))
    assert [await starts(consumer) for _ in range(3)] == [[400], [402], [406]]


async def test_records_that_were_fetched_during_a_seek_claim_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale fetch that passed for what the seek had asked for would skip what lies between, in silence."""
    consumer = Consumer(at_once)
    await consumer.seek_to_committed()
    answers(monkeypatch, fetched(510, 511), fetched(520), fetched(400), fetched(401))
    fetching = asyncio.create_task(starts(consumer))
    await asyncio.sleep(0)
    await consumer.reseek(T0, 400)
    assert await fetching == [510]
    consumer.seek_takes.clear()
    reseeking = asyncio.create_task(consumer.reseek(T0, 400))
    await asyncio.sleep(0)
    assert await starts(consumer) == [520]
    consumer.seek_takes.set()
    await reseeking
    assert await starts(consumer) == [400]
    assert await starts(consumer) == [401]


async def test_faust_is_not_kept_waiting_for_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would give up for good; instead nothing is fetched until the positions are there."""
    monkeypatch.setattr(transport, "PLACE_S", 0.05)
    there = asyncio.Event()

    async def slow(_: set[TP]) -> dict[TP, int]:
        await there.wait()
        return {T0: 400}

    consumer = Consumer(slow)
    assert await consumer.seek_to_committed() == {}
    assert consumer.paused == {T0}
    assert await consumer.seek_to_committed() == {}
    there.set()
    await asyncio.sleep(0.05)
    assert (consumer.paused, consumer.sought) == (set(), [{T0: 400}])


async def test_a_new_assignment_replaces_one_that_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PLACE_S", 0.05)
    asked: list[set[TP]] = []

    async def slow(wanted: set[TP]) -> dict[TP, int]:
        asked.append(wanted)
        if len(asked) == 1:
            await asyncio.sleep(60)
        return dict.fromkeys(wanted, 7)

    consumer = Consumer(slow)
    await consumer.seek_to_committed()
    consumer.assigned = {TP("t", 1)}
    assert await consumer.seek_to_committed() == {TP("t", 1): 7}
    assert consumer.sought == [{TP("t", 1): 7}]


async def test_a_worker_that_gets_nothing_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[TP]] = []

    async def note(wanted: set[TP]) -> dict[TP, int]:
        asked.append(wanted)
        return {}

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(driver.Consumer, "on_partitions_assigned", nothing)
    consumer = Consumer(note)
    await consumer.on_partitions_assigned(set(), 1)
    assert asked == [set()]


# ---- batches


def batch(names: list[bytes], codec: int = 0) -> bytes:
    """A batch of one record per header name."""
    builder = parts._DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1 << 20)
    for offset, name in enumerate(names):
        marker = f"N{offset:03d}".ljust(len(name), "N")
        builder.append(offset, 1_700_000_000_000, b"k", f"v{offset}".encode(), [(marker, b"x"), ("n", None)])
    raw = bytearray(builder.build())
    for offset, name in enumerate(names):
        marker = f"N{offset:03d}".ljust(len(name), "N").encode()
        if not codec:
            raw[raw.index(marker) :][: len(marker)]
            at = raw.index(marker)
            raw[at : at + len(marker)] = name
    crc = calc_crc32c(memoryview(raw)[parts.DefaultRecordBase.ATTRIBUTES_OFFSET :])
    struct.pack_into(">I", raw, parts.DefaultRecordBase.CRC_OFFSET, crc)
    return bytes(raw)


def contents(reader: Any) -> list[tuple[int, int, bytes, bytes, list[tuple[str, bytes | None]]]]:
    found = []
    while reader.has_next():
        one = reader.next_batch()
        assert one.validate_crc()
        found += [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in one]
    return found


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
def test_good_batches_are_read_as_ever(codec: int) -> None:
    raw = batch([b"name"] * 50, codec) + batch([b"other"], codec)
    assert contents(TolerantRecords(raw)) == contents(MemoryRecords(raw))


def test_a_header_name_that_is_no_text_is_escaped() -> None:
    raw = batch([b"fine", b"\xff\xfeab", "雪a".encode(), b"fine"])
    with pytest.raises(UnicodeDecodeError):
        contents(MemoryRecords(raw))
    read = {offset: headers for offset, _, _, _, headers in contents(TolerantRecords(raw))}
    assert [read[n][0] for n in range(4)] == [("fine", b"x"), (r"\xff\xfeab", b"x"), ("雪a", b"x"), ("fine", b"x")]
    assert all(headers[1] == ("n", None) for headers in read.values())

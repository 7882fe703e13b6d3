"""A6: whatever arrives, the worker goes on; bad records are found again with a code, good ones take effect."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from schemas.inputs.resources import ResourcePositioned
from schemas.topics import DEAD_LETTERS, INCIDENT_REPORTS, OUTPUT_TOPICS
from tests.parts_server import KafkaPart
from tests.support import alarm
from tests.support.bad_inputs import ACCEPTED, ANY, NUMBER, Bad, bad_inputs
from tests.support.city import City
from tests.support.messages import Message
from tests.support.running import MIB, Wire, Worker, envelope, running_worker, settings_for, until, wire
from tests.support.story import Story

SEED = 20261122
COUNT = 2000
GOOD = 300


def test_the_generator_makes_what_the_bar_asks_for() -> None:
    story = Story(City(1), SEED)
    made = bad_inputs(SEED, [story.next() for _ in range(50)], COUNT)
    assert len(made) >= COUNT * 0.98
    assert max(len(bad.message.value or b"") for bad in made) > 4 * MIB
    assert sum(len(bad.message.headers) > 300 for bad in made) > 10
    again = bad_inputs(SEED, [Story(City(1), SEED).next() for _ in range(50)], 100)
    assert [bad.kind for bad in again] == [bad.kind for bad in bad_inputs(SEED, [story.next()] * 50, 100)]


async def send_all(site: Wire, good: list[Message], bad: list[Bad]) -> None:
    """Good records in their order, bad ones between them."""
    share = max(1, len(bad) // max(1, len(good)))
    waiting = iter(bad)
    confirmations = []

    async def send(message: Message, key: bytes | None) -> None:
        confirmations.append(
            await site.producer.send(site.topic(message.topic), message.value, key=key, headers=list(message.headers))
        )

    for message in good:
        await send(message, message.area.encode())
        for _ in range(share):
            if one := next(waiting, None):
                await send(one.message, one.key)
    for one in waiting:
        await send(one.message, one.key)
    await asyncio.gather(*confirmations)


async def caught_up(site: Wire, worker: Worker, timeout: float) -> None:
    """Wait until every record that was sent has been applied and published."""

    async def probe() -> bool:
        samples = await worker.metrics()
        return samples.total("lag_records") == 0 and samples.total("unpublished_rows") == 0

    await asyncio.sleep(1.5)
    await until(probe, timeout, "no lag", worker.child.tail, every=0.5)
    await asyncio.sleep(1.5)
    await until(probe, timeout, "no lag", worker.child.tail, every=0.5)


@pytest.mark.timeout(400)
async def test_two_thousand_bad_inputs_stop_nothing(
    real_kafka: KafkaPart, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """A6."""
    settings = settings_for(real_kafka, database, topic_prefix, partitions=2)
    stories = [Story(City(number), SEED) for number in (1, 2)]
    opening = [message for story in stories for message in story.opening()]
    good = [stories[n % 2].next() for n in range(GOOD)]
    telemetry = ResourcePositioned.TYPE.encode()
    accountable = [message for message in good if telemetry not in dict(message.headers).values()]
    bad = bad_inputs(SEED, accountable[: GOOD // 4], COUNT)
    async with (
        running_worker(settings, tmp_path, module="tests.support.faulty_worker") as worker,
        wire(settings) as site,
    ):
        pid = worker.child.pid
        await send_all(site, opening, [])
        await send_all(site, good[: GOOD // 4], [])
        await caught_up(site, worker, 60)
        await send_all(site, good[GOOD // 4 :], bad)
        await caught_up(site, worker, 90)
        samples = await worker.metrics()
        assert worker.child.running
        assert worker.child.pid == pid
        assert samples.total("lane_restarts_total") == 0, worker.child.tail()
        assert await worker.is_ready(), await worker.get("/readyz")

        letters = await site.read(DEAD_LETTERS)
        connection = await asyncpg.connect(database, server_settings={"search_path": "actual"})
        accepted = {row["id"] for row in await connection.fetch("select id from recorder_input")}
        sent = [*opening, *accountable]
        lost = [message for message in sent if dict(message.headers)["ce_id"].decode() not in accepted]
        ids = {dict(message.headers)["ce_id"] for message in lost}
        assert not lost, [(letter.headers, letter.value) for letter in letters if ids & {v for _, v in letter.headers}]
        judge(bad, letters, accepted)
        for letter in letters:
            original = next(one for one in bad if one.number == int(dict(letter.headers)[NUMBER]))
            assert letter.value == original.message.value
            assert letter.key == original.key
            assert letter.headers[-len(original.message.headers) :] == tuple(original.message.headers)
        await assert_whole(site, connection)
        stored = dict(await connection.fetch("select category, count(*) from dead_letter group by category"))
        assert sum(stored.values()) == len(letters)
        assert samples.total("dead_letters_total") == stored["unreadable"]
        assert samples.total("id_conflicts_total") == stored["conflict"]
        assert samples.total("quarantined_records_total") == stored["fault"]
        assert samples.total("degraded_areas") == 2
        assert samples.total("foreign_keys_total") > 0

        # Redrive: a quarantined record that was repaired takes effect under its own identity.
        repaired = next(one for one in bad if one.kind == "tripped")
        id = dict(repaired.message.headers)["ce_id"].decode()
        await site.send_raw(
            INCIDENT_REPORTS,
            json.dumps({"area": repaired.message.area, "how": "repaired"}).encode(),
            envelope(id, alarm.Tripped.TYPE, dict(repaired.message.headers)["ce_source"].decode()),
            repaired.message.area.encode(),
        )
        await caught_up(site, worker, 30)
        assert await connection.fetchval("select count(*) from recorder_input where id = $1", id) == 1
        await connection.close()


def judge(bad: list[Bad], letters: list[object], accepted: set[str]) -> None:
    """Every bad record came to the end that it had to come to."""
    codes: dict[int, str] = {}
    for letter in letters:
        headers = dict(letter.headers)  # type: ignore[attr-defined]
        codes[int(headers[NUMBER])] = headers["dl_code"].decode()
    wrong = []
    ends: Counter[str] = Counter()
    for one in bad:
        id = dict(one.message.headers).get("ce_id") or b""
        taken = id.decode("utf-8", "replace") in accepted
        end = codes.get(one.number) or (ACCEPTED if taken else "NOTHING")
        ends[end] += 1
        if end == "NOTHING" or (ANY not in one.expect and end not in one.expect):
            wrong.append((one.number, one.kind, end, sorted(one.expect), (one.message.value or b"")[-60:]))
    print(dict(ends))
    assert not wrong, wrong
    assert ends[ACCEPTED] < len(bad) // 4


async def assert_whole(site: Wire, connection: asyncpg.Connection) -> None:
    """Nothing was emitted that is not on its topic, and in order."""
    published: dict[str, set[int]] = {}
    for record in await site.read(*(name for name in OUTPUT_TOPICS if name != DEAD_LETTERS)):
        headers = dict(record.headers)
        if "ce_sequence" not in headers:
            continue  # mutual.aid is an input too: somebody else's
        area = headers["ce_source"].decode().rsplit("/", 1)[1]
        published.setdefault(area, set()).add(int(headers["ce_sequence"]))
    for row in await connection.fetch("select area, seq from area_head where seq > 0"):
        assert published[row["area"]] == set(range(1, row["seq"] + 1))

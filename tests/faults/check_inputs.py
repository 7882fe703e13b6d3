"""Every accepted input exactly once in the recorder; every poison record in dead.letters with code and origin."""

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

import asyncpg

from schemas.inputs.resources import ResourcePositioned
from schemas.topics import DEAD_LETTERS, INPUT_TOPICS
from tests.faults.findings import Findings
from tests.faults.reading import plain, read
from tests.support.messages import EXPECT, VALID
from tests.support.site import Site

Identity = tuple[str, str, str]
Origin = tuple[str, int, int]


@dataclass
class Sent:
    """What the input topics hold."""

    inputs: dict[Identity, bytes] = field(default_factory=dict)
    """Valid inputs by area, source and id, with the digest of their content."""
    copies: dict[Identity, set[Origin]] = field(default_factory=dict)
    letters: dict[Origin, tuple[str, bytes]] = field(default_factory=dict)
    """Records that must be dead letters: the code, and the digest of their bytes."""
    positions: dict[tuple[str, str], str] = field(default_factory=dict)
    """Newest observation of each resource."""


async def read_sent(site: Site, findings: Findings) -> Sent:
    """Read all input topics; what the senders meant stands in a header of each record."""
    sent = Sent()
    async for record in read(site, INPUT_TOPICS):
        headers = dict(record.headers)
        expected = headers.get(EXPECT, VALID.encode()).decode()
        topic = plain(site, record)
        origin = (topic, record.partition, record.offset)
        findings.count("records")
        if expected != VALID:
            findings.count("poison")
            sent.letters[origin] = (expected, sha256(record.value or b"").digest())
            continue
        type = headers["ce_type"].decode()
        body = json.loads(record.value)
        if type == ResourcePositioned.TYPE:
            key = (body["area"], body["resource"])
            sent.positions[key] = max(sent.positions.get(key, ""), body["observed_at"])
            continue
        identity = (body["area"], headers["ce_source"].decode(), headers["ce_id"].decode())
        findings.count("duplicates", identity in sent.inputs)
        sent.inputs.setdefault(identity, sha256(type.encode() + b"\x00" + record.value).digest())
        sent.copies.setdefault(identity, set()).add(origin)
    return sent


async def check_inputs(site: Site, database: asyncpg.Connection, sent: Sent, findings: Findings) -> None:
    """Compare what was sent with the recorder, the positions and the dead letters."""
    times: Counter[Identity] = Counter()
    rows = await database.fetch(
        "select area, source, id, digest, topic, partition, \"offset\" from recorder_input where topic <> ''"
    )
    for row in rows:
        identity = (row["area"], row["source"], row["id"])
        origin = (row["topic"], row["partition"], row["offset"])
        times[identity] += 1
        if identity not in sent.inputs:
            findings.wrong("foreign", f"recorded but never sent: {identity}")
        elif row["digest"] != sent.inputs[identity] or origin not in sent.copies[identity]:
            findings.wrong("foreign", f"recorded with another content or origin: {identity}")
    for identity in sent.inputs:
        if not times[identity]:
            findings.wrong("lost", f"sent but not recorded: {identity} {sorted(sent.copies[identity])}")
        elif times[identity] > 1:
            findings.wrong("doubled", f"recorded {times[identity]} times: {identity}")
    findings.count("inputs", len(sent.inputs))
    await _positions(database, sent, findings)
    await _letters(site, database, sent, findings)


async def _positions(database: asyncpg.Connection, sent: Sent, findings: Findings) -> None:
    rows = await database.fetch("select area, resource, observed_at from position")
    stored = {(row["area"], row["resource"]): row["observed_at"] for row in rows}
    for key, newest in sent.positions.items():
        at = stored.get(key)
        if at is None or at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") != newest:
            findings.wrong("lost", f"position of {key} is {at}, newest sent {newest}")
    findings.count("positioned", len(sent.positions))


async def _letters(site: Site, database: asyncpg.Connection, sent: Sent, findings: Findings) -> None:
    published: dict[Origin, set[tuple[str, bytes]]] = {}
    why: dict[Origin, str] = {}
    async for record in read(site, [DEAD_LETTERS]):
        headers = dict(record.headers)
        origin = (headers["dl_topic"].decode(), int(headers["dl_partition"]), int(headers["dl_offset"]))
        content = (headers["dl_code"].decode(), sha256(record.value or b"").digest())
        findings.count("letters_repeated", origin in published)
        why[origin] = headers["dl_message"].decode()
        published.setdefault(origin, set()).add(content)
    for origin, content in sent.letters.items():
        if content not in published.get(origin, set()):
            findings.wrong("poison_missing", f"{origin} should be a dead letter {content[0]}")
    for origin, contents in published.items():
        if origin not in sent.letters:
            findings.wrong("unexpected_letters", f"{origin} became a dead letter {min(contents)[0]}: {why[origin]}")
        elif len(contents) > 1:
            findings.wrong("not_identical", f"dead letter of {origin} has {len(contents)} contents")
    unsent = await database.fetchval("select count(*) from dead_letter where not published")
    if unsent:
        findings.wrong("unpublished", f"{unsent} dead letters are not marked as published")

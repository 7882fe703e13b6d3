"""What the output topics hold against the recorder: complete, identical, gapless and in order."""

from hashlib import sha256

import asyncpg
from aiokafka import ConsumerRecord

from schemas.topics import DEAD_LETTERS, INPUT_TOPICS, OUTPUT_TOPICS
from streams.store.rows import GENESIS, EventRow, InputRow, link, origin
from tests.faults.findings import Findings
from tests.faults.reading import plain, read
from tests.support.site import Site

COLUMNS = ", ".join(EventRow._fields)
INPUT_COLUMNS = ", ".join(f'"{name}"' for name in InputRow._fields)
SOURCE = "liandong/"


def _content(record: ConsumerRecord) -> bytes:
    parts = [record.key or b"", record.value or b""]
    parts += [name.encode() + b"=" + (value or b"") for name, value in record.headers]
    return sha256(b"\x1f".join(parts)).digest()


class Consumer:
    """A console that drops what is not above the last sequence it has seen of an area on a topic partition."""

    def __init__(self, site: Site, findings: Findings) -> None:
        self._site = site
        self._findings = findings
        self._last: dict[tuple[str, int, str], int] = {}
        self._contents: dict[str, bytes] = {}
        self.kept: dict[str, dict[int, tuple[str, str, bytes]]] = {}
        """By area and sequence: id, topic, digest of the data."""

    async def read(self) -> None:
        """Read every output topic; `mutual.aid` is also an input, others may have written there."""
        async for record in read(self._site, [name for name in OUTPUT_TOPICS if name != DEAD_LETTERS]):
            self._take(record)

    def _take(self, record: ConsumerRecord) -> None:
        headers = dict(record.headers)
        source = headers["ce_source"].decode()
        topic = plain(self._site, record)
        if topic in INPUT_TOPICS and not source.startswith(SOURCE):
            return
        id, area, sequence = headers["ce_id"].decode(), source.rpartition("/")[2], int(headers["ce_sequence"])
        self._findings.count("outputs")
        content = _content(record)
        known = self._contents.setdefault(id, content)
        if known != content:
            self._findings.wrong("not_identical", f"{id} is there with different contents on {topic}")
        place = (topic, record.partition, area)
        if sequence <= self._last.get(place, 0):
            self._findings.count("outputs_repeated")
            return
        self._last[place] = sequence
        self.kept.setdefault(area, {})[sequence] = (id, topic, sha256(record.value).digest())


async def check_outputs(site: Site, database: asyncpg.Connection, findings: Findings) -> None:
    """Read the topics as a consumer would, and compare with what was recorded."""
    consumer = Consumer(site, findings)
    await consumer.read()
    heads = await database.fetch("select area, seq, published, chain from area_head order by area")
    findings.count("areas", len(heads))
    for head in heads:
        kept = consumer.kept.get(head["area"], {})
        missing = [seq for seq in range(1, head["seq"] + 1) if seq not in kept]
        if missing or len(kept) != head["seq"]:
            extra = sorted(set(kept) - set(range(1, head["seq"] + 1)))[:5]
            findings.wrong(
                "gaps", f"{head['area']}: consumers miss {len(missing)} of {head['seq']}, first {missing[:5]}, {extra=}"
            )
        if head["published"] != head["seq"]:
            findings.wrong("unpublished", f"{head['area']}: cursor {head['published']}, head {head['seq']}")
        await _compare(database, head, kept, findings)


async def _compare(
    database: asyncpg.Connection, head: asyncpg.Record, kept: dict[int, tuple[str, str, bytes]], findings: Findings
) -> None:
    rows = await database.fetch(f"select {COLUMNS} from recorder_event where area = $1 order by seq", head["area"])
    inputs = await database.fetch(f"select {INPUT_COLUMNS} from recorder_input where area = $1", head["area"])
    causes = {row["seq"]: origin(InputRow(*row.values())) for row in inputs}
    if [row["seq"] for row in rows] != list(range(1, head["seq"] + 1)):
        findings.wrong("gaps", f"{head['area']}: the recorder is not 1..{head['seq']}")
    chain = GENESIS
    for row in (EventRow(*row.values()) for row in rows):
        findings.count("events")
        seen = kept.get(row.seq)
        if seen is None:
            findings.wrong(
                "outputs_missing", f"{row.area} {row.seq} {row.type} never reaches a consumer of {row.topic}"
            )
        elif seen != (str(row.id), row.topic, sha256(row.data).digest()):
            findings.wrong("not_identical", f"{row.area} {row.seq}: topic and recorder differ")
        chain = link(chain, causes.get(row.seq, b""), row)
        if chain != row.chain:
            findings.wrong("chain_broken", f"{row.area} {row.seq}")
            chain = row.chain
    if chain != head["chain"]:
        findings.wrong("chain_broken", f"{head['area']}: head")

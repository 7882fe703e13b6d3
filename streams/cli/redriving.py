"""What the dead-letter commands do: read, repair, send again, close faults."""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg

from schemas.codec import Readable, decode
from schemas.envelope import Headers
from schemas.inputs.registers import FaultSettled
from streams.cli.common import UNMET, USAGE, CommandError
from streams.cli.sending import Outcome, Sent, area_now, outcome, send, send_event
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.sql import QUERIES

SHOWN_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Repair:
    """What is to be different when a record is sent again."""

    value: bytes | None = None
    headers: tuple[str, ...] = ()
    id: str | None = None

    def of_headers(self, original: Headers) -> Headers:
        """The headers with the changes."""
        changes = dict(self._change(text) for text in self.headers)
        if self.id is not None:
            changes["ce_id"] = self.id
        kept = [(name, value) for name, value in original if name not in changes]
        return kept + [(name, value.encode()) for name, value in changes.items() if value]

    @staticmethod
    def _change(text: str) -> tuple[str, str]:
        name, found, value = text.partition("=")
        if not found or not name:
            raise CommandError(
                f"--header {text}: not NAME=VALUE", "write for example --header ce_type=alert.issued.v1", USAGE
            )
        return name, value


async def letters(
    settings: Settings, area: str | None, category: str | None, limit: int, *, settled: bool
) -> list[dict[str, Any]]:
    """Dead letters, and open faults of timers, which have no record."""
    connection = await connect(settings.database, settings.realm)
    try:
        rows = [dict(row) for row in await connection.fetch(QUERIES["list_letters"], area, category, settled, limit)]
        faults = await connection.fetch(QUERIES["list_faults"], area) if category in (None, "fault") else []
    finally:
        await connection.close()
    listed = [{"ref": f"{row['topic']}:{row['partition']}:{row['offset']}", **row} for row in rows]
    return listed + [_timer_fault(row) for row in faults if row["timer_kind"] is not None]


def _timer_fault(row: asyncpg.Record) -> dict[str, Any]:
    said = f"timer {row['timer_kind']} due {row['due'].isoformat()}" + (
        f" of {row['incident']}" if row["incident"] else ""
    )
    return {
        "ref": row["fault"],
        "at": row["due"],
        "area": row["area"],
        "category": "fault",
        "code": "TIMER_QUARANTINED",
        "path": "",
        "message": said,
        "outcome": None,
    }


def place(ref: str) -> tuple[str, int, int]:
    """Topic, partition and offset of a reference."""
    topic, _, rest = ref.partition(":")
    partition, _, offset = rest.partition(":")
    if not (topic and partition.isdigit() and offset.isdigit()):
        raise CommandError(f"{ref} is no topic:partition:offset", "copy it from `liandong deadletters list`", USAGE)
    return topic, int(partition), int(offset)


async def letter(settings: Settings, ref: str) -> asyncpg.Record:
    """One dead letter, or a usage failure."""
    where = place(ref)
    connection = await connect(settings.database, settings.realm)
    try:
        row = await connection.fetchrow(QUERIES["read_letter"], *where)
    finally:
        await connection.close()
    if row is None:
        raise CommandError(
            f"no dead letter {ref} in realm {settings.realm}", "see `liandong deadletters list --all`", USAGE
        )
    return row


def headers_of(row: asyncpg.Record) -> Headers:
    """A dead letter's own headers."""
    return [(name, None if value is None else base64.b64decode(value)) for name, value in json.loads(row["headers"])]


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A dead letter for people: bytes as text where they are text."""
    value = row["value"]
    told = {name: row[name] for name in ("area", "category", "code", "path", "message", "at", "published")}
    settled = {name: row[name] for name in ("settled_at", "outcome", "settled_by", "reason") if row[name]}
    headers = [(name, _text(content)) for name, content in headers_of(row)]
    size = {"bytes": len(value) if value is not None else None}
    return {**told, **settled, "key": _text(row["key"]), "headers": headers, **size, "value": _text(value)}


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    cut = value[:SHOWN_BYTES]
    more = f" … {len(value) - SHOWN_BYTES} bytes more" if len(value) > SHOWN_BYTES else ""
    try:
        return cut.decode() + more
    except UnicodeDecodeError:
        return "hex " + cut.hex() + more


async def redrive_letter(settings: Settings, ref: str, repair: Repair, by: str, wait_s: float) -> dict[str, Any]:
    """Send a record again, see what becomes of it, mark it, close its fault."""
    row = await letter(settings, ref)
    if row["category"] == "conflict" and repair.id is None:
        raise CommandError(f"{ref}: its id belongs to an accepted record with other content", "give --id NEW-ID", USAGE)
    headers = repair.of_headers(headers_of(row))
    value = row["value"] if repair.value is None else repair.value
    read = decode(row["topic"], headers, value)
    if not isinstance(read, Readable):
        said = f"would be unreadable again: {read.code} {read.path} {read.message}"
        raise CommandError(f"{ref} {said}", "repair it with --value or --header", UNMET)
    where = Sent(row["topic"], -1, -1, read.event.area, read.envelope.source, read.envelope.id)
    sent = await send(settings, where, read.event.area.encode(), value, headers)
    found = await outcome(settings, sent, wait_s)
    if found.dead or not found.events:
        return _told(sent, found, "")
    await _settle(settings, row, "redriven", by, "")
    closed = await _close_fault(settings, row, "redriven", by, "", wait_s) if row["category"] == "fault" else ""
    return _told(sent, found, closed)


def _told(sent: Sent, found: Outcome, closed: str) -> dict[str, Any]:
    where = f"{sent.topic}:{sent.partition}:{sent.offset}"
    if found.dead:
        said = f"sent as {where}, and is a dead letter again: {found.dead}"
    elif not found.events:
        said = f"sent as {where}; no worker has dealt with it yet: see `liandong doctor`"
    elif found.refusal is not None:
        said = f"sent as {where}; refused by the rules: {found.refusal['code']} {found.refusal['message']}{closed}"
    else:
        types = ", ".join(dict.fromkeys(type for _, type, _ in found.events))
        said = f"sent as {where} and applied: {types}{closed}"
    return {"applied": bool(found.events), "sent": where, "events": [t for _, t, _ in found.events], "said": said}


async def dismiss_letter(settings: Settings, ref: str, by: str, reason: str) -> dict[str, Any]:
    """Mark a dead letter as done with, and close its fault."""
    row = await letter(settings, ref)
    await _settle(settings, row, "dismissed", by, reason)
    closed = await _close_fault(settings, row, "dismissed", by, reason, 15.0) if row["category"] == "fault" else ""
    return {"applied": "not closed" not in closed, "said": f"{ref} dismissed{closed}"}


async def settle_timer(
    settings: Settings, fault: str, how: Literal["redriven", "dismissed"], by: str, reason: str, wait_s: float
) -> dict[str, Any]:
    """Close the fault of a timer: put the timer back, or leave it out."""
    connection = await connect(settings.database, settings.realm)
    try:
        faults = await connection.fetch(QUERIES["list_faults"], None)
    finally:
        await connection.close()
    area = next((row["area"] for row in faults if row["fault"] == fault), None)
    if area is None:
        raise CommandError(f"no open fault {fault} in realm {settings.realm}", "see `liandong deadletters list`", USAGE)
    said = await _tell_worker(settings, area, fault, how, by, reason, wait_s)
    return {"applied": "not closed" not in said, "said": f"{fault} {how}{said}"}


async def _settle(settings: Settings, row: asyncpg.Record, how: str, by: str, reason: str) -> None:
    connection = await connect(settings.database, settings.realm)
    try:
        where = (row["topic"], row["partition"], row["offset"])
        await connection.execute(QUERIES["settle_letter"], *where, how, by, reason or None)
    finally:
        await connection.close()


async def _close_fault(
    settings: Settings,
    row: asyncpg.Record,
    how: Literal["redriven", "dismissed"],
    by: str,
    reason: str,
    wait_s: float,
) -> str:
    if row["area"] is None:
        return ""
    fault = f"fault:{row['topic']}:{row['partition']}:{row['offset']}"
    return await _tell_worker(settings, row["area"], fault, how, by, reason, wait_s)


async def _tell_worker(
    settings: Settings,
    area: str,
    fault: str,
    how: Literal["redriven", "dismissed"],
    by: str,
    reason: str,
    wait_s: float,
) -> str:
    """Have the area's worker close a fault: state changes by events only."""
    connection = await connect(settings.database, settings.realm)
    try:
        now = await area_now(connection, area)
    finally:
        await connection.close()
    event = FaultSettled(area=area, fault=fault, outcome=how, by=by, reason=reason)
    sent = await send_event(settings, event, f"settle-{uuid.uuid4()}", now)
    found = await outcome(settings, sent, wait_s)
    if found.refusal is not None:
        return f"; fault not closed: {found.refusal['message']}"
    return "; its fault is closed" if found.events else "; fault not closed yet: no worker has dealt with it"

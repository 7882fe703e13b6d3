"""Reads what waits for a decision, and tells why lines of a request were served as they were."""

from typing import Any

from schemas.codec import decode_output
from streams.cli.explaining import told
from streams.domain.directives.proposals import pending
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.reading import areas, read_state
from streams.store.sql import QUERIES


async def waiting(settings: Settings, only: str | None) -> list[dict[str, Any]]:
    """Proposals that somebody must still decide, of one area or of all, oldest first."""
    connection = await connect(settings.database, settings.realm)
    try:
        rows = []
        for area in await areas(connection, only):
            state = await read_state(connection, area)
            for one in pending(state):
                known = one.model_dump(include=set(FIELDS)) | {"offices": list(one.offices)}
                late = one.expires_at is not None and state.now > one.expires_at
                answered = [f"{answer.office}: {answer.answer}" for answer in one.answers]
                rows.append({"area": area, "proposal": one.id, **known, "answered": answered, "late": late})
        return rows
    finally:
        await connection.close()


FIELDS = ("kind", "rule", "incident", "zone", "level", "status", "offices", "opened_at", "expires_at", "severity")


async def explained(settings: Settings, ref: str, area: str | None) -> dict[str, Any]:
    """Every decision on a request's lines (or on one line), with the words that a dispatcher reads."""
    connection = await connect(settings.database, settings.realm)
    try:
        rows = await connection.fetch(QUERIES["decided_lines"], area, ref)
        if not rows and "/" in ref:
            rows = await connection.fetch(QUERIES["decided_lines"], area, ref.rpartition("/")[0])
    finally:
        await connection.close()
    events = [decode_output(row["type"], row["data"]) for row in rows]
    lines = [
        {
            "area": row["area"],
            "seq": row["seq"],
            "at": row["now"],
            "told": text,
            "data": event.model_dump(mode="json"),
        }
        for row, event, text in zip(rows, events, told(events, ref), strict=True)
        if text
    ]
    return {"request": ref, "lines": lines}

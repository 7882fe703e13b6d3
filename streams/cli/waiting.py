"""Reads what waits for a decision, and tells why lines of a request were served as they were."""

from typing import Any

from schemas.codec import decode_output
from schemas.outputs.allocation_events import LineDecided, RequestAdmitted, ResourceCommitted
from streams.domain.directives.proposals import pending
from streams.scenario import words
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.reading import areas, read_state
from streams.store.sql import QUERIES

SHOWN = 8
"""Candidates of one decision that fit on a screen."""
NEARER = "更近未用 nearer, not used:"


async def waiting(settings: Settings, only: str | None) -> list[dict[str, Any]]:
    """Proposals that somebody must still decide, of one area or of all, oldest first."""
    connection = await connect(settings.database, settings.realm)
    try:
        rows = []
        for area in await areas(connection, only):
            state = await read_state(connection, area)
            for one in pending(state):
                told = one.model_dump(include=set(FIELDS)) | {"offices": list(one.offices)}
                late = one.expires_at is not None and state.now > one.expires_at
                answered = [f"{answer.office}: {answer.answer}" for answer in one.answers]
                rows.append({"area": area, "proposal": one.id, **told, "answered": answered, "late": late})
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
    lines: list[dict[str, Any]] = []
    for row in rows:
        event = decode_output(row["type"], row["data"])
        where = {"area": row["area"], "seq": row["seq"], "at": row["now"]}
        if isinstance(event, RequestAdmitted):
            lines.append({**where, "told": _admitted(event), "data": event.model_dump(mode="json")})
        elif isinstance(event, LineDecided) and ref in (event.request, event.subject()):
            lines.append({**where, "told": _decided(event), "data": event.model_dump(mode="json")})
        elif isinstance(event, ResourceCommitted) and ref in (event.request, f"{event.request}/{event.line}"):
            lines.append({**where, "told": _committed(event), "data": event.model_dump(mode="json")})
    return {"request": ref, "lines": lines}


def _admitted(event: RequestAdmitted) -> list[str]:
    wanted = "、".join(f"{words.word(line.kind)} {line.quantity} (urgency 紧急 {line.urgency})" for line in event.lines)
    return [f"申请 request {event.request} by {event.unit} for {event.place.district}: {wanted}"]


def _decided(event: LineDecided) -> list[str]:
    outcome = words.OUTCOMES.get(event.outcome, event.outcome)
    head = (
        f"第 {event.line} 行 line {event.line} {words.word(event.kind)}: {outcome}, {event.committed} of {event.needed}"
    )
    nearer = event.passed_over[:SHOWN]
    lines = ["", f"{head}  ({event.cause}; rules {', '.join(event.rules)})"]
    for number, one in enumerate(event.candidates[:SHOWN], 1):
        why = f"未用 {_reason(one['reason'])}" if "reason" in one else f"取 taken {one['take']}"
        lines.append(
            f"  {number:>2}. {one['resource']:<20} {_minutes(one['eta_ms'])}  score {_minutes(one['score_ms'])}  {why}"
        )
    if len(event.candidates) > SHOWN:
        lines.append(f"      … {len(event.candidates) - SHOWN} more candidates (--json)")
    lines += [
        f"   ×  {one['resource']:<20} {_minutes(one['eta_ms'])}  {NEARER} {_reason(one['reason'])}" for one in nearer
    ]
    counts = "、".join(f"{_reason(reason)} {count}" for reason, count in sorted(event.rejections.items()))
    lines.append(f"  {event.suitable} suitable 符合能力" + (f"; not used 未用: {counts}" if counts else ""))
    if event.crosses:
        lines.append(
            f"  needs authorisation 需授权 of {', '.join(words.department(one) for one in event.crosses)} (AL-1)"
        )
    return lines


def _committed(event: ResourceCommitted) -> list[str]:
    eta = f"ETA {_minutes(event.eta_ms)}" if event.eta_ms is not None else ""
    ground = words.GROUNDS.get(event.tier, event.tier)
    because = f"; {event.reason}" if event.reason else ""
    return [f"  → {event.resource} × {event.quantity}  {eta}  {ground}{because}  [{event.commitment}]"]


def _reason(code: str) -> str:
    return words.REASONS.get(code, code)


def _minutes(milliseconds: int) -> str:
    return f"{milliseconds / 60_000:>5.1f} min"

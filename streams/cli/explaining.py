"""Why this unit and not the nearer one: what a dispatcher reads about a request on one screen (D6).

A pure reading of recorded events: what was decided is in them, so nothing is computed again. Only the newest decision
of a line is told in full.
"""

from collections.abc import Sequence

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import (
    Candidate,
    CommitmentChanged,
    LineDecided,
    RequestAdmitted,
    ResourceCommitted,
)
from streams.scenario import words

SHOWN = 5
"""Candidates of one decision that fit on a screen."""
TAKEN = 3
"""Of a long list of taken ones, and of nearer ones that were not, so many are told by name at the least."""
MINUTE_MS = 60_000
TRAVEL = {
    "great_circle": "直线估算 formula over the great circle",
    "district_minutes": "区间行程表 district table",
    "osrm": "路网 OSRM",
    "valhalla": "路网 Valhalla",
}


def told(events: Sequence[OutputEvent], ref: str) -> list[list[str]]:
    """Lines of text for each event about a request or a line `<request>/<line>`; none for those about others."""
    newest = {event.subject(): number for number, event in enumerate(events) if isinstance(event, LineDecided)}
    return [_told(event, ref, last=number in newest.values()) for number, event in enumerate(events)]


def _told(event: OutputEvent, ref: str, *, last: bool) -> list[str]:
    match event:
        case RequestAdmitted() if event.request in (ref, ref.rpartition("/")[0]):
            return _admitted(event)
        case LineDecided() if ref in (event.request, event.subject()):
            return ["", *_decided(event)] if last else [_once(event)]
        case ResourceCommitted() if ref in (event.request, f"{event.request}/{event.line}"):
            return [_committed(event)]
        case CommitmentChanged() if ref in (event.request, f"{event.request}/{event.line}"):
            because = f": {event.reason}" if event.reason else ""
            return [f"     {event.resource} {event.previous} → {event.stage}{because}"]
        case _:
            return []


def _admitted(event: RequestAdmitted) -> list[str]:
    wanted = "、".join(f"{words.word(line.kind)} {line.quantity} (urgency 紧急 {line.urgency})" for line in event.lines)
    return [f"申请 request {event.request} by {event.unit} for {event.place.district}: {wanted}"]


def _once(event: LineDecided) -> str:
    """A decision that a newer one has followed."""
    return f"  先前 before: {_head(event)} ({event.cause})"


def _head(event: LineDecided) -> str:
    outcome = words.OUTCOMES.get(event.outcome, event.outcome)
    what = words.word(event.kind)
    return f"第 {event.line} 行 line {event.line} {what}: {outcome}, {event.committed} of {event.needed}"


def _decided(event: LineDecided) -> list[str]:
    lines = [f"{_head(event)}  ({event.cause}; rules {', '.join(event.rules)})"]
    lines.append(
        f"  次序 order: class {event.urgency}, 本事件已得 incident already holds {event.order[1]}; "
        f"行程 times: {TRAVEL.get(event.travel, event.travel)}"
    )
    shown = _shown(event.candidates)
    lines += [_candidate(number, one) for number, one in shown]
    if len(event.candidates) > len(shown):
        lines.append(f"      … {len(event.candidates) - len(shown)} more candidates (--json)")
    lines += [
        f"   ×  {one['resource']:<20} {_minutes(one['eta_ms'])}  更近未用 nearer, not used: {_reason(one['reason'])}"
        for one in event.passed_over[:SHOWN]
    ]
    counts = "、".join(f"{_reason(reason)} {count}" for reason, count in sorted(event.rejections.items()))
    lines.append(f"  {event.suitable} suitable 符合能力" + (f"; not used 未用: {counts}" if counts else ""))
    if event.crosses:
        owners = ", ".join(words.department(one) for one in event.crosses)
        given = f"; 已授权 given: {event.authorisation}" if event.authorisation else ""
        lines.append(f"  needs authorisation 需授权 of {owners} (AL-1){given}")
    return lines


def _shown(candidates: Sequence[Candidate]) -> list[tuple[int, Candidate]]:
    """The first ones, and those taken from farther down as far as there is room."""
    numbered = list(enumerate(candidates, 1))
    return numbered[:SHOWN] + [pair for pair in numbered[SHOWN:] if pair[1]["take"]][:TAKEN]


def _candidate(number: int, one: Candidate) -> str:
    why = f"未用 {_reason(one['reason'])}" if "reason" in one else f"取 taken {one['take']}"
    balance = one["score_ms"] - one["eta_ms"]
    spread = f"  统筹 balance +{balance / MINUTE_MS:.1f}" if balance else ""
    return f"  {number:>2}. {one['resource']:<20} {_minutes(one['eta_ms'])}{spread}  {why}"


def _committed(event: ResourceCommitted) -> str:
    eta = f"ETA {_minutes(event.eta_ms)}" if event.eta_ms is not None else ""
    ground = words.GROUNDS.get(event.tier, event.tier)
    because = f"; {event.reason}" if event.reason else ""
    return f"  → {event.resource} × {event.quantity}  {eta}  {ground}{because}  [{event.commitment}]"


def _reason(code: str) -> str:
    return words.REASONS.get(code, code)


def _minutes(milliseconds: int) -> str:
    return f"{milliseconds / MINUTE_MS:>5.1f} min"

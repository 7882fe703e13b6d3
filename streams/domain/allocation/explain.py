"""Why this unit and not the nearer one: what a dispatcher reads about a request on one screen (D6).

A pure reading of the recorded events: what was decided is in them, so nothing is computed again.
"""

from collections.abc import Iterable, Iterator

from schemas.base import OutputEvent
from schemas.outputs import allocation_events as out
from streams.domain.core import Incident
from streams.policy.allocation import AllocationLaw

REASONS: dict[str, str] = {
    "lacks_capability": "缺少所需能力 lacks the capability",
    "committed": "已承诺他用 committed elsewhere",
    "busy": "执行任务中 busy",
    "rest": "休整中 resting",
    "out_of_service": "停用 out of service",
    "quarantined": "隔离封存 quarantined",
    "expired": "过期 expired",
    "empty": "无余量 nothing left",
    "floor": "低于保底 would go below the reserve floor",
    "group_reserve": "编组保底 last of its kind in its reserve group",
    "too_far": "首波时限外 farther than the first wave",
    "no_travel_time": "无行程时间 travel time unknown",
    "declined": "已婉拒或未应答 declined or silent",
    "requisition_only": "须征用 only by requisition",
    "tier_closed": "床位层级未开放 surge tier closed",
    "delegated": "已委托失联区县 delegated to a silent district",
    "not_local": "非本地资源 not local",
}
OUTCOMES = {
    "committed": "已满足 filled",
    "partly_committed": "部分满足 partly filled",
    "pending_authorization": "待跨部门授权 waits for an authorisation",
    "short": "缺口 short",
}
TIERS = {
    "above_floor": "",
    "own_reserve": "，动用本区保底 own reserve",
    "waived_floor": "，经批准动用保底 floor waived",
    "preempted": "，改派 diverted",
    "requisition": "，征用 requisitioned",
    "by_hand": "，人工指派 by hand",
    "mutual_aid": "，区域互助 mutual aid",
}
MOST_CANDIDATES = 5
MINUTE_MS = 60_000


def explain(
    events: Iterable[OutputEvent], request: str, law: AllocationLaw, incident: Incident | None = None
) -> list[str]:
    """Lines of text about one request, oldest decision first. `events` may hold anything else besides."""
    own = [event for event in events if getattr(event, "request", None) == request]
    text: list[str] = []
    for event in own:
        match event:
            case out.RequestAdmitted():
                text += _admitted(event, incident)
            case out.LineDecided():
                text += _decided(event, law)
            case out.ResourceCommitted():
                text.append(_committed(event))
            case out.CommitmentChanged():
                reason = f"：{event.reason}" if event.reason else ""
                text.append(f"    {event.resource} {event.previous} → {event.stage}{reason}")
            case _:
                continue
    return text or [f"没有该申请 no request {request}"]


def _admitted(event: out.RequestAdmitted, incident: Incident | None) -> Iterator[str]:
    grade = "" if incident is None or incident.composite is None else f"，事件分级 grade {incident.composite}"
    yield f"申请 request {event.request} · {event.unit}（{event.department}）→ {event.place.district}{grade}"
    for line in event.lines:
        needs = "、".join(line.requires)
        yield (
            f"  {line.line}. {line.kind} × {line.quantity}，紧急等级 urgency {line.urgency}"
            + (f"，须具备 requires {needs}" if needs else "")
        )


def _decided(event: out.LineDecided, law: AllocationLaw) -> Iterator[str]:
    name = law.kind(event.kind).name.zh
    waits = f"，仍缺 short {event.short}" if event.short else ""
    yield f"  {event.line}. {name} {event.kind}：{OUTCOMES[event.outcome]}{waits}（{event.cause}）"
    yield (
        f"    次序 order：类别 class {event.order[0]}，本事件已得 already holds {event.order[1]}；"
        f"合适 suitable {event.suitable}；依据 rules {'、'.join(event.rules)}"
    )
    if event.crosses:
        under = event.authorisation or "无 none (AL-1)"
        yield f"    涉及 crosses {'、'.join(event.crosses)}，授权 authorisation {under}"
    for candidate in event.candidates[:MOST_CANDIDATES]:
        yield f"    {_candidate(candidate)}"
    for passed in event.passed_over:
        reason = REASONS[passed["reason"]]
        yield f"    更近但未用 nearer, not used: {passed['resource']} {_minutes(passed['eta_ms'])} · {reason}"
    if event.rejections:
        told = "；".join(f"{REASONS[reason]} {count}" for reason, count in event.rejections.items())
        yield f"    其余 the others: {told}"


def _candidate(candidate: out.Candidate) -> str:
    balance = candidate["score_ms"] - candidate["eta_ms"]
    score = f"，统筹 balance +{_minutes(balance)}" if balance else ""
    mark = "✓" if candidate["take"] else "·"
    reason = f" · {REASONS[candidate['reason']]}" if "reason" in candidate else ""
    taken = f" × {candidate['take']}" if candidate["take"] > 1 else ""
    return f"{mark} {candidate['resource']}{taken} {_minutes(candidate['eta_ms'])}{score}{reason}"


def _committed(event: out.ResourceCommitted) -> str:
    eta = "" if event.eta_ms is None else f" {_minutes(event.eta_ms)}"
    reason = f"：{event.reason}" if event.reason else ""
    return f"    → {event.resource} × {event.quantity}{eta}（{event.owner_unit}{TIERS[event.tier]}）{reason}"


def _minutes(milliseconds: int) -> str:
    return f"{milliseconds / MINUTE_MS:.1f} min"

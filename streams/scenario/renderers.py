"""How each kind of event is told: one renderer per event type, Chinese with the English terms."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from streams.scenario import words


class Told(Protocol):
    """What a renderer may ask about the event that it tells."""

    def __getitem__(self, key: str) -> Any:
        """A field, or None."""
        ...

    def text(self, key: str) -> str:
        """A field as safe text."""
        ...

    def name(self, key: str | None) -> str:
        """What people call something."""
        ...

    def names(self, key: str) -> str:
        """What people call the things of a field."""
        ...

    def all_names(self, key: str) -> str:
        """The same, however many they are."""
        ...

    def when(self, key: str) -> str:
        """An instant."""
        ...

    def distance(self) -> str:
        """How far the resource is, where positions are known."""
        ...


Renderer = Callable[[Told], Iterator[str]]


def _figures(figures: dict[str, Any]) -> str:
    return "，".join(f"{words.FIGURES[key]} {value}" for key, value in figures.items() if key in words.FIGURES)


def _rules(hits: Any) -> str:
    """Rule ids, with the mark of those that are a policy choice of ours or known only second-hand."""
    marks = {"P": " \\[P]", "K": " \\[K]"}
    return ", ".join(hit["rule"] + marks.get(hit.get("mark"), "") for hit in hits or ())


def _opened(scene: Told) -> Iterator[str]:
    where = scene.name((scene["place"] or {}).get("district"))
    yield f"[bold white on red] 事件 incident [/] {scene.text('incident')} · {where} · {scene.names('hazard_kinds')}"


def _attached(scene: Told) -> Iterator[str]:
    to = f" → {scene.name(scene['received_by'])}" if scene["received_by"] else ""
    sure = "已核实 verified" if scene["verification"] == "verified" else "未核实 unverified"
    what = _figures(scene["figures"]) or "情况 situation"
    yield f"[cyan]报告 report[/] {scene.name(scene['reporter_unit'])}{to}：{what} ({sure})"


def _graded(scene: Told) -> Iterator[str]:
    graded = [one for one in scene["families"] if one["severity"] is not None]
    parts = [f"{words.family(one['family'])} {words.grade(one['severity'])} ‹{_rules(one['hits'])}›" for one in graded]
    because = f" ＝ {'；'.join(parts)}" if parts else ""
    yield f"[bold yellow]分级 grade[/] [bold]{words.grade(scene['composite'])}[/]{because}"


def _need(scene: Told) -> Iterator[str]:
    yield f"[cyan]需求 need[/] {scene.name(scene['by_unit'])}：{words.NEEDS.get(scene['need'], scene['need'])}"


def _proposed(scene: Told) -> Iterator[str]:
    what = words.RULES.get(scene["rule"]) or words.PROPOSALS.get(scene["kind"], scene["kind"])
    level = f" {words.level(scene['level'])}" if scene["level"] else ""
    all_of = "均须确认 all must confirm，" if scene["needs"] == "all" else ""
    until = f"{all_of}{scene.when('expires_at')} 前决定 decide by"
    yield f"[magenta]建议 proposed[/] {scene.text('rule')} {what}{level} → {scene.names('offices')}，{until}"


def _answered(scene: Told) -> Iterator[str]:
    answer = "确认 confirms" if scene["answer"] == "confirm" else "否决 rejects"
    yield f"[magenta]答复 answer[/] {scene.name(scene['office'])} {answer} {scene.text('rule')}"


def _escalated(scene: Told) -> Iterator[str]:
    yield f"[magenta]逾期上呈 escalated[/] {scene.text('rule')} → {scene.names('offices')}"


def _superseded(scene: Told) -> Iterator[str]:
    if scene["status"] in {"superseded", "expired"}:
        yield f"[dim]建议 proposal {scene.text('rule')} {scene.text('status')}[/]"


def _act(word: str) -> Renderer:
    def tell(scene: Told) -> Iterator[str]:
        by = f"{scene.name(scene['office'])}（{scene.text('issuer')}）"
        where = scene.name(scene["zone"])
        yield f"[bold green]响应 response[/] {word} [bold]{words.level(scene['level'])}[/] · {where} · {by}"

    return tell


def _lead(scene: Told) -> Iterator[str]:
    yield f"[green]领导层级 lead[/] {words.TIERS_OF_GOVERNMENT.get(scene['tier'], '')} · {scene.name(scene['office'])}"


def _activated(scene: Told) -> Iterator[str]:
    by = scene.text("decided_by") or "依规自动 automatic"
    why = f"{scene.text('rule')} {words.RULES.get(scene['rule'], '')}".strip()
    yield f"[bold green]联动机制启动 joint mechanism activated[/] {why} · {by}"


def _hit(scene: Told) -> Iterator[str]:
    yield f"[green]联动机制 joint mechanism[/] ＋ {scene.text('rule')} {words.RULES.get(scene['rule'], '')}"


def _formed(scene: Told) -> Iterator[str]:
    lead, deputy = words.department(scene["lead"]), words.department(scene["deputy"])
    if scene["branches"]:
        parts = [f"{words.family(one)} → {words.department(whose)}" for one, whose in scene["branches"].items()]
        yield f"[bold green]专班 task force[/] 分支牵头 branches：[bold]{'；'.join(parts)}[/]"
    else:
        yield f"[bold green]专班 task force[/] 牵头 lead [bold]{lead}[/]，配合 deputy {deputy}"
    yield f"    组 groups：{scene.all_names('groups')}"


def _stood_down(scene: Told) -> Iterator[str]:
    yield f"[green]联动机制终止 joint mechanism stood down[/] {scene.text('reason')}"


def _line(scene: Told) -> Iterator[str]:
    if scene["outcome"] == "committed":
        return
    told = "、".join(f"{words.REASONS.get(key, key)} {count}" for key, count in (scene["rejections"] or {}).items())
    reason = f"；未用 not used：{told}" if told else ""
    if scene["outcome"] == "pending_authorization":
        owners = "、".join(words.department(one) for one in scene["crosses"])
        reason = f"：动用 uses {owners}，须授权 needs authorisation"
    what = f"{scene.text('request')} {scene.name(scene['kind'])} {scene['needed']}"
    outcome = words.OUTCOMES.get(scene["outcome"], scene["outcome"])
    yield f"[yellow]调配 allocation[/] {what}：[bold]{outcome}[/]{reason}"


def _committed(scene: Told) -> Iterator[str]:
    parts = [scene.name(scene["district"])]
    if scene["eta_ms"] is not None:
        parts.append(f"ETA {scene['eta_ms'] / 60000:.0f} min")
    parts += [scene.distance(), words.GROUNDS.get(scene["tier"], scene["tier"])]
    parts += ["经授权 authorised" if scene["authorisation"] else "", scene.text("reason")]
    count = f" × {scene['quantity']}" if scene["quantity"] != 1 else ""
    why = "，".join(part for part in parts if part)
    what = f"{scene.text('request')} {scene.name(scene['kind'])}{count}"
    yield f"[blue]调配 committed[/] {what} ← [bold]{scene.text('resource')}[/]（{why}）"


def _lost(word: str) -> Renderer:
    def tell(scene: Told) -> Iterator[str]:
        yield f"[yellow]调配 {word}[/] {scene.text('commitment')} {scene.text('resource')} {scene.text('reason')}"

    return tell


def _authorised(scene: Told) -> Iterator[str]:
    by = f"{scene.name(scene['office'])}（{scene.text('issuer')}）"
    yield f"[bold green]授权 authorisation[/] 跨部门统一调配 unified allocation · {by}"


def _owed(scene: Told) -> Iterator[str]:
    whom = scene.names("recipients")
    who = f"{scene.text('rule')} {scene.name(scene['debtor'])}"
    yield f"[dim]时限 obligation {who} → {whom}，{scene.when('due')} 前 due[/]"


def _met(scene: Told) -> Iterator[str]:
    late = "（迟 late）" if scene["late"] else ""
    yield f"[dim]时限 obligation {scene.text('rule')} {scene.name(scene['debtor'])} 已履行 met{late}[/]"


def _breached(scene: Told) -> Iterator[str]:
    who = f"{scene.text('rule')} {scene.name(scene['debtor'])}"
    yield f"[bold red]逾期 breached[/] {who}，{scene.when('due')} 到期 due"


def _peer(scene: Told) -> Iterator[str]:
    """Peer notices only, and one line for both channels: the others would bury the story."""
    if scene["purpose"] == "peer" and scene["channel"] == "liaison":
        who = f"{scene.name(scene['from_unit'])} → {scene.name(scene['to_unit'])}"
        yield f"[cyan]通报 peer notice[/] {who}（联络员 liaison＋值班室 duty room）"


def _task(scene: Told) -> Iterator[str]:
    what = words.NEEDS.get(scene["kind"], scene["kind"])
    yield f"[cyan]任务 task[/] {what} → {scene.name(scene['unit'])}"


def _silent(scene: Told) -> Iterator[str]:
    since = f"最后消息 last heard {scene.when('since')}"
    yield f"[bold red]失联 silent district[/] {scene.name(scene['district'])}，{since}"


def _heard(scene: Told) -> Iterator[str]:
    yield f"[green]恢复联系 heard again[/] {scene.name(scene['district'])}"


def _alone(scene: Told) -> Iterator[str]:
    told = "" if scene["here"] else "（据其日志 from its log）"
    yield f"[bold yellow]自动响应 acts by itself[/] {scene.text('node')}，{scene.when('since')} 起 since{told}"


def _conflict(scene: Told) -> Iterator[str]:
    kept, lost = scene.text("kept"), scene.text("replanned")
    yield f"[yellow]冲突 conflict[/] {scene.text('resource')}：保留 kept {kept}，重派 replanned {lost}"


def _returned(scene: Told) -> Iterator[str]:
    yield f"[green]收回调度 under command again[/] {scene.name(scene['district'])}：{scene.text('reason')}"


def _merged(scene: Told) -> Iterator[str]:
    yield f"[cyan]合并 merged[/] {scene.text('other')} → {scene.text('incident')}：{scene.text('reason')}"


def _refused(scene: Told) -> Iterator[str]:
    yield f"[bold red]拒绝 refused[/] {scene.text('code')} {scene.text('message')}"


RENDERERS: dict[str, Renderer] = {
    "incident.opened.v1": _opened,
    "incident.report_attached.v1": _attached,
    "incident.graded.v1": _graded,
    "incident.need_stated.v1": _need,
    "incident.merged.v1": _merged,
    "response.proposed.v1": _proposed,
    "joint.proposed.v1": _proposed,
    "proposal.opened.v1": _proposed,
    "proposal.answered.v1": _answered,
    "proposal.decided.v1": _superseded,
    "proposal.escalated.v1": _escalated,
    "response.started.v1": _act("启动 started"),
    "response.changed.v1": _act("调整为 changed to"),
    "response.ended.v1": _act("终止 ended"),
    "command.lead_changed.v1": _lead,
    "joint.activated.v1": _activated,
    "joint.rule_hit_added.v1": _hit,
    "task_force.formed.v1": _formed,
    "task_force.recomposed.v1": _formed,
    "joint.stood_down.v1": _stood_down,
    "request.line_decided.v1": _line,
    "resource.committed.v1": _committed,
    "commitment.declined.v1": _lost("谢绝 declined"),
    "commitment.displaced.v1": _lost("被占 displaced"),
    "commitment.preempted.v1": _lost("改派 preempted"),
    "commitment.unanswered.v1": _lost("未答复 unanswered"),
    "allocation.authorised.v1": _authorised,
    "obligation.opened.v1": _owed,
    "obligation.met.v1": _met,
    "obligation.breached.v1": _breached,
    "notice.queued.v1": _peer,
    "task.opened.v1": _task,
    "district.fell_silent.v1": _silent,
    "district.came_back.v1": _heard,
    "autonomy.entered.v1": _alone,
    "autonomy.conflict_settled.v1": _conflict,
    "autonomy.delegation_ended.v1": _returned,
    "command.refused.v1": _refused,
}

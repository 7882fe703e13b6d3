"""The incident as it unfolds: one function from an output event to lines for people, driven by a table of renderers."""

from collections.abc import Callable, Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any

from rich.markup import escape

from streams.scenario import words
from streams.scenario.fold import Observed
from streams.scenario.times import Calendar

Data = dict[str, Any]
EARTH_KM = 6371.0


class Teller:
    """Tells events in the city's own names; remembers registers and positions as they come by."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.names: dict[str, str] = {}
        self.spots: dict[str, tuple[float, float]] = {}
        self._last = ""

    def tell(self, seen: Observed) -> list[str]:
        """Lines (rich markup) for one event; none for what only machines care about."""
        self._learn(seen.type, seen.data)
        renderer = RENDERERS.get(seen.type)
        if renderer is None:
            return []
        clock = self.calendar.tell(seen.time)
        lines = []
        for text in renderer(self, seen.data):
            stamp = clock if clock != self._last else ""
            self._last = clock
            lines.append(f"[bold]{stamp:>14}[/]  {text}")
        return lines

    def name(self, key: str | None) -> str:
        """A district, unit or anything that the policy names."""
        text = self.names.get(key or "") or words.word(key or "-")
        return escape(text)

    def names_of(self, keys: Any) -> str:
        """Several names."""
        return "、".join(self.name(key) for key in keys or ())

    def _learn(self, type_: str, data: Data) -> None:
        entry = data.get("entry")
        if not isinstance(entry, dict):
            return
        key = entry.get("resource") or entry.get("unit") or entry.get("district")
        if key and entry.get("name"):
            self.names[key] = entry["name"]
        position = entry.get("position")
        if type_ == "resource.catalogued.v1" and position:
            self.spots[entry["resource"]] = (position["lat"], position["lon"])

    def distance(self, resource: str, place: Data | None) -> str:
        """Great-circle kilometres, where both positions are known."""
        point = (place or {}).get("point")
        spot = self.spots.get(resource)
        if not point or spot is None:
            return ""
        return f"，{_kilometres(spot, (point['lat'], point['lon'])):.1f} km"


def _kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(chord))


def _figures(figures: Data) -> str:
    known = [f"{words.FIGURES[key]} {value}" for key, value in figures.items() if key in words.FIGURES]
    return "，".join(known)


def _rules(hits: Any) -> str:
    texts = [hit["rule"] + (f"\\[{hit['mark']}]" if hit.get("mark") in {"P", "K"} else "") for hit in hits or ()]
    return ", ".join(texts)


def _opened(teller: Teller, data: Data) -> Iterator[str]:
    kinds = teller.names_of(data["hazard_kinds"])
    yield f"[bold white on red] 事件 incident [/] {data['incident']} · {teller.name(data['place']['district'])} · {kinds}"


def _attached(teller: Teller, data: Data) -> Iterator[str]:
    told = f" → {teller.name(data['received_by'])}" if data.get("received_by") else ""
    sure = "已核实 verified" if data["verification"] == "verified" else "未核实 unverified"
    what = _figures(data["figures"]) or "情况 situation"
    yield f"[cyan]报告 report[/] {teller.name(data['reporter_unit'])}{told}：{what} ({sure})"


def _graded(teller: Teller, data: Data) -> Iterator[str]:
    graded = [one for one in data["families"] if one["severity"] is not None]
    parts = [f"{words.family(one['family'])} {words.grade(one['severity'])} ‹{_rules(one['hits'])}›" for one in graded]
    because = f" = {'；'.join(parts)}" if parts else ""
    yield f"[bold yellow]分级 grade[/] [bold]{words.grade(data['composite'])}[/]{because}"


def _need(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[cyan]需求 need[/] {teller.name(data['by_unit'])}：{data['need']}"


def _proposed(teller: Teller, data: Data) -> Iterator[str]:
    what = f" {words.level(data['level'])}" if data.get("level") else ""
    until = teller.calendar.tell(teller.calendar.instant(data["expires_at"]))
    who = teller.names_of(data["offices"])
    yield f"[magenta]建议 proposed[/] {data['rule']} {data['kind']}{what} → {who}，{until} 前决定 decide by"


def _decided(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[magenta]建议 proposal[/] {data['rule']} {data['status']}"


def _escalated(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[magenta]逾期上呈 escalated[/] {data['rule']} → {teller.names_of(data['offices'])}"


def _act(word: str) -> Callable[[Teller, Data], Iterator[str]]:
    def tell(teller: Teller, data: Data) -> Iterator[str]:
        by = f"{teller.name(data['office'])}（{escape(data['issuer'])}）"
        yield f"[bold green]响应 response[/] {word} [bold]{words.level(data['level'])}[/] · {by}"

    return tell


def _activated(teller: Teller, data: Data) -> Iterator[str]:
    by = "、".join(data["decided_by"]) or "依规自动 automatic"
    yield f"[bold green]联动机制启动 joint mechanism activated[/] {data['rule']}（{escape(by)}）"


def _hit(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[green]联动机制 joint mechanism[/] + {data['rule']}"


def _formed(teller: Teller, data: Data) -> Iterator[str]:
    yield (
        f"[bold green]专班 task force[/] 牵头 lead [bold]{words.department(data['lead'])}[/]，"
        f"配合 deputy {words.department(data['deputy'])}；组 groups：{teller.names_of(data['groups'])}"
    )


def _stood_down(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[green]联动机制终止 joint mechanism stood down[/] {escape(data['reason'])}"


def _line(teller: Teller, data: Data) -> Iterator[str]:
    if data["outcome"] == "committed":
        return
    why = f"：需跨部门授权 needs authorisation for {', '.join(words.department(one) for one in data['crosses'])}"
    told = "、".join(f"{words.REASONS.get(key, key)} {count}" for key, count in data["rejections"].items())
    reason = why if data["outcome"] == "pending_authorization" else f"；未用 not used：{told}" if told else ""
    outcome = words.OUTCOMES.get(data["outcome"], data["outcome"])
    what = f"{data['request']} {teller.name(data['kind'])} {data['needed']}"
    yield f"[yellow]调配 allocation[/] {what}：[bold]{outcome}[/]{reason}"


def _committed(teller: Teller, data: Data) -> Iterator[str]:
    minutes = "" if data.get("eta_ms") is None else f"ETA {data['eta_ms'] / 60000:.0f} min"
    count = f" × {data['quantity']}" if data["quantity"] != 1 else ""
    far = teller.distance(data["resource"], data.get("to"))
    reason = words.TIERS.get(data["tier"], data["tier"])
    because = f"，{escape(data['reason'])}" if data.get("reason") else ""
    allowed = "，经授权 authorised" if data.get("authorisation") else ""
    yield (
        f"[blue]调配 committed[/] {teller.name(data['kind'])}{count} ← [bold]{escape(data['resource'])}[/] "
        f"（{teller.name(data['district'])}，{minutes}{far}；{reason}{allowed}{because}）"
    )


def _authorised(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[bold green]授权 authorisation[/] 跨部门统一调配 unified allocation · {teller.name(data['office'])}"


def _breached(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[bold red]逾期 breached[/] {data['rule']} {teller.name(data['debtor'])}"


def _met(teller: Teller, data: Data) -> Iterator[str]:
    late = "（迟 late）" if data["late"] else ""
    yield f"[dim]时限 obligation {data['rule']} {teller.name(data['debtor'])} 已履行 met{late}[/]"


def _owed(teller: Teller, data: Data) -> Iterator[str]:
    due = teller.calendar.tell(teller.calendar.instant(data["due"]))
    whom = teller.names_of(data["recipients"])
    yield f"[dim]时限 obligation {data['rule']} {teller.name(data['debtor'])} → {whom}，{due} 前 due[/]"


def _refused(teller: Teller, data: Data) -> Iterator[str]:
    yield f"[bold red]拒绝 refused[/] {data['code']} {escape(data['message'])}"


RENDERERS: dict[str, Callable[[Teller, Data], Iterator[str]]] = {
    "incident.opened.v1": _opened,
    "incident.report_attached.v1": _attached,
    "incident.graded.v1": _graded,
    "incident.need_stated.v1": _need,
    "response.proposed.v1": _proposed,
    "joint.proposed.v1": _proposed,
    "proposal.opened.v1": _proposed,
    "proposal.decided.v1": _decided,
    "proposal.escalated.v1": _escalated,
    "response.started.v1": _act("启动 started"),
    "response.changed.v1": _act("调整 changed to"),
    "response.ended.v1": _act("终止 ended"),
    "joint.activated.v1": _activated,
    "joint.rule_hit_added.v1": _hit,
    "task_force.formed.v1": _formed,
    "task_force.recomposed.v1": _formed,
    "joint.stood_down.v1": _stood_down,
    "request.line_decided.v1": _line,
    "resource.committed.v1": _committed,
    "allocation.authorised.v1": _authorised,
    "obligation.opened.v1": _owed,
    "obligation.met.v1": _met,
    "obligation.breached.v1": _breached,
    "command.refused.v1": _refused,
}

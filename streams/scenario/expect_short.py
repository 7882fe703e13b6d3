"""Short forms of expectations: grades, responses, the joint mechanism, obligations, what was committed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streams.scenario.match import OPERATORS
from streams.scenario.model import AnyExpectation, EventExpected, StateExpected, SumExpected, Window
from streams.scenario.tree import Map, Problems


@dataclass(frozen=True, slots=True)
class Said:
    """What an author wrote in a short form: its mapping, the common keys, and when it is about."""

    body: Map
    notes: dict[str, Any]
    window: Window
    at: datetime
    problems: Problems


Build = Callable[[Said], AnyExpectation | list[AnyExpectation]]
FAMILIES = ("WSA", "MRE", "PHE", "EQ", "EQi", "NDR", "NDRc", "NDRn")


@dataclass(frozen=True, slots=True)
class Short:
    """One short form: its keys, and how it becomes an expectation."""

    keys: tuple[str, ...]
    build: Build


def _grade(form: Said) -> AnyExpectation:
    said = form.body.plain()
    wanted: list[Any] = []
    rules = said.get("rules") or {}
    fields: dict[str, Any] = {}
    for family in FAMILIES:
        if family in said:
            wanted.append(_family(family, said[family], rules.get(family)))
        elif family in rules:
            wanted.append(_family(family, {"exists": True}, rules[family]))
    if wanted:
        present = [one for one in wanted if one["severity"] is not None]
        absent = [one for one in wanted if one["severity"] is None]
        fields["families"] = {"contains_all": present}
        if absent:
            fields["families"]["lacks"] = {
                "family": {"in": [one["family"] for one in absent]},
                "severity": {"exists": True},
            }
    if "composite" in said:
        fields["composite"] = said["composite"]
    match = {"id": said["incident"]} if "incident" in said else {}
    return StateExpected(**form.notes, kind="incident", match=match, fields=fields, at=form.at, label="grade")


def _family(family: str, severity: Any, rules: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"family": family, "severity": severity}
    if rules is not None:
        found["hits"] = _hits(rules)
    return found


def _hits(rules: Any) -> dict[str, Any]:
    """Exactly these rules; or what the operators say, of which those on lists speak of rule ids."""
    if not _is_operators(rules):
        return {"same_items": [{"rule": rule} for rule in _many(rules)]}
    alone = {op: value for op, value in rules.items() if op not in LIST_OPERATORS}
    on_list = {op: _named(value) for op, value in rules.items() if op in LIST_OPERATORS and op != "size"}
    if "size" in rules:
        on_list["size"] = rules["size"]
    return {**on_list, **({"same_items": [{"rule": alone}]} if alone else {})}


def _named(rules: Any) -> Any:
    return [{"rule": rule} for rule in rules] if isinstance(rules, list) else {"rule": rules}


def _is_operators(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= OPERATORS


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holding(value: Any) -> dict[str, Any]:
    """Every item named is among the entity's, or what the operators say."""
    return value if _is_operators(value) else {"contains_all": _many(value)}


def _state_form(kind: str, by: tuple[str, ...], sets: tuple[str, ...] = ()) -> Build:
    """A short form for one entity kind: one of those that the keys in `by` choose is what the others say.

    Keys in `sets` are lists: every item named must be among the entity's.
    """

    def build(form: Said) -> AnyExpectation:
        said = form.body.plain()
        none = said.pop("none", False)
        match = {key: said.pop(key) for key in by if key in said}
        fields = {key: _holding(value) if key in sets else value for key, value in said.items()}
        count = 0 if none else {"gte": 1}
        if none:
            match, fields = {**match, **fields}, {}
        return StateExpected(**form.notes, kind=kind, match=match, fields=fields, count=count, at=form.at, label=kind)

    return build


def _joint(form: Said) -> AnyExpectation:
    """`none: true` says that no joint mechanism runs."""
    said = form.body.plain()
    match = {"incident": said.pop("incident")} if "incident" in said else {}
    match["status"] = said.pop("status", "active")
    if said.pop("none", False):
        return StateExpected(**form.notes, kind="task_force", match=match, count=0, at=form.at, label="joint")
    if "rules" in said:
        said["hits"] = _hits(said.pop("rules"))
    if "groups" in said:
        said["groups"] = _holding(said["groups"])
    return StateExpected(**form.notes, kind="task_force", match=match, fields=said, at=form.at, label="joint")


def _response(form: Said) -> AnyExpectation:
    """`level: none` says that no response runs."""
    said = form.body.plain()
    match: dict[str, Any] = {key: said.pop(key) for key in ("incident", "zone") if key in said}
    if said.get("level") in {"none", None}:
        match |= {"status": "running"}
        return StateExpected(
            **form.notes, kind="response", match=match, fields={}, count=0, at=form.at, label="response"
        )
    if said.get("status", "running") == "running":
        match["status"] = "running"
    return StateExpected(
        **form.notes, kind="response", match=match, fields=said, count={"gte": 1}, at=form.at, label="response"
    )


def _committed(form: Said) -> AnyExpectation:
    said = form.body.plain()
    match: dict[str, Any] = {"stage": {"not_in": list(NOT_BINDING)}}
    for key in ("incident", "kind", "resource"):
        if key in said:
            match[key] = said[key]
    if "request" in said:
        match["request"] = {"in": said["request"]}
    if "equals" not in said:
        form.problems.add(form.body.place, "`committed` needs `equals:`")
    by = said.get("by") or ("resource" if isinstance(said.get("equals"), dict) else None)
    title = f"committed {said.get('kind', '')}".strip()
    equals = said.get("equals")
    return SumExpected(**form.notes, kind="commitment", match=match, by=by, equals=equals, at=form.at, label=title)


def _notice(form: Said) -> list[AnyExpectation]:
    """One expectation per channel."""
    said = form.body.plain()
    channels = said.pop("channels", None) or CHANNELS
    data = {NOTICE.get(key, key): value for key, value in said.items()}
    notes, window = form.notes, form.window
    return [
        EventExpected(**notes, type="notice.queued.v1", data={**data, "channel": one}, window=window, label="notice")
        for one in channels
    ]


LIST_OPERATORS = ("contains", "contains_all", "lacks", "same_items", "each", "size")
CHANNELS = ("liaison", "duty_room")
NOTICE = {"to": "to_unit", "from": "from_unit"}
NOT_BINDING = ("declined", "displaced", "preempted", "unanswered", "lapsed", "recalled")
"""Stages of a commitment that never served, or do not serve any more."""
OBLIGATION = (
    "rule", "incident", "debtor", "label", "series", "clock_start", "due", "status", "recipients", "late", "none",
)  # fmt: skip
PROPOSAL = ("rule", "kind", "incident", "level", "zone", "about", "status", "offices", "expires_at", "none")

SHORT: dict[str, Short] = {
    "grade": Short(("incident", "composite", "rules", *FAMILIES), _grade),
    "response": Short(("incident", "zone", "level", "status", "issuer", "office"), _response),
    "obligation": Short(
        OBLIGATION,
        _state_form("obligation", ("rule", "incident", "debtor", "label", "series", "clock_start"), ("recipients",)),
    ),
    "joint": Short(("incident", "rules", "lead", "deputy", "groups", "branches", "template", "status", "none"), _joint),
    "proposal": Short(
        PROPOSAL, _state_form("proposal", ("rule", "kind", "incident", "level", "zone", "about"), ("offices",))
    ),
    "command": Short(
        ("incident", "phase", "mode", "tier", "profile", "earliest_end"), _state_form("command", ("incident",))
    ),
    "line": Short(
        ("request", "kind", "stage", "need", "urgency", "none"), _state_form("request_line", ("request", "kind"))
    ),
    "notice": Short(("to", "from", "purpose", "rule", "content", "about", "incident", "channels"), _notice),
    "committed": Short(("request", "incident", "kind", "resource", "by", "equals"), _committed),
}

"""Short forms of expectations: grades, responses, the joint mechanism, obligations, what was committed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streams.scenario.model import AnyExpectation, StateExpected, SumExpected, Window
from streams.scenario.names import CITY
from streams.scenario.tree import Map, Problems, Tree

Build = Callable[[Map, dict[str, Any], Window, datetime, Problems], AnyExpectation]
FAMILIES = ("WSA", "MRE", "PHE", "EQ", "EQi", "NDR", "NDRc", "NDRn")


@dataclass(frozen=True, slots=True)
class Short:
    """One short form: its keys, how it becomes an expectation, and whether it may be written without a mapping."""

    keys: tuple[str, ...]
    build: Build
    bare: bool = False


def _grade(body: Map, notes: dict[str, Any], window: Window, at: datetime, problems: Problems) -> AnyExpectation:
    said = body.plain()
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
    return _standing("incident", {"id": said.get("incident")}, fields, notes, at, "grade")


def _family(family: str, severity: Any, rules: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"family": family, "severity": severity}
    if rules is not None:
        many = rules if isinstance(rules, list) else [rules]
        found["hits"] = {"same_items": [{"rule": rule} for rule in many]}
    return found


def _standing(
    kind: str, match: dict[str, Any], fields: dict[str, Any], notes: dict[str, Any], at: datetime, label: str
) -> StateExpected:
    match = {key: value for key, value in match.items() if value is not None}
    return StateExpected(**notes, kind=kind, match=match, fields=fields, at=at, label=label)


SHORT: dict[str, Short] = {
    "grade": Short(("incident", "composite", "rules", *FAMILIES), _grade),
}

"""Why an incident has its grade, what differs between two policies, what is wrong with one: in words for officials.

Pure functions behind `liandong policy check|diff|explain`. Chinese first, English beside it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from schemas.base import RuleHit, Severity
from schemas.inputs.reports import FactValue, Verification
from schemas.outputs.incident_events import FamilyGrade
from streams.policy.facts import Fact
from streams.policy.loader import load
from streams.policy.model import Policy
from streams.policy.reader import Documents, PolicyError, parsed

GRADES: Mapping[Severity | None, str] = {
    1: "特别重大 (I, extra major)",
    2: "重大 (II, major)",
    3: "较大 (III, serious)",
    4: "一般 (IV, general)",
    None: "未达分级标准 (not graded)",
}
MARKS = {
    "S": "原文 seed document",
    "L": "已核对法规文本 statute read",
    "W": "公开网页摘录 web excerpt",
    "K": "经验知识，未核实 from knowledge",
    "P": "本系统政策选择 policy choice of ours",
}
SURENESS: Mapping[Verification, str] = {
    "verified": "已核实 verified",
    "unverified": "未核实 unverified",
    "refuted": "已否定 refuted",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """An incident as far as its grade needs it. `day` and `within` say whose law held when it occurred."""

    incident: str
    kinds: tuple[str, ...]
    day: date
    within: tuple[str, ...]
    figures: Mapping[str, FactValue]
    verification: Mapping[str, Verification]
    families: tuple[FamilyGrade, ...]
    composite: Severity | None


def explain(policy: Policy, graded: Graded) -> list[str]:
    """Facts -> rule -> source, line by line."""
    return list(_explained(policy, graded))


def _explained(policy: Policy, graded: Graded) -> Iterator[str]:
    yield f"事件 incident {graded.incident}"
    known = policy.hazards.kinds(graded.day, graded.within)
    kinds = (f"{known[kind].zh} {kind}" if kind in known else f"未知类别 unknown kind {kind}" for kind in graded.kinds)
    yield f"事件类别 hazard kinds: {'、'.join(kinds)}"
    yield f"适用规则 law of {graded.day.isoformat()}，范围 jurisdictions {' > '.join(graded.within)}"
    yield f"综合等级 composite (就高不就低 most severe family): {GRADES[graded.composite]}"
    for grade in graded.families:
        yield from _family(policy, graded, grade)


def _family(policy: Policy, graded: Graded, grade: FamilyGrade) -> Iterator[str]:
    family = next((entry for entry in policy.grading.families if entry.id == grade.family), None)
    name = f"{family.zh} {family.en}" if family is not None else ""
    aside = "" if grade.in_composite else "（不计入综合等级 not in the composite）"
    yield f"{grade.family} {name}: {GRADES[grade.severity]}{aside}"
    for hit in grade.hits:
        yield from _hit(policy, graded, hit)
    if not grade.hits:
        yield "  没有规则成立 no rule of the family holds"


def _hit(policy: Policy, graded: Graded, hit: RuleHit) -> Iterator[str]:
    found = policy.grading.rule(hit.rule, graded.day, graded.within)
    mark = MARKS.get(hit.mark or "", hit.mark or "")
    if found is None:
        yield f"  规则 rule {hit.rule} [{mark}]（现行政策中无此规则 not in this policy）"
    else:
        table, rule = found
        yield f"  规则 rule {hit.rule} [{mark}]: {in_words(policy, rule.when)}"
        yield f"    条件 condition: {rule.when}"
        yield f"    依据 source: {rule.source or table.source}"
        if rule.note or table.note:
            yield f"    说明 note: {rule.note or table.note}"
    for name, value in hit.inputs.items():
        yield from _fact(policy, graded, name, value, "    ")


def in_words(policy: Policy, when: str) -> str:
    """A condition with the Chinese names of its facts: 死亡人数 ≥ 3 或 重伤人数 ≥ 10."""
    return " ".join(_WORD.sub(lambda match: _spoken(policy, match.group()), when).split())


_WORD = re.compile(r"'[^']*'|[a-z][a-z0-9_]*|[<>=!]=|[<>+()]|\d+(?:\.\d+)?")
_SPOKEN = {"or": " 或 ", "and": " 且 ", "not": "非", ">=": " ≥ ", "<=": " ≤ ", "==": " = ", "!=": " ≠ ", "+": " + "}


def _spoken(policy: Policy, word: str) -> str:
    fact = policy.facts.by_name.get(word)
    return fact.zh if fact is not None else _SPOKEN.get(word, word)


def _fact(policy: Policy, graded: Graded, name: str, value: FactValue, indent: str) -> Iterator[str]:
    fact = policy.facts.by_name.get(name)
    words = f"{fact.zh} {name}" if fact is not None else name
    yield f"{indent}{words} = {value}{_unit(fact)}{_sure(policy, graded, name)}"
    for part in policy.facts.components.get(name, ()):
        if name not in graded.figures:
            default = policy.facts.by_name[part].absent
            yield from _fact(policy, graded, part, graded.figures.get(part, default), indent + "  ")


def _unit(fact: Fact | None) -> str:
    return f" {fact.unit}" if fact is not None and fact.unit else ""


def _sure(policy: Policy, graded: Graded, name: str) -> str:
    if name in graded.verification:
        return f"（{SURENESS[graded.verification[name]]}）"
    if name in graded.figures:
        return ""
    return "（由下列事实计算 computed from）" if name in policy.facts.components else "（无人报告 nobody stated it）"


def check(documents: Documents) -> list[PolicyError]:
    """What is wrong with a policy: the first error of each section; empty where it would load."""
    errors: dict[tuple[str, int, str], PolicyError] = {}
    for field in fields(Policy):
        if "load" in field.metadata:
            try:
                field.metadata["load"](documents)
            except PolicyError as error:
                errors.setdefault((error.file, error.line, error.message), error)
    if not errors:
        try:
            load(documents)
        except PolicyError as error:
            errors[error.file, error.line, error.message] = error
    return [errors[key] for key in sorted(errors)]


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that differs: `before` and `after` hold what changed in it, None where it does not exist."""

    file: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def told(self) -> str:
        """The difference in one line."""
        if self.before is None:
            return f"{self.file}: 新增 added {self.id}"
        if self.after is None:
            return f"{self.file}: 删除 removed {self.id}"
        keys = sorted({*self.before, *self.after})
        changes = "; ".join(f"{key}: {self.before.get(key)!r} -> {self.after.get(key)!r}" for key in keys)
        return f"{self.file}: 修改 changed {self.id}: {changes}"


def diff(old: Documents, new: Documents) -> list[Difference]:
    """Entries (and facts) that two policies do not have in common, by file and id."""
    found: list[Difference] = []
    for name in sorted({*old, *new}):
        before = _entries(old, name)
        after = _entries(new, name)
        for key in sorted({*before, *after}):
            one, two = before.get(key), after.get(key)
            if one is None or two is None:
                found.append(Difference(name, key, one, two))
            elif one != two:
                keys = {field for field in {*one, *two} if one.get(field) != two.get(field)}
                changed_from = {field: one.get(field) for field in keys}
                found.append(Difference(name, key, changed_from, {field: two.get(field) for field in keys}))
    return found


def _entries(documents: Documents, name: str) -> dict[str, Mapping[str, Any]]:
    return dict(_named(parsed(documents, name))) if name in documents else {}


def _named(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Entries by id, jurisdiction and first day; facts by name. What is an entry itself is not part of another."""
    if isinstance(node, dict):
        id = node.get("id", node.get("name") if "type" in node else None)
        if isinstance(id, str):
            key = " ".join(str(part) for part in (id, node.get("jurisdiction"), node.get("effective_from")) if part)
            yield key, {name: value for name, value in node.items() if not _holds_entries(value)}
        for value in node.values():
            yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)


def _holds_entries(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) and "id" in item for item in value)

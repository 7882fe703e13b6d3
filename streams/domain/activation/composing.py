"""Composition of the task force: lead by hazard, branches, groups, seats (TF-1..TF-9, TF-12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.base import Department
from streams.domain.activation.entities import TaskForce
from streams.domain.context import Context
from streams.domain.core import Incident, Unit
from streams.domain.directives.days import day_and_places, law
from streams.domain.state import AreaState
from streams.policy.activation import UNGRADED
from streams.policy.taskforce import TaskForceLaw

OTHER: dict[Department, Department] = {"health": "emergency_management", "emergency_management": "health"}


@dataclass(frozen=True, slots=True)
class Lead:
    """Who leads: one department with the other as deputy, or each its branch (TF-3)."""

    lead: Department | None
    deputy: Department | None
    branches: dict[str, Department]
    rule: str


def composition(state: AreaState, task_force: TaskForce, incident: Incident | None, context: Context) -> dict[str, Any]:
    """The fields of TaskForceFormed as they should be now."""
    at = incident.occurred_at if incident is not None else task_force.activated_at
    rules = law(state, context.policy.taskforce, at)
    lead = lead_of(state, task_force, incident, context)
    templates = _templates(state, rules, task_force, context, at)
    return {
        "template": "+".join(templates),
        "lead": lead.lead,
        "deputy": lead.deputy,
        "lead_rule": lead.rule,
        "branches": lead.branches,
        "groups": _groups(rules, templates, incident),
        "seats": _seats(state, rules),
    }


def lead_of(state: AreaState, task_force: TaskForce, incident: Incident | None, context: Context) -> Lead:
    """TF-3: the department of the more severe naming family leads; of equal ones each leads its branch.

    A department that the commander named leads in any case.
    """
    branches = _branches(state, incident, context) if incident is not None else {}
    rule = law(state, context.policy.taskforce, task_force.activated_at).lead
    rule_id = rule.id if rule is not None else ""
    named = task_force.named_lead
    if named is not None:
        return Lead(named, OTHER[named], {family: department for family, (department, _) in branches.items()}, rule_id)
    worst = min((severity for _, severity in branches.values()), default=UNGRADED)
    leading = {family: department for family, (department, severity) in branches.items() if severity == worst}
    departments = tuple(dict.fromkeys(leading.values()))
    if len(departments) == 1:
        return Lead(departments[0], OTHER[departments[0]], {}, rule_id)
    return Lead(None, None, leading, rule_id if leading else "")


def _branches(state: AreaState, incident: Incident, context: Context) -> dict[str, tuple[Department, int]]:
    """Naming family -> its department and severity. Families of kinds that name no department take no part (MRE)."""
    book = context.policy.hazards.kinds(*day_and_places(state, incident.occurred_at))
    found: dict[str, tuple[Department, int]] = {}
    for kind in incident.hazard_kinds:
        hazard = book.get(kind)
        if hazard is not None and hazard.department is not None:
            for family in hazard.families:
                found[family] = (hazard.department, incident.severity(family) or UNGRADED)
    return found


def _templates(
    state: AreaState, rules: TaskForceLaw, task_force: TaskForce, context: Context, at: datetime
) -> tuple[str, ...]:
    """The standing templates and those that the rule hits add (D3: forward)."""
    activation = law(state, context.policy.activation, at).rules
    added = (activation[rule].template for rule in task_force.rules() if rule in activation)
    return tuple(dict.fromkeys((*rules.standing, *(name for name in added if name is not None))))


def _groups(rules: TaskForceLaw, templates: tuple[str, ...], incident: Incident | None) -> tuple[str, ...]:
    """TF-12: the templates' groups, those for certain families and needs only where these occur."""
    families = {grade.family for grade in incident.families} if incident is not None else set()
    needs = set(incident.needs) if incident is not None else set()
    return tuple(
        group.group
        for group in rules.groups
        if group.template in templates
        and (not (group.families or group.needs) or families & set(group.families) or needs & set(group.needs))
    )


def _seats(state: AreaState, rules: TaskForceLaw) -> dict[str, tuple[str, ...]]:
    """TF-1, TF-2, TF-7: conveners, liaison officers, and every registered member unit."""
    members = tuple(unit.id for unit in state.of(Unit).values() if unit.entry.member_unit)
    return {seat.seat: (*seat.offices, *(members if seat.member_units else ())) for seat in rules.seats}

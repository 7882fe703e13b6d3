"""Everything that the policy says about incidents of some kinds, at a time and place: looked up once per decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from schemas.inputs.reports import FactValue
from streams.domain.context import Context
from streams.domain.core import Incident, area_of
from streams.domain.state import AreaState
from streams.policy.dated import jurisdictions, local_day
from streams.policy.facts import Fact
from streams.policy.grading import Freeze, Program, Trend
from streams.policy.hazards import Hazard, Stated
from streams.policy.intake import Book
from streams.policy.model import Policy
from streams.policy.rules import CompiledRule

SETTING = "setting"
"""The fact that says where it happened: stated by the report itself, not among its figures."""
REMEMBERED_PLANS = 4096
"""Size at which the cache of plans starts anew."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The law of an incident: that of its occurrence (design rule 6)."""

    day: date
    within: tuple[str, ...]
    hazards: Mapping[str, Hazard]
    health_kinds: tuple[Hazard, ...]
    """Those of the kinds that are public-health ones."""
    program: Program
    thresholds: tuple[CompiledRule, ...]
    trends: tuple[Trend, ...]
    freeze: Freeze | None
    derived: tuple[Fact, ...]
    """Facts that come out of line lists, districts or history, where these kinds have any."""
    first_urban: tuple[Fact, ...]
    """Those of them for which the register of urban occurrences is kept."""
    book: Book
    inputs: tuple[str, ...]
    """Stated facts on which grades and thresholds of these kinds depend; nothing else changes them."""
    judgements: dict[tuple[FactValue | None, ...], Any]
    """What follows from values of `inputs`: remembered, because it is a pure function of them."""


def plan_of(state: AreaState, context: Context, incident: Incident) -> Plan:
    """The law of an incident."""
    return plan_for(state, context.policy, incident.hazard_kinds, incident.occurred_at)


def plan_for(state: AreaState, policy: Policy, kinds: tuple[str, ...], occurred_at: datetime) -> Plan:
    """The law of incidents of these kinds that occurred at this instant."""
    area = area_of(state)
    day, within = _day_and_place(occurred_at, area.timezone, area.id, area.province)
    plans = policy.grading.plans
    key = (kinds, day, within)
    plan: Plan | None = plans.get(key)
    if plan is None:
        if len(plans) > REMEMBERED_PLANS:
            plans.clear()
        plan = plans[key] = _plan(policy, kinds, day, within)
    return plan


@lru_cache(maxsize=65_536)
def _day_and_place(
    occurred_at: datetime, timezone: str, area: str, province: str | None
) -> tuple[date, tuple[str, ...]]:
    return local_day(occurred_at, timezone), jurisdictions(area, province)


def reading_of(state: AreaState, policy: Policy, words: tuple[str, ...], occurred_at: datetime) -> tuple[Stated, Book]:
    """What stated hazard kinds mean, and how reports of that day and place are taken in."""
    area = area_of(state)
    day, within = _day_and_place(occurred_at, area.timezone, area.id, area.province)
    plans = policy.grading.plans
    key = ("words", words, day, within)
    found: tuple[Stated, Book] | None = plans.get(key)
    if found is None:
        found = plans[key] = (policy.hazards.stated(words, day, within), policy.intake.book(day, within))
    return found


def _plan(policy: Policy, kinds: tuple[str, ...], day: date, within: tuple[str, ...]) -> Plan:
    hazards = policy.hazards.kinds(day, within)
    health = tuple(hazards[kind] for kind in kinds if kind in hazards and hazards[kind].group == "public_health")
    program = policy.grading.program(kinds, day, within)
    asked = frozenset(name for part in program for name in part.names)
    thresholds = policy.thresholds.program(kinds, day, within)
    derived = tuple(fact for fact in policy.facts.derived if health and (not fact.first_urban or fact.name in asked))
    return Plan(
        day=day,
        within=within,
        hazards=hazards,
        health_kinds=health,
        program=program,
        thresholds=thresholds,
        trends=policy.grading.trends_of(program, day, within),
        freeze=policy.grading.freeze(kinds, day, within),
        derived=derived,
        first_urban=tuple(fact for fact in derived if fact.first_urban),
        book=policy.intake.book(day, within),
        inputs=_inputs(policy, program, thresholds),
        judgements={},
    )


def _inputs(policy: Policy, program: Program, thresholds: tuple[CompiledRule, ...]) -> tuple[str, ...]:
    named = [name for part in program for rule in part.rules for name in rule.names]
    named += [name for rule in thresholds for name in rule.names]
    components = policy.facts.components
    stated = (part for name in named for part in (name, *components.get(name, ())))
    return tuple(dict.fromkeys(name for name in stated if name != SETTING))

"""What follows from figures under a plan: every family's grade, and the reporting thresholds that hold.

A pure function of the few facts that the rules of a plan look at, and remembered as one: figures repeat, and most
follow-ups change nothing that a rule asks for.
"""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.base import Severity
from schemas.inputs.reports import FactValue
from streams.domain.intake.plan import SETTING, Plan, make_room
from streams.policy.facts import Facts
from streams.policy.rules import CompiledRule

REMEMBERED = 10_000
"""Judgements under one law after which its memory starts anew."""


class Result(NamedTuple):
    """One family's grade and the rules that hold at it."""

    family: str
    in_composite: bool
    severity: Severity | None
    rules: tuple[CompiledRule, ...]


class Judged(NamedTuple):
    """All families of a plan, and the rules of its reporting table that hold."""

    results: tuple[Result, ...]
    thresholds: tuple[CompiledRule, ...]


def judged(catalogue: Facts, plan: Plan, figures: Mapping[str, FactValue], setting: str) -> Judged:
    """What follows from these figures in this setting."""
    key = (setting, *map(figures.get, plan.inputs))
    judgements = plan.memory.judgements
    known: Judged | None = judgements.get(key)
    if known is None:
        make_room(judgements, REMEMBERED)
        known = judgements[key] = _judge(catalogue, plan, figures, setting)
    return known


def _judge(catalogue: Facts, plan: Plan, figures: Mapping[str, FactValue], setting: str) -> Judged:
    facts = facts_of(catalogue, figures, setting)
    results = tuple(Result(part.family, part.in_composite, *part.grade(facts)) for part in plan.program)
    thresholds = tuple(rule for rule in plan.thresholds if rule.test(facts))
    return Judged(plan.memory.outcomes.setdefault(results, results), thresholds)


def facts_of(catalogue: Facts, figures: Mapping[str, FactValue], setting: str) -> dict[str, FactValue]:
    """Everything that a rule may ask about an incident."""
    facts = catalogue.complete(figures)
    facts[SETTING] = setting
    return facts

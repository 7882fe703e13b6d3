"""Grades an incident whenever its facts change: all families, the composite, thresholds and trend (GR-1, GR-2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.base import OutputEvent, Severity
from schemas.inputs.reports import FactValue
from schemas.outputs.incident_events import FactsChanged, FamilyGrade, IncidentGraded, ReportingThresholdMet
from schemas.outputs.incident_judgements import InitialReplaced
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.fast import made
from streams.domain.grading.entities import Assessment
from streams.domain.grading.trend import assess_trends
from streams.domain.intake.entities import Settlement
from streams.domain.intake.plan import Plan, plan_of
from streams.domain.state import AreaState
from streams.policy.rules import CompiledRule

Facts = dict[str, FactValue]


class Result(NamedTuple):
    """One family's grade, the rules that hold at it, and the facts they looked at."""

    family: str
    in_composite: bool
    severity: Severity | None
    rules: tuple[CompiledRule, ...]
    facts: Facts


def decide_facts(state: AreaState, event: FactsChanged, context: Context) -> Iterator[OutputEvent]:
    """Grade first, so that a trend is judged beside the grade that the same figures give (E10 and E9)."""
    incident = state.of(Incident)[event.incident]
    plan = plan_of(state, context, incident)
    given = facts_of(context, incident, incident.figures)
    yield from graded(state, incident, context, plan, given)
    if plan.thresholds:
        yield from _thresholds(state, incident, context, plan, given)
    if plan.trends:
        yield from assess_trends(state, event.incident, plan)


def decide_replaced(state: AreaState, event: InitialReplaced, context: Context) -> Iterator[OutputEvent]:
    """An initial determination no longer counts."""
    incident = state.of(Incident)[event.incident]
    given = facts_of(context, incident, incident.figures)
    yield from graded(state, incident, context, plan_of(state, context, incident), given)


def graded(state: AreaState, incident: Incident, context: Context, plan: Plan, given: Facts) -> Iterator[OutputEvent]:
    """IncidentGraded if a family, its rules or the composite changed. The law is that of the occurrence."""
    results = _results(state, incident, context, plan, given)
    if _same(incident, results):
        return
    severities = [result.severity for result in results if result.in_composite and result.severity is not None]
    yield made(
        IncidentGraded,
        incident=incident.id,
        families=tuple(_family(result) for result in results),
        composite=min(severities, default=None),
        previous=incident.composite,
        facts=_seen(incident, state.get(Settlement, incident.id)),
        policy_version=context.policy.version,
        grades_as_of=incident.figures_as_of or incident.occurred_at,
    )


def _results(state: AreaState, incident: Incident, context: Context, plan: Plan, given: Facts) -> list[Result]:
    assessment = state.get(Assessment, incident.id)
    replaced = assessment.replaced if assessment is not None else ()
    settlement = state.get(Settlement, incident.id)
    results = []
    for part in plan.program:
        if part.family in replaced:
            continue
        settled = settlement is not None and part.family in settlement.families
        facts = _settled_facts(context, incident, settlement) if settled and settlement is not None else given
        severity, rules = part.grade(facts)
        results.append(Result(part.family, part.in_composite, severity, rules, facts))
    return results


def facts_of(context: Context, incident: Incident, figures: Mapping[str, FactValue]) -> Facts:
    """Everything that a rule may ask about an incident."""
    facts = context.policy.facts.complete(figures)
    facts["setting"] = incident.setting
    return facts


def _settled_facts(context: Context, incident: Incident, settlement: Settlement) -> Facts:
    """The facts for a family whose casualties are settled: those of the term count (OB-07)."""
    others = {name: value for name, value in incident.figures.items() if name not in settlement.facts}
    return facts_of(context, incident, {**others, **settlement.figures})


def _same(incident: Incident, results: Sequence[Result]) -> bool:
    """Whether every family has the grade that it had, by the same rules."""
    if not results or len(results) != len(incident.families):
        return not results and not incident.families
    for known, result in zip(incident.families, results, strict=True):
        if known.family != result.family or known.severity != result.severity or len(known.hits) != len(result.rules):
            return False
        for hit, rule in zip(known.hits, result.rules, strict=True):
            if hit.rule != rule.id:
                return False
    return True


def _family(result: Result) -> FamilyGrade:
    hits = tuple(rule.hit(result.facts) for rule in result.rules)
    return made(
        FamilyGrade, family=result.family, severity=result.severity, hits=hits, in_composite=result.in_composite
    )


def _seen(incident: Incident, settlement: Settlement | None) -> Facts:
    """The figures that the grade rests on, in the order of their names; settled ones under a name of their own."""
    settled = {f"settled.{name}": value for name, value in settlement.figures.items()} if settlement is not None else {}
    return dict(sorted({**incident.figures, **settled}.items()))


def _thresholds(
    state: AreaState, incident: Incident, context: Context, plan: Plan, facts: Facts
) -> Iterator[OutputEvent]:
    """Rules of the reporting table that hold for the first time (2.2 note 9)."""
    assessment = state.get(Assessment, incident.id)
    met = assessment.thresholds if assessment is not None else ()
    waiting = [rule for rule in plan.thresholds if rule.id not in met]
    if not waiting:
        return
    hits = tuple(rule.hit(facts) for rule in waiting if rule.test(facts))
    if hits:
        yield made(ReportingThresholdMet, incident=incident.id, hits=hits, policy_version=context.policy.version)

"""Grades an incident whenever its facts change: all families, the composite, thresholds and trend (GR-1, GR-2)."""

from collections.abc import Iterator, Sequence

from schemas.base import OutputEvent
from schemas.inputs.reports import FactValue
from schemas.outputs.incident_events import FactsChanged, FamilyGrade, IncidentGraded, ReportingThresholdMet
from schemas.outputs.incident_judgements import InitialReplaced
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.fast import made
from streams.domain.grading.entities import Assessment
from streams.domain.grading.judging import REMEMBERED, Judged, Result, facts_of, judged
from streams.domain.grading.trend import assess_trends
from streams.domain.intake.entities import Settlement
from streams.domain.intake.plan import Plan, make_room, plan_of, plans_of
from streams.domain.state import AreaState
from streams.policy.rules import CompiledRule


def decide_facts(state: AreaState, event: FactsChanged, context: Context) -> Iterator[OutputEvent]:
    """Grade first, so that a trend is judged beside the grade that the same figures give (E10 and E9)."""
    incident = state.of(Incident)[event.incident]
    plan = plan_of(state, context, incident)
    found = judged(context.policy.facts, plan, incident.figures, incident.setting)
    yield from graded(state, incident, context, plan, found)
    if found.thresholds:
        yield from _thresholds(state, incident, context, found.thresholds)
    if plan.trends:
        yield from assess_trends(state, event.incident, plan)


def decide_replaced(state: AreaState, event: InitialReplaced, context: Context) -> Iterator[OutputEvent]:
    """An initial determination no longer counts."""
    incident = state.of(Incident)[event.incident]
    plan = plan_of(state, context, incident)
    found = judged(context.policy.facts, plan, incident.figures, incident.setting)
    yield from graded(state, incident, context, plan, found)


def graded(state: AreaState, incident: Incident, context: Context, plan: Plan, found: Judged) -> Iterator[OutputEvent]:
    """IncidentGraded if a family, its rules or the composite changed. The law is that of the occurrence."""
    settlement = state.get(Settlement, incident.id)
    results: Sequence[Result] = found.results
    if settlement is not None:
        results = _with_settled(results, incident, context, plan, settlement)
    assessment = state.get(Assessment, incident.id)
    if assessment is not None and assessment.replaced:
        results = tuple(result for result in results if result.family not in assessment.replaced)
    if results is found.results and _confirmed(state, context, incident, found):
        return
    if _same(incident.families, results):
        return
    severities = [result.severity for result in results if result.in_composite and result.severity is not None]
    yield made(
        IncidentGraded,
        incident=incident.id,
        families=tuple(_family(context, incident, result, settlement) for result in results),
        composite=min(severities, default=None),
        previous=incident.composite,
        facts=_seen(incident, settlement),
        policy_version=context.policy.version,
        grades_as_of=incident.figures_as_of or incident.occurred_at,
    )


def _confirmed(state: AreaState, context: Context, incident: Incident, found: Judged) -> bool:
    """Whether what was found stands: a look at the two objects that were compared last time mostly tells."""
    confirmed = plans_of(state, context.policy).confirmed
    stands, results = confirmed.get(incident.id, (None, None))
    if stands is incident.families and results is found.results:
        return True
    if not _same(incident.families, found.results):
        return False
    make_room(confirmed, REMEMBERED)
    confirmed[incident.id] = (incident.families, found.results)
    return True


def _with_settled(
    results: Sequence[Result], incident: Incident, context: Context, plan: Plan, settlement: Settlement
) -> Sequence[Result]:
    """The grades with those of settled families from the settled figures (OB-07)."""
    then = judged(context.policy.facts, plan, _settled(incident, settlement), incident.setting).results
    frozen = settlement.families
    return tuple(two if one.family in frozen else one for one, two in zip(results, then, strict=True))


def _settled(incident: Incident, settlement: Settlement) -> dict[str, FactValue]:
    """The figures for a family whose casualties are settled: those of the term count (OB-07)."""
    others = {name: value for name, value in incident.figures.items() if name not in settlement.facts}
    return {**others, **settlement.figures}


def _same(known: Sequence[FamilyGrade], results: Sequence[Result]) -> bool:
    """Whether every family has the grade that it had, by the same rules."""
    if len(results) != len(known):
        return False
    for grade, (family, _, severity, rules) in zip(known, results, strict=True):
        if grade.severity != severity or grade.family != family or len(grade.hits) != len(rules):
            return False
        for hit, rule in zip(grade.hits, rules, strict=True):
            if hit.rule != rule.id:
                return False
    return True


def _family(context: Context, incident: Incident, result: Result, settlement: Settlement | None) -> FamilyGrade:
    frozen = settlement is not None and result.family in settlement.families
    figures = _settled(incident, settlement) if frozen and settlement is not None else incident.figures
    facts = facts_of(context.policy.facts, figures, incident.setting)
    hits = tuple(rule.hit(facts) for rule in result.rules)
    return made(
        FamilyGrade, family=result.family, severity=result.severity, hits=hits, in_composite=result.in_composite
    )


def _seen(incident: Incident, settlement: Settlement | None) -> dict[str, FactValue]:
    """The figures that the grade rests on, in the order of their names; settled ones under a name of their own."""
    settled = {f"settled.{name}": value for name, value in settlement.figures.items()} if settlement is not None else {}
    return dict(sorted({**incident.figures, **settled}.items()))


def _thresholds(
    state: AreaState, incident: Incident, context: Context, holding: Sequence[CompiledRule]
) -> Iterator[OutputEvent]:
    """Rules of the reporting table that hold for the first time (2.2 note 9)."""
    assessment = state.get(Assessment, incident.id)
    met = assessment.thresholds if assessment is not None else ()
    new = [rule for rule in holding if rule.id not in met]
    if new:
        facts = facts_of(context.policy.facts, incident.figures, incident.setting)
        hits = tuple(rule.hit(facts) for rule in new)
        yield made(ReportingThresholdMet, incident=incident.id, hits=hits, policy_version=context.policy.version)

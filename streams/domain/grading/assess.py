"""Grades an incident whenever its facts change: all families, the composite, thresholds and trend (GR-1, GR-2)."""

from collections.abc import Iterator, Mapping

from schemas.base import OutputEvent, Severity
from schemas.inputs.reports import FactValue
from schemas.outputs.incident_events import FactsChanged, FamilyGrade, IncidentGraded, ReportingThresholdMet
from schemas.outputs.incident_judgements import InitialReplaced
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.grading.entities import Assessment
from streams.domain.grading.trend import assess_trends
from streams.domain.intake.counting import law_of
from streams.domain.intake.entities import Settlement
from streams.domain.state import AreaState
from streams.policy.grading import Program
from streams.policy.rules import CompiledRule

Result = tuple[str, bool, Severity | None, tuple[CompiledRule, ...], Mapping[str, FactValue]]


def decide_facts(state: AreaState, event: FactsChanged, context: Context) -> Iterator[OutputEvent]:
    """Grade first, so that a trend is judged beside the grade that the same figures give (E10 and E9)."""
    yield from graded(state, event.incident, context)
    yield from _thresholds(state, event.incident, context)
    yield from assess_trends(state, event.incident, context)


def decide_replaced(state: AreaState, event: InitialReplaced, context: Context) -> Iterator[OutputEvent]:
    """An initial determination no longer counts."""
    yield from graded(state, event.incident, context)


def graded(state: AreaState, id: str, context: Context) -> Iterator[OutputEvent]:
    """IncidentGraded if a family, its rules or the composite changed. The law is that of the occurrence."""
    incident = state.of(Incident)[id]
    day, within = law_of(state, incident)
    assessment = state.get(Assessment, id)
    replaced = assessment.replaced if assessment is not None else ()
    program = context.policy.grading.program(incident.hazard_kinds, day, within)
    given = facts_of(context, incident, incident.figures)
    settlement = state.get(Settlement, id)
    results = [
        (part.family, part.in_composite, *part.grade(facts), facts)
        for part in program
        if part.family not in replaced
        for facts in (_facts_for(part.family, context, incident, given, settlement),)
    ]
    if _same(incident, results):
        return
    severities = [severity for _, counts, severity, _, _ in results if counts and severity is not None]
    yield IncidentGraded(
        incident=id,
        families=tuple(_family(result) for result in results),
        composite=min(severities, default=None),
        previous=incident.composite,
        facts=_seen(program, incident, settlement),
        policy_version=context.policy.version,
        grades_as_of=incident.figures_as_of or incident.occurred_at,
    )


def facts_of(context: Context, incident: Incident, figures: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """Everything that a rule may ask about an incident."""
    facts = context.policy.facts.complete(figures)
    facts["setting"] = incident.setting
    return facts


def _facts_for(
    family: str, context: Context, incident: Incident, given: dict[str, FactValue], settlement: Settlement | None
) -> dict[str, FactValue]:
    """The facts that count for a family: casualties of settled families are those of the term (OB-07)."""
    if settlement is None or family not in settlement.families:
        return given
    others = {name: value for name, value in incident.figures.items() if name not in settlement.facts}
    return facts_of(context, incident, {**others, **settlement.figures})


def _same(incident: Incident, results: list[Result]) -> bool:
    """Whether every family has the grade that it had, by the same rules."""
    if len(results) != len(incident.families):
        return False
    for known, (family, _, severity, rules, _) in zip(incident.families, results, strict=True):
        if known.family != family or known.severity != severity or len(known.hits) != len(rules):
            return False
        if any(hit.rule != rule.id for hit, rule in zip(known.hits, rules, strict=True)):
            return False
    return bool(results)


def _family(result: Result) -> FamilyGrade:
    family, counts, severity, rules, facts = result
    hits = tuple(rule.hit(facts) for rule in rules)
    return FamilyGrade(family=family, severity=severity, hits=hits, in_composite=counts)


def _seen(program: Program, incident: Incident, settlement: Settlement | None) -> dict[str, FactValue]:
    """The stated facts that the grade rests on; settled ones stand under their own name for their families."""
    settled = settlement.figures if settlement is not None and any(p.family in settlement.families for p in program) else {}
    return {**incident.figures, **{f"settled.{name}": value for name, value in settled.items()}}


def _thresholds(state: AreaState, id: str, context: Context) -> Iterator[OutputEvent]:
    """Rules of the reporting table that hold for the first time (2.2 note 9)."""
    incident = state.of(Incident)[id]
    program = context.policy.thresholds.program(incident.hazard_kinds, *law_of(state, incident))
    if not program:
        return
    assessment = state.get(Assessment, id)
    met = assessment.thresholds if assessment is not None else ()
    waiting = [rule for rule in program if rule.id not in met]
    if not waiting:
        return
    facts = facts_of(context, incident, incident.figures)
    hits = tuple(rule.hit(facts) for rule in waiting if rule.test(facts))
    if hits:
        yield ReportingThresholdMet(incident=id, hits=hits, policy_version=context.policy.version)

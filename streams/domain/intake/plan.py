"""Everything that the policy says about incidents of some kinds, at a time and place: looked up once per decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar

from streams.domain.context import Context
from streams.domain.core import Area, Incident, area_of
from streams.domain.state import AreaState, Entity
from streams.policy.activation import ActivationLaw
from streams.policy.conditions import leaves, names, parse
from streams.policy.dated import jurisdictions, local_day
from streams.policy.evaluation import compiled
from streams.policy.facts import Fact
from streams.policy.grading import Freeze, Program, Trend
from streams.policy.hazards import Hazard, Stated
from streams.policy.intake import Book
from streams.policy.model import Policy
from streams.policy.obligation_law import ObligationLaw
from streams.policy.responses import ResponseLaw
from streams.policy.rules import CompiledRule
from streams.policy.truths import Truths

SETTING = "setting"
"""The fact that says where it happened: stated by the report itself, not among its figures."""
REMEMBERED_PLANS = 4096
"""Size at which the cache of plans starts anew."""
REMEMBERED_INSTANTS = 16_384
"""Size at which the cache of plans by instant of occurrence starts anew."""


@dataclass(frozen=True, slots=True, eq=False)
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
    responses: ResponseLaw
    incubation: Hazard | None
    """The kind with the longest incubation period; None where none is infectious."""
    inputs: tuple[str, ...]
    """Stated facts on which grades and thresholds of these kinds depend; nothing else changes them."""
    memory: "Memory"
    obligations: ObligationLaw
    """For all hazard kinds; `duties`: for these."""
    duties: ObligationLaw
    truths: Truths
    """Which statements about figures hold, of those that conditions of these duties and of shares are made of."""
    activation: ActivationLaw


class Memory:
    """What has been concluded under the same rules: plans of different days share it where the law is the same."""

    __slots__ = ("judgements", "outcomes")

    def __init__(self) -> None:
        self.judgements: dict[tuple[Any, ...], Any] = {}
        """What follows from values of a plan's `inputs`: a pure function of them."""
        self.outcomes: dict[Any, Any] = {}
        """Equal results of different judgements as one object: to see that they are the same is to look."""


class Plans:
    """The plans of one area under one policy, by kinds and instant of occurrence.

    Every decider of an incident asks for its plan, and always with the same instant: the look-up is all they pay for.
    """

    __slots__ = ("by_instant", "confirmed", "policy", "readings")
    follows: ClassVar[tuple[str, ...]] = (Area.KIND,)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.by_instant: dict[tuple[tuple[str, ...], datetime], Plan] = {}
        self.readings: dict[tuple[tuple[str, ...], datetime], tuple[Stated, Book]] = {}
        self.confirmed: dict[str, tuple[Any, Any]] = {}
        """By incident: grades that stood, and the results that were found to be the same."""

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """Another time zone or province is another law."""
        if not (isinstance(old, Area) and isinstance(new, Area)) or (old.timezone, old.province) != (
            new.timezone,
            new.province,
        ):
            self.by_instant.clear()
            self.readings.clear()


_NAME = "plans"


def plans_of(state: AreaState, policy: Policy) -> Plans:
    """The plans of the area, made anew where it has adopted another policy."""
    plans: Plans | None = state.derived.get(_NAME)
    if plans is None or plans.policy is not policy:
        plans = state.derived[_NAME] = Plans(policy)
    return plans


def plan_of(state: AreaState, context: Context, incident: Incident) -> Plan:
    """The law of an incident."""
    plans: Plans | None = state.derived.get(_NAME)
    if plans is None or plans.policy is not context.policy:
        plans = plans_of(state, context.policy)
    key = (incident.hazard_kinds, incident.occurred_at)
    plan = plans.by_instant.get(key)
    if plan is None:
        make_room(plans.by_instant, REMEMBERED_INSTANTS)
        plan = plans.by_instant[key] = plan_for(state, context.policy, *key)
    return plan


def plan_for(state: AreaState, policy: Policy, kinds: tuple[str, ...], occurred_at: datetime) -> Plan:
    """The law of incidents of these kinds that occurred at this instant."""
    area = area_of(state)
    day, within = _day_and_place(occurred_at, area.timezone, area.id, area.province)
    plans = policy.grading.plans
    plan: Plan | None = plans.get((kinds, day, within))
    if plan is None:
        make_room(plans, REMEMBERED_PLANS)
        plan = plans[kinds, day, within] = _plan(policy, kinds, day, within)
    return plan


def make_room(cache: dict[Any, Any], size: int) -> None:
    """Start a memory anew that has reached its size."""
    if len(cache) >= size:
        cache.clear()


@lru_cache(maxsize=65_536)
def _day_and_place(
    occurred_at: datetime, timezone: str, area: str, province: str | None
) -> tuple[date, tuple[str, ...]]:
    return local_day(occurred_at, timezone), jurisdictions(area, province)


def reading_of(state: AreaState, policy: Policy, words: tuple[str, ...], occurred_at: datetime) -> tuple[Stated, Book]:
    """What stated hazard kinds mean, and how reports of that day and place are taken in."""
    readings = plans_of(state, policy).readings
    key = (words, occurred_at)
    found = readings.get(key)
    if found is None:
        make_room(readings, REMEMBERED_INSTANTS)
        area = area_of(state)
        day, within = _day_and_place(occurred_at, area.timezone, area.id, area.province)
        found = readings[key] = (policy.hazards.stated(words, day, within), policy.intake.book(day, within))
    return found


def _plan(policy: Policy, kinds: tuple[str, ...], day: date, within: tuple[str, ...]) -> Plan:
    hazards = policy.hazards.kinds(day, within)
    health = tuple(hazards[kind] for kind in kinds if kind in hazards and hazards[kind].group == "public_health")
    program = policy.grading.program(kinds, day, within)
    asked = frozenset(name for part in program for name in part.names)
    thresholds = policy.thresholds.program(kinds, day, within)
    derived = tuple(fact for fact in policy.facts.derived if health and (not fact.first_urban or fact.name in asked))
    obligations = policy.obligations.at(day, within)
    duties = obligations.of_kinds(kinds, hazards)
    memories = policy.grading.memories
    make_room(memories, REMEMBERED_PLANS)
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
        responses=policy.responses.at(day, within),
        incubation=longest_incubation(hazards, kinds),
        inputs=_inputs(policy, program, thresholds),
        memory=memories.setdefault((program, thresholds), Memory()),
        obligations=obligations,
        duties=duties,
        truths=_truths(policy, duties),
        activation=policy.activation.at(day, within),
    )


def longest_incubation(hazards: Mapping[str, Hazard], kinds: tuple[str, ...]) -> Hazard | None:
    """The one of these kinds with the longest incubation period; None where none is infectious."""
    known = [hazards[kind] for kind in kinds if kind in hazards]
    infectious = [hazard for hazard in known if hazard.longest_incubation_days is not None]
    return max(infectious, key=lambda hazard: hazard.longest_incubation_days or 0, default=None)


def _inputs(policy: Policy, program: Program, thresholds: tuple[CompiledRule, ...]) -> tuple[str, ...]:
    named = [name for part in program for rule in part.rules for name in rule.names]
    return _stated(policy, [*named, *(name for rule in thresholds for name in rule.names)])


def _truths(policy: Policy, law: ObligationLaw) -> Truths:
    """What conditions say about figures; plans of different days share it where it is the same."""
    alternatives = [when for one in law.clauses.values() for when in one.clause.when]
    alternatives += [when for one in law.shares for when in one.share.when]
    texts = tuple(dict.fromkeys(when.facts for when in alternatives if when.facts is not None))
    memories = policy.grading.memories
    found: Truths | None = memories.get(texts)
    if found is None:
        trees = [parse(text, policy.facts.vocabulary) for text in texts]
        stated = dict.fromkeys(leaf for tree in trees for leaf in leaves(tree) if SETTING not in names(leaf))
        inputs = _stated(policy, [name for leaf in stated for name in names(leaf)])
        found = memories[texts] = Truths(inputs, [compiled(leaf) for leaf in stated], policy.facts.complete)
    return found


def _stated(policy: Policy, named: list[str]) -> tuple[str, ...]:
    """The facts that are stated among those named and those that they are made of."""
    components = policy.facts.components
    stated = (part for name in named for part in (name, *components.get(name, ())))
    return tuple(dict.fromkeys(name for name in stated if name != SETTING))

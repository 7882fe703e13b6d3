"""An incident as obligations look at it: do a duty's hazards and conditions hold, and since when."""

from datetime import datetime
from typing import Any

from schemas.base import Severity
from streams.domain.context import Context
from streams.domain.core import District, Incident, Unit
from streams.domain.intake.plan import plan_of
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.state import AreaState
from streams.policy.conditions import Facts
from streams.policy.obligation_law import BoundClause, ObligationLaw, Tests
from streams.policy.obligation_rules import When

THRESHOLD = "threshold"


class Situation:
    """What is known of an incident at this point of the cascade. Build it anew after every event."""

    __slots__ = ("_context", "_facts", "_memo", "incident", "knowledge", "law", "whole")

    def __init__(self, state: AreaState, context: Context, incident: Incident) -> None:
        plan = plan_of(state, context, incident)
        self.incident = incident
        self.knowledge = state.get(Knowledge, incident.id) or Knowledge(id=incident.id, incident=incident.id)
        self.whole: ObligationLaw = plan.obligations
        self.law = plan.duties
        self._context = context
        self._facts: Facts | None = None
        self._memo: dict[int, bool] = {}

    def owed(self, clause: BoundClause) -> bool:
        """Whether the conditions of a clause of this law hold."""
        if not clause.tests:
            return True
        known = self._memo.get(id(clause))
        if known is None:
            known = self._memo[id(clause)] = self.holds(clause.tests)
        return known

    def holds(self, tests: Tests) -> bool:
        """Whether one of the alternatives holds; none named: always."""
        return not tests or any(self._holds(when, predicate) for when, predicate in tests)

    def _holds(self, when: When, predicate: object) -> bool:
        incident = self.incident
        if when.threshold and THRESHOLD not in self.knowledge.since:
            return False
        if when.composite is not None and not _reached(incident.composite, when.composite):
            return False
        if when.families and not any(_reached(incident.severity(family), when.grade) for family in when.families):
            return False
        if when.settings and incident.setting not in when.settings:
            return False
        if when.kinds and not any(kind in incident.hazard_kinds for kind in when.kinds):
            return False
        return predicate is None or bool(predicate(self.facts()))  # type: ignore[operator]

    def facts(self) -> Facts:
        """The figures that count, complete."""
        if self._facts is None:
            stated = {**self.incident.figures, "setting": self.incident.setting}
            self._facts = self._context.policy.facts.complete(stated)
        return self._facts

    def since(self, tests: Tests) -> datetime | None:
        """Since when one of the alternatives that hold now holds; None where nobody noted it."""
        noted = self.knowledge.since
        found: list[datetime] = []
        for when, predicate in tests:
            if not self._holds(when, predicate):
                continue
            keys = [f"{family}:{when.grade}" for family in when.families]
            keys += [f"composite:{when.composite}"] if when.composite is not None else []
            keys += [THRESHOLD] if when.threshold else []
            instants = [noted[key] for key in keys if key in noted]
            if not instants:
                return None
            found.append(max(instants) if not when.families else min(instants))
        return min(found, default=None)

    def grade(self, family: str | None) -> Severity | None:
        """Grade of a family, or the composite."""
        return self.incident.severity(family) if family is not None else self.incident.composite


def seen(state: AreaState, context: Context, incident: Incident) -> tuple[Any, ...]:
    """Everything on which it depends what is owed and shared in an incident, but for the passing of time."""
    plan = plan_of(state, context, incident)
    knowledge = state.get(Knowledge, incident.id)
    scopes = (incident.id, *knowledge.joined) if knowledge is not None else (incident.id,)
    return (
        plan,
        knowledge,
        incident.composite,
        incident.families,
        incident.setting,
        incident.place,
        incident.districts,
        [state.revision(Obligation, scope) for scope in scopes],
        state.revision(Unit),
        state.revision(District),
        plan.truths.of(incident.figures),
    )


def casualties(context: Context, incident: Incident) -> dict[str, int | float]:
    """The casualty figures that count."""
    figures = incident.figures
    return {
        name: value
        for name in context.policy.facts.casualty_facts
        if isinstance(value := figures.get(name), int | float) and not isinstance(value, bool) and value
    }


def _reached(severity: Severity | None, wanted: Severity) -> bool:
    return severity is not None and severity <= wanted


def situation(state: AreaState, context: Context, incident: str | None) -> Situation | None:
    """The situation of an incident that is here and open."""
    known = state.get(Incident, incident)
    return Situation(state, context, known) if known is not None and known.status == "open" else None

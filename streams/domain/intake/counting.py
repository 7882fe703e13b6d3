"""From what all sources said to the figures of an incident that count now."""

from collections.abc import Iterable
from functools import reduce

from schemas.inputs.reports import FactValue, Verification
from schemas.outputs.incident_events import FactsChanged
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.fast import made
from streams.domain.intake.derived import derive, outbreak
from streams.domain.intake.entities import Figure, LineList, Settlement, Source, Verdicts
from streams.domain.intake.figures import counting
from streams.domain.intake.plan import Plan, plan_of
from streams.domain.state import AreaState


def verdicts_of(state: AreaState, id: str) -> Verdicts | None:
    """What authorities decided about an incident and about those that were merged into it."""
    if not state.of(Verdicts):
        return None
    found = tuple(state.of_incident(Verdicts, id))
    if len(found) < 2:  # noqa: PLR2004 - nothing to join
        return found[0] if found else None
    return Verdicts(
        id=id,
        incident=id,
        verified=reduce(_newest, (verdicts.verified for verdicts in found)),
        refuted=reduce(_newest, (verdicts.refuted for verdicts in found)),
        flags=reduce(_newest, (verdicts.flags for verdicts in found)),
        settled=reduce(_newest, (verdicts.settled for verdicts in found)),
    )


def _newest(one: dict[str, Figure], two: dict[str, Figure]) -> dict[str, Figure]:
    newer = {name: figure for name, figure in two.items() if name not in one or one[name].as_of < figure.as_of}
    return {**one, **newer}


class Tally:
    """The figures of one incident while they are counted anew."""

    __slots__ = ("context", "figures", "incident", "plan", "sources", "sureness", "verdicts")

    def __init__(self, state: AreaState, context: Context, incident: Incident, plan: Plan) -> None:
        self.context = context
        self.incident = incident
        self.plan = plan
        self.sources = tuple(state.of_incident(Source, incident.id))
        self.verdicts = verdicts_of(state, incident.id)
        self.figures = incident.figures.copy()
        self.sureness = incident.verification.copy()

    def count(self, names: Iterable[str]) -> None:
        """Let the statement of each fact stand that counts."""
        by_name = self.context.policy.facts.by_name
        lone = self.sources[0] if len(self.sources) == 1 and self.verdicts is None else None
        for name in names:
            fact = by_name.get(name)
            if lone is not None and fact is not None and lone.refuted_at is None and not fact.expert:
                figure = lone.figures.get(name)
                figure = figure if figure is None or figure.verification != "refuted" else lone.verified.get(name)
            else:
                figure = counting(fact, name, self.sources, self.verdicts) if fact is not None else None
            self.put(name, figure.value if figure else None, figure.verification if figure else "unverified")

    def put(self, name: str, value: FactValue | None, how: Verification) -> None:
        """This value counts; None: none does."""
        if value is None:
            self.figures.pop(name, None)
            self.sureness.pop(name, None)
        else:
            self.figures[name] = value
            self.sureness[name] = how

    def all_names(self) -> set[str]:
        """Every fact that anybody stated, or that counts now."""
        names = {name for source in self.sources for name in source.figures}.union(self.figures)
        return names.union(self.verdicts.verified, self.verdicts.flags) if self.verdicts is not None else names

    def derive(self, state: AreaState) -> None:
        """Facts that nobody states, and what they replace."""
        about = outbreak(state, self.incident, self.sources, self.plan.health_kinds)
        for name, value in derive(state, about, self.plan.derived, self.figures):
            if self.figures.get(name) != value:
                self.put(name, value, "unverified")

    def settled(self, settlement: Settlement) -> dict[str, FactValue]:
        """What counts of the settled facts, from statements as of a day inside the term (OB-07)."""
        by_name = self.context.policy.facts.by_name
        then = tuple(source.model_copy(update={"figures": source.settled, "verified": {}}) for source in self.sources)
        verdicts = self.verdicts
        decided = verdicts.model_copy(update={"verified": verdicts.settled}) if verdicts is not None else None
        counted = ((name, counting(by_name.get(name), name, then, decided)) for name in settlement.facts)
        return {name: figure.value for name, figure in counted if figure is not None}


def recounted(
    state: AreaState, context: Context, id: str, names: Iterable[str] | None = None, *, always: bool = False
) -> FactsChanged | None:
    """The figures that count after something was said about `names` (None: about anything).

    None where nothing changed, unless `always` (kinds changed: other families look at the same figures). Figures are
    in the order of their names: the same facts make the same bytes, whichever way the state came here.
    """
    incident = state.of(Incident)[id]
    plan = plan_of(state, context, incident)
    tally = Tally(state, context, incident, plan)
    tally.count(sorted(tally.all_names()) if names is None else names)
    if plan.derived and (plan.first_urban or names is None or len(tally.sources) > 1 or id in state.of(LineList)):
        if names is not None:
            tally.count(sorted(context.policy.facts.derivable.intersection(tally.figures).difference(names)))
        tally.derive(state)
    settlement = state.get(Settlement, id)
    settled = tally.settled(settlement) if settlement is not None else {}
    same = tally.figures == incident.figures and tally.sureness == incident.verification
    if same and not always and (settlement is None or settled == settlement.figures):
        return None
    return made(
        FactsChanged,
        incident=id,
        figures=dict(sorted(tally.figures.items())),
        verification=dict(sorted(tally.sureness.items())),
        as_of=incident.figures_as_of or incident.occurred_at,
        settled=settled,
    )

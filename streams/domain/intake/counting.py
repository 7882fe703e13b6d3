"""From what all sources said to the figures of an incident that count now."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import NamedTuple, TypeVar

from schemas.inputs.reports import FactValue, Verification
from schemas.outputs.incident_events import FactsChanged
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.fast import whole
from streams.domain.intake.derived import Outbreak, derive, may_be_urban, outbreak
from streams.domain.intake.entities import Figure, LineList, Settlement, Source, Verdicts
from streams.domain.intake.figures import counting
from streams.domain.intake.plan import Plan, plan_of
from streams.domain.state import AreaState
from streams.policy.facts import Facts

V = TypeVar("V")


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


class Said(NamedTuple):
    """What has just been said: by which source, as of when, about which facts (None: about anything)."""

    by: str | None = None
    as_of: datetime | None = None
    names: Iterable[str] | None = None


ANYTHING = Said()


class Tally:
    """The figures of one incident while they are counted anew."""

    __slots__ = ("catalogue", "figures", "sources", "sureness", "verdicts")

    def __init__(self, state: AreaState, incident: Incident, catalogue: Facts, speaker: str | None) -> None:
        self.catalogue = catalogue
        alone = state.get(Source, speaker) if state.count_of_incident(Source, incident.id) == 1 else None
        self.sources = (alone,) if alone is not None else tuple(state.of_incident(Source, incident.id))
        self.verdicts = verdicts_of(state, incident.id)
        self.figures = incident.figures.copy()
        self.sureness = incident.verification.copy()

    def count(self, names: Iterable[str]) -> None:
        """Let the statement of each fact stand that counts."""
        by_name = self.catalogue.by_name
        for name in names:
            fact = by_name.get(name)
            figure = counting(fact, name, self.sources, self.verdicts) if fact is not None else None
            if figure is None:
                self.figures.pop(name, None)
                self.sureness.pop(name, None)
            else:
                self.figures[name] = figure.value
                self.sureness[name] = figure.verification

    def all_names(self) -> list[str]:
        """Every fact that anybody stated, or that counts now."""
        names = {name for source in self.sources for name in source.figures}.union(self.figures)
        decided = (self.verdicts.verified, self.verdicts.flags) if self.verdicts is not None else ()
        return sorted(names.union(*decided))

    def derive(self, state: AreaState, about: Outbreak, plan: Plan) -> None:
        """Facts that nobody states, and what they replace."""
        for name, value in derive(state, about, plan.derived, self.figures):
            if self.figures.get(name) != value:
                self.figures[name] = value
                self.sureness[name] = "unverified"

    def settled(self, settlement: Settlement) -> dict[str, FactValue]:
        """What counts of the settled facts, from statements as of a day inside the term (OB-07)."""
        by_name = self.catalogue.by_name
        then = tuple(source.model_copy(update={"figures": source.settled, "verified": {}}) for source in self.sources)
        verdicts = self.verdicts
        decided = verdicts.model_copy(update={"verified": verdicts.settled}) if verdicts is not None else None
        counted = ((name, counting(by_name.get(name), name, then, decided)) for name in settlement.facts)
        return {name: figure.value for name, figure in counted if figure is not None}


def recounted(
    state: AreaState,
    context: Context,
    incident: Incident,
    said: Said = ANYTHING,
    *,
    always: bool = False,
) -> FactsChanged | None:
    """The figures that count after something was said.

    None where neither figures nor their instant change, unless `always` (kinds changed: other families look at the
    same figures). Figures are in the order of their names: the same facts make the same bytes, whichever way the
    state came here.
    """
    plan = plan_of(state, context, incident)
    known, names = incident.figures_as_of, said.names
    newest = max(known or said.as_of or incident.occurred_at, said.as_of or known or incident.occurred_at)
    tally = Tally(state, incident, context.policy.facts, said.by)
    tally.count(tally.all_names() if names is None else names)
    if plan.derived and (names is None or len(tally.sources) > 1 or may_be_derived(state, incident, plan)):
        if names is not None:
            tally.count(sorted(tally.catalogue.derivable.intersection(tally.figures).difference(names)))
        tally.derive(state, outbreak(state, incident, tally.sources, plan.health_kinds, newest), plan)
    settlement = state.get(Settlement, incident.id)
    settled = tally.settled(settlement) if settlement is not None else {}
    same = newest == known and tally.figures == incident.figures and tally.sureness == incident.verification
    if same and not always and (settlement is None or settled == settlement.figures):
        return None
    figures = _in_order(tally.figures, incident.figures)
    return _facts(incident, figures, _in_order(tally.sureness, incident.verification), newest, settled)


Figures = dict[str, FactValue]
Sureness = dict[str, Verification]


def followed(
    state: AreaState,
    context: Context,
    incident: Incident,
    stated: Mapping[str, FactValue],
    as_of: datetime,
    how: Verification,
) -> FactsChanged | None:
    """The figures that count where the only voice goes on with newer statements, which is what most reports are.

    None where anything but these statements may matter: an expert's word, settled or derived facts, a refutation.
    Then `recounted` tells.
    """
    known, plan = incident.figures_as_of, plan_of(state, context, incident)
    if known is None or as_of <= known or how == "refuted" or not context.policy.facts.expert_facts.isdisjoint(stated):
        return None
    if state.get(Settlement, incident.id) is not None or (plan.derived and may_be_derived(state, incident, plan)):
        return None
    figures = {**incident.figures, **stated}
    sureness = {**incident.verification, **dict.fromkeys(stated, how)}
    if len(figures) != len(incident.figures):
        figures, sureness = dict(sorted(figures.items())), dict(sorted(sureness.items()))
    return _facts(incident, figures, sureness, as_of, {})


def is_only_voice(state: AreaState, source: Source, id: str) -> bool:
    """Whether nothing that anybody else said about the incident can matter."""
    if source.incident != id or source.refuted_at is not None:
        return False
    return state.count_of_incident(Source, id) == 1 and not state.count_of_incident(Verdicts, id)


def _facts(
    incident: Incident, figures: Figures, sureness: Sureness, newest: datetime, settled: Figures
) -> FactsChanged:
    return whole(
        FactsChanged,
        {
            "incident": incident.id,
            "figures": figures,
            "verification": sureness,
            "as_of": newest,
            "settled": settled,
        },
    )


def _in_order(figures: dict[str, V], before: dict[str, V]) -> dict[str, V]:
    """Figures in the order of their names; those that stood before are in order already."""
    return figures if figures.keys() <= before.keys() else dict(sorted(figures.items()))


def may_be_derived(state: AreaState, incident: Incident, plan: Plan) -> bool:
    """Whether one source's figures may be completed: by a line list, further districts, what was urban before."""
    if len(incident.districts) > 1 or incident.id in state.of(LineList):
        return True
    return bool(plan.first_urban) and may_be_urban(state, incident)

"""From what all sources said to the figures of an incident that count now."""

from collections.abc import Iterable
from datetime import date
from functools import reduce

from schemas.inputs.reports import FactValue, Verification
from schemas.outputs.incident_events import FactsChanged
from streams.domain.context import Context
from streams.domain.core import Incident, area_of
from streams.domain.intake.derived import derive, outbreak
from streams.domain.intake.entities import Figure, Settlement, Source, Verdicts
from streams.domain.intake.figures import counting
from streams.domain.state import AreaState
from streams.policy.dated import jurisdictions, local_day


def law_of(state: AreaState, incident: Incident) -> tuple[date, tuple[str, ...]]:
    """The day and place whose law judges an incident: those of its occurrence (design rule 6)."""
    area = area_of(state)
    return local_day(incident.occurred_at, area.timezone), jurisdictions(state.area, area.province)


def verdicts_of(state: AreaState, id: str) -> Verdicts | None:
    """What authorities decided about an incident and about those that were merged into it."""
    found = tuple(state.of_incident(Verdicts, id))
    if len(found) < 2:  # noqa: PLR2004 - nothing to join
        return found[0] if found else None
    joined = {
        part: reduce(_newest, (getattr(verdicts, part) for verdicts in found), {})
        for part in ("verified", "refuted", "flags", "settled")
    }
    return Verdicts(id=id, incident=id, **joined)


def _newest(one: dict[str, Figure], two: dict[str, Figure]) -> dict[str, Figure]:
    return {**one, **{name: figure for name, figure in two.items() if name not in one or one[name].as_of < figure.as_of}}


def recounted(
    state: AreaState, context: Context, id: str, names: Iterable[str] | None = None, *, always: bool = False
) -> FactsChanged | None:
    """The figures that count after something was said about `names` (None: about anything).

    None where nothing changed, unless `always` (kinds changed: other families look at the same figures).
    """
    incident = state.of(Incident)[id]
    catalogue = context.policy.facts
    sources = tuple(state.of_incident(Source, id))
    verdicts = verdicts_of(state, id)
    figures, sureness = dict(incident.figures), dict(incident.verification)
    touched = set(_all_names(sources, verdicts) if names is None else names).union(
        catalogue.derivable.intersection(figures), () if names is not None else figures
    )
    for name in sorted(touched):
        fact = catalogue.by_name.get(name)
        figure = counting(fact, name, sources, verdicts) if fact is not None else None
        _set(figures, sureness, name, figure.value if figure else None, figure.verification if figure else "unverified")
    law = law_of(state, incident)
    about = outbreak(state, incident, sources, context.policy.hazards.kinds(*law))
    if about is not None:
        asks = context.policy.grading.asks
        wanted = (f for f in catalogue.derived if not f.first_urban or asks(incident.hazard_kinds, *law, f.name))
        for name, value in derive(state, about, wanted, figures):
            if figures.get(name) != value:
                _set(figures, sureness, name, value, "unverified")
    settlement = state.get(Settlement, id)
    settled = _settled(context, settlement, sources, verdicts) if settlement is not None else {}
    same = figures == incident.figures and sureness == incident.verification
    if same and not always and (settlement is None or settled == settlement.figures):
        return None
    as_of = incident.figures_as_of or incident.occurred_at
    return FactsChanged(incident=id, figures=figures, verification=sureness, as_of=as_of, settled=settled)


def _all_names(sources: Iterable[Source], verdicts: Verdicts | None) -> set[str]:
    names = {name for source in sources for name in source.figures}
    if verdicts is not None:
        names.update(verdicts.verified, verdicts.flags)
    return names


def _set(
    figures: dict[str, FactValue],
    sureness: dict[str, Verification],
    name: str,
    value: FactValue | None,
    how: Verification,
) -> None:
    if value is None:
        figures.pop(name, None)
        sureness.pop(name, None)
    else:
        figures[name] = value
        sureness[name] = how


def _settled(
    context: Context, settlement: Settlement, sources: Iterable[Source], verdicts: Verdicts | None
) -> dict[str, FactValue]:
    """What counts of the settled facts, from statements as of a day inside the term (OB-07)."""
    then = tuple(source.model_copy(update={"figures": source.settled, "verified": {}}) for source in sources)
    decided = verdicts.model_copy(update={"verified": verdicts.settled}) if verdicts is not None else None
    counted = ((name, counting(context.policy.facts.by_name.get(name), name, then, decided)) for name in settlement.facts)
    return {name: figure.value for name, figure in counted if figure is not None}

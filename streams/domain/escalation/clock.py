"""The termination clock: it runs from the onset of the last case and starts anew with every new one (SC-8)."""

from collections.abc import Iterator
from datetime import datetime

from schemas.base import OutputEvent
from schemas.outputs.response_events import TerminationClockSet
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.escalation.entities import Command
from streams.domain.escalation.guards import earliest_end
from streams.domain.intake.entities import LineList
from streams.domain.intake.plan import plan_of
from streams.domain.state import AreaState


def reclock(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """Set the clock anew where the last case's onset, or the incubation period that counts, has changed.

    A line list gives the onset. Without one it is the instant of the figures in which counted cases last rose [P].
    """
    incident = state.get(Incident, incident_id)
    if incident is None:
        return
    plan = plan_of(state, context, incident)
    hazard, rule = plan.incubation, plan.responses.termination
    if hazard is None or rule is None:
        return
    known = state.get(Command, incident_id) or Command(id=incident_id)
    listed = _last_listed(state, incident_id)
    cases = _counted(incident)
    onset = listed if listed is not None else _last_rise(known, incident, cases)
    if onset is None:
        return
    earliest = earliest_end(hazard, onset)
    counted_anew = listed is None and cases != known.cases
    if counted_anew or (onset, earliest) != (known.last_onset, known.earliest_end):
        yield TerminationClockSet(
            incident=incident_id,
            last_onset=onset,
            line_listed=listed is not None,
            cases=cases,
            hazard_kind=hazard.id,
            incubation_days=hazard.longest_incubation_days or 0,
            earliest=earliest,
            rule=rule.id,
        )


def _last_listed(state: AreaState, incident_id: str) -> datetime | None:
    line_list = state.get(LineList, incident_id)
    if line_list is None:
        return None
    return max((case.onset for case in line_list.cases.values() if case.status != "excluded"), default=None)


def _counted(incident: Incident) -> int:
    cases = incident.figures.get("cases", 0)
    return cases if isinstance(cases, int) else 0


def _last_rise(known: Command, incident: Incident, cases: int) -> datetime | None:
    if cases > known.cases and incident.figures_as_of is not None:
        return max(incident.figures_as_of, known.last_onset or incident.figures_as_of)
    return known.last_onset

"""The case as it stands, told to another city as reports with their times (design.md: transferred with its clocks)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from schemas.inputs.directives import TransferIncident
from schemas.inputs.handovers import OwedDuty, RunningResponse
from schemas.inputs.reports import CaseOnset, FactValue, IncidentReported, Place, Verification
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.escalation.running import own_responses
from streams.domain.intake.entities import LineList
from streams.domain.obligations.entities import Knowledge, Obligation
from streams.domain.state import AreaState


def reports_of(
    state: AreaState, incident: Incident, command: TransferIncident, context: Context
) -> tuple[IncidentReported, ...]:
    """The figures that count, verified and unverified apart; the line list with the first of them.

    Derived figures are left out: the other city derives them from its own districts and line lists.
    """
    derivable = context.policy.facts.derivable
    by_status: dict[Verification, dict[str, FactValue]] = {}
    for name, value in incident.figures.items():
        fact = context.policy.facts.by_name.get(name)
        if name not in derivable and (fact is None or not fact.formula):
            by_status.setdefault(incident.verification.get(name, "unverified"), {})[name] = value
    said = _said(state, incident, command, context)
    onsets = _onsets(state, incident.id)
    parts = tuple(by_status.items()) or (("unverified", {}),)
    return tuple(
        IncidentReported(**said, figures=figures, verification=status, onsets=onsets if index == 0 else ())
        for index, (status, figures) in enumerate(parts)
    )


def owed_of(state: AreaState, incident: str) -> tuple[OwedDuty, ...]:
    """What this city still owes, clock by clock."""
    return tuple(
        OwedDuty(
            rule=item.rule,
            label=item.label,
            debtor=item.debtor,
            recipients=item.recipients,
            clock_start=item.clock_start,
            due=item.due,
            source=item.source,
        )
        for item in owed(state, incident)
    )


def owed(state: AreaState, incident: str) -> Iterator[Obligation]:
    """Obligations of an incident that are not met."""
    return (item for item in state.of_incident(Obligation, incident) if item.owed())


def responses_of(state: AreaState, incident: str) -> tuple[RunningResponse, ...]:
    """Responses that run here."""
    return tuple(RunningResponse(zone=item.zone, level=item.level) for item in own_responses(state, incident))


def _said(state: AreaState, incident: Incident, command: TransferIncident, context: Context) -> dict[str, Any]:
    return {
        "area": command.to_area,
        "external_id": incident.id,
        "source": f"area-{state.area}",
        "channel": "messenger",
        "reporter_unit": f"area-{state.area}",
        "reporter_kind": "department",
        "hazard_kinds": incident.hazard_kinds,
        "place": Place(
            district=command.district or command.to_area, point=incident.place.point, text=incident.place.text
        ),
        "setting": incident.setting,
        "occurred_at": incident.occurred_at,
        "known_at": _first_known(state, incident),
        "as_of": incident.figures_as_of or context.now,
        "needs": incident.needs,
        "text": command.reason,
    }


def _first_known(state: AreaState, incident: Incident) -> datetime:
    """Since when anybody here knew: the statutory clocks of the case (发现/获知) go with it."""
    knowledge = state.get(Knowledge, incident.id)
    known = [learned.at for learned in knowledge.learned.values()] if knowledge is not None else []
    return min(known, default=incident.opened_at)


def _onsets(state: AreaState, incident: str) -> tuple[CaseOnset, ...]:
    line_list = state.get(LineList, incident)
    if line_list is None:
        return ()
    return tuple(
        CaseOnset(case=case, district=item.district, onset=item.onset, status=item.status)
        for case, item in line_list.cases.items()
    )

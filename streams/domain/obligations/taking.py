"""An incident that another city hands over comes with its clocks: what is owed there is owed here (issue 4, item 6)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.handovers import OwedDuty
from schemas.outputs.handover_events import HandoverAnswered
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.handover.entities import Handover
from streams.domain.obligations.index import index
from streams.domain.obligations.opening import Duty, open_duty
from streams.domain.obligations.situation import Situation
from streams.domain.parties import found, resolve
from streams.domain.state import AreaState
from streams.policy.obligation_law import BoundClause


def on_answered(state: AreaState, event: HandoverAnswered, context: Context) -> Iterator[OutputEvent]:
    """With the responsibility this city takes over what the other city still owed for the incident."""
    handover = state.get(Handover, event.handover)
    if handover is None or handover.incident is None or event.answer != "accepted":
        return
    for owed in handover.owed:
        incident = state.get(Incident, handover.incident)
        duty = _duty(state, context, incident, owed) if incident is not None else None
        if duty is not None:
            yield from open_duty(state, context, duty)


def _duty(state: AreaState, context: Context, incident: Incident, owed: OwedDuty) -> Duty | None:
    """The same duty of the unit that stands here for the debtor there; None where it runs here already."""
    now = Situation(state, context, incident)
    clause = now.law.clauses.get((owed.rule, owed.label))
    if clause is None or clause.clause.due in {"daily", "instant"}:
        return None
    debtor = _debtor(state, clause, owed, incident)
    if index(state).exists(incident.id, (clause.rule, clause.clause.label, debtor)):
        return None
    # What was overdue there is on record there; the new debtor has its whole term.
    start = owed.clock_start if owed.due >= context.now else context.now
    return Duty(clause, debtor, incident.id, incident.id, start, "event", grade=now.grade(clause.clause.again_on_rise))


def _debtor(state: AreaState, clause: BoundClause, owed: OwedDuty, incident: Incident) -> str:
    debtor = clause.clause.debtor
    if debtor.party is not None:
        return resolve(state, debtor.party, owed.debtor, incident)[0]
    tier = next((tier for tier in debtor.tiers if tier in {"district", "city"}), None)
    return found(state, debtor.kinds[0], tier, incident.place.district) if tier is not None else owed.debtor

"""The dispatcher's desk: state, law, index and instant of one decision, and what a line may use."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.inputs.resources import ResourceRegistered
from schemas.outputs.refusals import CommandRefused
from streams.domain.allocation.choose import NOTHING_MORE, Grounds
from streams.domain.allocation.entities import Authorisation, Commitment, Line, Request, Waiver
from streams.domain.allocation.index import AllocationIndex, index_of
from streams.domain.context import Context
from streams.domain.core import Incident, Timer, area_of
from streams.domain.directives.days import law
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.state import AreaState
from streams.policy.allocation import MINUTE_MS, AllocationLaw

REPLAN = "allocation.replan"
"""Timer: orders of a kind of resource are looked at together."""


@dataclass(slots=True)
class Desk:
    """What every decider of this concern works with."""

    state: AreaState
    context: Context
    law: AllocationLaw
    now: datetime
    now_ms: int
    index: AllocationIndex

    def after(self, minutes: int | None) -> datetime | None:
        """The instant so many minutes from now; None for None."""
        return None if minutes is None else self.now + timedelta(minutes=minutes)

    def replan_at(self, kind: str) -> datetime | None:
        """When orders of this kind are looked at together; None when that is settled already (AL-REPLAN)."""
        seconds = self.law.replan.after_seconds
        if seconds is None or f"{REPLAN}:{kind}" in self.state.of(Timer):
            return None
        return self.now + timedelta(seconds=seconds)

    def authorisation(self, line: Line) -> str | None:
        """Id of an authorisation in scope and time for the line's incident (AL-1)."""
        acting = self.index.acting
        if acting is not None and "consent" in self._waived():
            return acting.rule
        if line.incident is None:
            return None
        for authorisation in self.state.of_incident(Authorisation, line.incident):
            if authorisation.covers(line.kind, self.now):
                return authorisation.id
        return None

    def grounds(self, line: Line) -> Grounds:
        """What the line may use beyond what stands above the floors."""
        standing = self.law.standing
        own = line.urgency in standing.own_reserve_classes
        requisition = line.urgency in standing.requisition_classes
        waivers = self._waivers(line)
        if (acting := self.index.acting) is not None and "floor" in self._waived():
            return Grounds(
                waived=True,
                waived_districts=(acting.district,),
                group_waived=self._severe(line),
                own_reserve=own,
                requisition=requisition,
            )
        if not (own or requisition or waivers):
            return NOTHING_MORE
        everywhere = any(not waiver.districts for waiver in waivers)
        return Grounds(
            waived=bool(waivers),
            waived_districts=() if everywhere else tuple(code for waiver in waivers for code in waiver.districts),
            group_waived=bool(waivers) and self._severe(line),
            own_reserve=own,
            requisition=requisition,
        )

    def _waived(self) -> tuple[str, ...]:
        """What does not bind a node that acts by itself (AU-1)."""
        mode = law(self.state, self.context.policy.autonomy, self.now).mode
        return mode.waives if mode is not None else ()

    def _waivers(self, line: Line) -> list[Waiver]:
        if line.incident is None:
            return []
        return [w for w in self.state.of_incident(Waiver, line.incident) if w.covers(line.kind, self.now)]

    def _severe(self, line: Line) -> bool:
        incident = self.state.get(Incident, line.incident)
        severity = None if incident is None else incident.composite
        return severity is not None and severity <= self.law.reserve.group_waiver_severity

    def department(self, entry: ResourceRegistered) -> str:
        """The department whose consent taking this resource needs (AL-1: 120 and hospital beds count as health)."""
        return self.law.consent.counts_as.get(entry.category, entry.owner_department)

    def request_of(self, line: Line) -> Request:
        """The line's request: it stays as long as its lines do."""
        return self.state.of(Request)[line.request]

    def refuse(self, incident: str | None, code: str, message: str, **details: Any) -> CommandRefused:
        """The refusal of the command that triggered this decision."""
        return refused(self.context, Refusal(code, message, details), incident)

    def limit_ms(self, line: Line) -> int | None:
        """How far a resource may come from: within the first wave no farther than can be there in it."""
        law = self.law
        later = law.second_wave_after_minutes
        if later is not None and self.now_ms >= line.asked_ms + later * MINUTE_MS:
            return None
        return law.first_wave_ms


def desk(state: AreaState, context: Context) -> Desk:
    """The desk for one decision."""
    area = area_of(state)
    law = context.policy.allocation.at(area.id, area.province, area.timezone, context.now)
    now_ms = int(context.now.timestamp() * 1000)
    return Desk(state, context, law, context.now, now_ms, index_of(state, law))


def open_commitments(state: AreaState, index: AllocationIndex, resource: str) -> tuple[Commitment, ...]:
    """Open commitments of a resource, oldest first."""
    found = (state.get(Commitment, id) for id in index.holdings(resource))
    return tuple(commitment for commitment in found if commitment is not None)

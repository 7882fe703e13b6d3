"""Handing an incident over to the city that it belongs to (issue 4, item 6): between areas on `mutual.aid`.

The sender offers the case with its clocks; the receiver takes it in at once, as it must (a fact is never refused),
and asks its own authority to take responsibility. Until that answer the sender keeps every obligation.
"""

from typing import ClassVar, Literal

from schemas.base import AreaCode, Id, OutputEvent, Severity, Text, Utc
from schemas.inputs.handovers import OwedDuty, RunningResponse
from schemas.inputs.reports import IncidentReported
from schemas.topics import INCIDENT_EVENTS, MUTUAL_AID


class HandoverOffered(OutputEvent):
    """The case as it stands at the sender: what the other city needs to go on. `incident` is the sender's id."""

    TYPE: ClassVar[str] = "handover.offered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    area: AreaCode
    """The city that is addressed."""
    from_area: AreaCode
    handover: Id
    reports: tuple[IncidentReported, ...]
    """The figures that count, with their times and verification, as reports to the other city."""
    owed: tuple[OwedDuty, ...] = ()
    responses: tuple[RunningResponse, ...] = ()
    composite: Severity | None
    reason: Text
    issuer: Id
    office: Id
    at: Utc

    def subject(self) -> str:
        return self.handover

    def key(self, area: str) -> str:
        return self.area or area


class HandoverAnswered(OutputEvent):
    """The other city takes responsibility, or declines with its reason. `incident` is the receiver's id."""

    TYPE: ClassVar[str] = "handover.answered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    area: AreaCode
    """The city that offered."""
    from_area: AreaCode
    handover: Id
    answer: Literal["accepted", "declined"]
    decided_by: tuple[Id, ...]
    reason: Text = ""
    at: Utc

    def subject(self) -> str:
        return self.handover

    def key(self, area: str) -> str:
        return self.area or area


class HandoverReceived(OutputEvent):
    """A case from another city is open here, with that city's clocks on record. `incident` is ours."""

    TYPE: ClassVar[str] = "incident.handover_received.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    handover: Id
    from_area: AreaCode
    their_incident: Id
    owed: tuple[OwedDuty, ...]
    responses: tuple[RunningResponse, ...]
    reason: Text
    at: Utc

    def subject(self) -> str:
        return self.handover


class HandoverConcluded(OutputEvent):
    """The sender knows the answer: accepted, and its obligations end here; or declined, and all stays as it was."""

    TYPE: ClassVar[str] = "incident.handover_concluded.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    handover: Id
    to_area: AreaCode
    their_incident: Id | None
    answer: Literal["accepted", "declined"]
    decided_by: tuple[Id, ...]
    reason: Text = ""
    at: Utc

    def subject(self) -> str:
        return self.handover

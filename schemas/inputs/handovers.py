"""mutual.aid, as the addressed city reads it: the events of schemas/outputs/handover_events.py, type for type."""

from typing import ClassVar, Literal

from schemas.base import AreaCode, Id, InputEvent, Model, ResponseLevel, Severity, Text, Utc
from schemas.inputs.reports import IncidentReported
from schemas.topics import MUTUAL_AID


class OwedDuty(Model):
    """A statutory obligation of the sender that runs on until the receiver has answered."""

    rule: str
    label: str = ""
    debtor: str
    recipients: tuple[str, ...]
    clock_start: Utc
    due: Utc
    source: Text


class RunningResponse(Model):
    """A response that runs in the sender's city."""

    zone: str
    level: ResponseLevel


class HandoverOffer(InputEvent):
    """Another city says that an incident belongs here. `incident` is that city's id."""

    TYPE: ClassVar[str] = "handover.offered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    handover: Id
    incident: Id
    reports: tuple[IncidentReported, ...]
    owed: tuple[OwedDuty, ...] = ()
    responses: tuple[RunningResponse, ...] = ()
    composite: Severity | None = None
    reason: Text = ""
    issuer: Id
    office: Id
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        refs = (("external_ref", f"{report.source}|{report.external_id}") for report in self.reports)
        return (("handover", self.handover), *refs)


class HandoverAnswer(InputEvent):
    """The answer to an offer of ours. `incident` is the other city's id."""

    TYPE: ClassVar[str] = "handover.answered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    handover: Id
    incident: Id | None = None
    answer: Literal["accepted", "declined"]
    decided_by: tuple[Id, ...] = ()
    reason: Text = ""
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("handover", self.handover), ("incident", self.handover.rpartition(".H")[0]))

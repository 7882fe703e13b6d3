"""incident.events: the life of an incident as Liandong understands it."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, Model, OutputEvent, RuleHit, Severity, Text, Utc
from schemas.inputs.reports import CaseOnset, Channel, FactValue, NeedKind, Place, Verification
from schemas.topics import INCIDENT_EVENTS


class IncidentOpened(OutputEvent):
    """A report opened a new incident; its number is made of area, local date and a counter."""

    TYPE: ClassVar[str] = "incident.opened.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    source: Id
    external_id: Id
    hazard_kinds: tuple[Id, ...]
    place: Place
    setting: str
    occurred_at: Utc


class ReportAttached(OutputEvent):
    """A report now belongs to this incident. Figures stay per source; `provisional` attachments can be split off."""

    TYPE: ClassVar[str] = "incident.report_attached.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    source: Id
    external_id: Id
    channel: Channel
    series: Literal["initial", "follow_up", "final"]
    provisional: bool
    reporter_unit: Id
    reporter_kind: str
    received_by: Id | None
    hazard_kinds: tuple[Id, ...]
    place: Place
    setting: str
    occurred_at: Utc
    known_at: Utc | None
    received_at: Utc | None
    as_of: Utc
    figures: dict[str, FactValue]
    verification: Verification
    onsets: tuple[CaseOnset, ...] = ()
    zero_report: bool = False
    text: Text = ""


class FactsChanged(OutputEvent):
    """The figures that count now, with their verification, after a report, a correction or a verification."""

    TYPE: ClassVar[str] = "incident.facts_changed.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    figures: dict[str, FactValue]
    verification: dict[str, Verification]
    as_of: Utc


class FamilyGrade(Model):
    """One family's result: severity or None, every rule hit at that severity."""

    family: str
    severity: Severity | None
    hits: tuple[RuleHit, ...] = ()


class IncidentGraded(OutputEvent):
    """All families' grades and the composite (most severe, 就高不就低) when any of them changed (GR-*)."""

    TYPE: ClassVar[str] = "incident.graded.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    families: tuple[FamilyGrade, ...]
    composite: Severity | None
    previous: Severity | None
    facts: dict[str, FactValue]
    policy_version: str
    grades_as_of: Utc


class NeedStated(OutputEvent):
    """Somebody states a need at the scene; sanitation needs become a task for health (NS-2c)."""

    TYPE: ClassVar[str] = "incident.need_stated.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    need: NeedKind
    district: DistrictCode
    by_unit: Id


class IncidentClosed(OutputEvent):
    """The incident is over; its cluster leaves the working state."""

    TYPE: ClassVar[str] = "incident.closed.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    reason: Text = ""

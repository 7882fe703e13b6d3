"""incident.reports: what happened, told by somebody, as often as they learn more."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Department, DistrictCode, Id, InputEvent, Model, Point, Text, Utc
from schemas.topics import INCIDENT_REPORTS

Channel = Literal["phone", "cad", "ems_120", "direct_online", "sensor", "opinion_monitoring", "messenger", "satellite"]
Verification = Literal["unverified", "verified", "refuted"]
FactValue = bool | int | float | str
NeedKind = Literal["medical", "sanitation", "psychosocial", "shelter", "supplies"]
ReportContent = Literal[
    "casualties",
    "outbreak_risk",
    "disaster_warning",
    "sanitation_need",
    "zero_report",
    "response",
    "aftermath",
    "other",
]
"""What a report upward is about: the five share types of NS-1 and NS-2 (the first four words, by department), the zero
report, the start of a response (OB-34), the report after it (OB-40), or anything else."""


class Place(Model):
    """Where: a district always, a point where somebody measured one (no coordinates in the scenarios)."""

    district: DistrictCode
    point: Point | None = None
    text: Text = ""


class IncidentReported(InputEvent):
    """An initial, follow-up or final report 初报/续报/终报 (IN-1..IN-8, VE-4; Decree 493 Art. 12).

    `figures` are facts by name (names and units: streams/policy/facts.yaml): deaths, serious, critical, casualties,
    missing, cases, ... each as of `as_of`. `flags` by experts travel the same way; who said so is the source.
    """

    TYPE: ClassVar[str] = "incident.reported.v1"
    TOPIC: ClassVar[str] = INCIDENT_REPORTS

    external_id: Id
    """The sender's own id of the incident; same source + external id = same incident."""
    source: Id
    """The system that speaks, e.g. `cad-b` or `120`."""
    channel: Channel
    series: Literal["initial", "follow_up", "final"] = "initial"
    reporter_unit: Id
    """The unit that reports (IN-2); obligations hang on it."""
    reporter_kind: Literal["institution", "department", "township", "citizen", "sensor", "enterprise"] = "institution"
    received_by: Id | None = None
    """The unit that received the report: its clock (接到报告) starts at `received_at`."""
    hazard_kinds: tuple[Id, ...] = Field(min_length=1, max_length=16)
    place: Place
    setting: Literal["none", "school", "kindergarten", "major_event", "collective_unit"] = "none"
    occurred_at: Utc
    known_at: Utc | None = None
    """When the reporter itself knew (发现/获知); the other statutory clock start."""
    received_at: Utc | None = None
    as_of: Utc | None = None
    """The instant the figures describe; the report's own time where absent."""
    figures: dict[str, FactValue] = Field(default={}, max_length=64)
    verification: Verification = "unverified"
    onsets: tuple["CaseOnset", ...] = Field(default=(), max_length=2000)
    """Line list, where one exists: replaces supplied aggregates such as cases_7d_city."""
    needs: tuple[NeedKind, ...] = ()
    zero_report: bool = False
    suspicion: bool = False
    """Below any threshold (IN-10): kept as a signal, opens no incident."""
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        key = f"{self.source}|{self.external_id}"
        return (("external_ref", key), ("upward_waiting", key))

    def incident_ref(self) -> str | None:
        return f"{self.source}|{self.external_id}"


class CaseOnset(Model):
    """One case of a line list: counts by district and date, never a person (NS-13)."""

    case: Id
    district: DistrictCode
    onset: Utc
    status: Literal["suspected", "confirmed", "excluded"] = "confirmed"


class UpwardReportNoticed(InputEvent):
    """A notice that a unit reported upward outside Liandong: meets its obligations, and starts its recipients'.

    Whether the peer was told before is checked (OB-30, NS-3): by the notices that Liandong queued before, or by
    `peer_notified_at`. A report made through Liandong is the directive `report_upward`, which tells the peer itself.
    """

    TYPE: ClassVar[str] = "report.upward_noticed.v1"
    TOPIC: ClassVar[str] = INCIDENT_REPORTS

    source: Id
    external_id: Id | None = None
    incident: Id | None = None
    from_unit: Id
    to_units: tuple[Id, ...] = Field(min_length=1)
    department: Department | None = None
    """Needed only where the register does not know the sender."""
    reported_at: Utc
    received_at: Utc | None = None
    """When the recipients had it: their own clocks start then; when it was reported, where absent."""
    content: ReportContent | None = None
    """Absent: judged from the incident and the sender's department."""
    peer_notified_at: Utc | None = None
    """When the peer's liaison officer and duty room were both told outside Liandong."""
    channel: Channel = "phone"
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        key = self.incident or f"{self.source}|{self.external_id}"
        return (("incident", key), ("external_ref", key), ("upward_waiting", key))

    def incident_ref(self) -> str | None:
        return self.incident or f"{self.source}|{self.external_id}"

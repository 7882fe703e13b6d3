"""incident.events: the life of an incident as Liandong understands it."""

from typing import ClassVar, Literal

from pydantic import Field

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
    opened_at: Utc


class ReportAttached(OutputEvent):
    """A report now belongs to this incident. Figures stay per source; `provisional` attachments can be split off.

    `hazard_kinds` are ids of the policy (a taxonomy code such as 13A02 has become `cholera`) and what the policy does
    not know; `figures` are those that the policy can read. What it cannot is told by ReportFlagged.
    """

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
    needs: tuple[NeedKind, ...] = ()
    zero_report: bool = False
    text: Text = ""
    counted: tuple["CountKept", ...] = ()
    """Counts that the trend rules in force look at."""
    late: bool = False
    """A supplement to an incident that is closed; it stays closed unless IncidentReopened follows."""


class CountKept(Model):
    """A count as of the report's instant; counts of instants before `since` are no longer needed by the trend rule."""

    fact: Id
    count: int
    since: Utc


class FactsChanged(OutputEvent):
    """The figures that count now, with their verification, after a report, a correction or a verification.

    `figures` are all of them, those derived from line lists and districts included; `settled` are the casualty
    figures that count for families whose term for changes has passed (OB-07), and only those.
    """

    TYPE: ClassVar[str] = "incident.facts_changed.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    figures: dict[str, FactValue]
    verification: dict[str, Verification]
    as_of: Utc
    settled: dict[str, FactValue] = {}


class FamilyGrade(Model):
    """One family's result: severity or None, every rule hit at that severity."""

    family: str
    severity: Severity | None
    hits: tuple[RuleHit, ...] = ()
    in_composite: bool = True
    """False for a relief response level that is kept beside the grade and does not count in it (NDRn)."""


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


class IncidentReopened(OutputEvent):
    """A report reached a closed incident and the policy opens it again."""

    TYPE: ClassVar[str] = "incident.reopened.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    rule: Id
    reason: Text = ""


class KindsChanged(OutputEvent):
    """Reports state further hazard kinds or districts: other families apply, the incident may be compound."""

    TYPE: ClassVar[str] = "incident.kinds_changed.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    hazard_kinds: tuple[Id, ...]
    districts: tuple[DistrictCode, ...]


class SuspicionKept(OutputEvent):
    """A suspicion below any threshold (IN-10): kept as a clue, opens no incident."""

    TYPE: ClassVar[str] = "report.suspicion_kept.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    source: Id
    external_id: Id
    channel: Channel
    hazard_kinds: tuple[Id, ...]
    place: Place
    occurred_at: Utc
    reporter_unit: Id
    received_at: Utc | None
    figures: dict[str, FactValue] = {}
    text: Text = ""

    def subject(self) -> str:
        return f"{self.source}|{self.external_id}"


class ReportFlagged(OutputEvent):
    """Part of a report means nothing to the policy in force; the report itself counts."""

    TYPE: ClassVar[str] = "report.flagged.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    source: Id
    external_id: Id
    reason: Literal[
        "unknown_hazard_kind", "unknown_fact", "wrong_fact_type", "judgement_without_expert", "future_as_of"
    ]
    names: tuple[str, ...]
    stated: dict[str, FactValue] = {}


class Contradiction(Model):
    """One figure that a report states otherwise."""

    fact: str
    stated: FactValue
    counts: FactValue
    """The value that counts, after this report."""
    reason: Literal["same_instant", "verified_otherwise", "verified_twice"]


class ReportConflicting(OutputEvent):
    """A report contradicts what was said before: both are kept, the rule for figures decides, people are told."""

    TYPE: ClassVar[str] = "report.conflicting.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    source: Id
    external_id: Id
    contradictions: tuple[Contradiction, ...] = Field(min_length=1)


class CasualtiesSettled(OutputEvent):
    """The term in which casualty changes can change the grade has passed (Decree 493 Art. 13; OB-07).

    Figures as of a later day no longer change the grade of `families`; they are still recorded. Reports that arrive
    late but are as of a day inside the term do.
    """

    TYPE: ClassVar[str] = "incident.casualties_settled.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    rule: Id
    families: tuple[Id, ...]
    facts: tuple[Id, ...]
    until: Utc
    """The last instant whose figures count."""


class ReportingThresholdMet(OutputEvent):
    """The incident must be reported, graded or not (domain.md 2.2 note 9): these rules of the table now hold."""

    TYPE: ClassVar[str] = "incident.reporting_threshold_met.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    hits: tuple[RuleHit, ...]
    policy_version: str


class TrendAssessed(OutputEvent):
    """The computed trend of a count: it only ever proposes (E10); whether an outbreak spreads is for experts."""

    TYPE: ClassVar[str] = "incident.trend_assessed.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    rule: Id
    fact: Id
    trend: Literal["stable", "worsening"]
    count: int
    count_as_of: Utc
    base: int | None
    """The oldest count of the rule's period; None where the count is the first."""
    base_as_of: Utc | None


class UrbanOccurrenceNoted(OutputEvent):
    """The kind occurred in the city's urban area: the last-occurrence fact of "first in the urban area" (CH-3c)."""

    TYPE: ClassVar[str] = "incident.urban_occurrence_noted.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    hazard_kind: Id
    district: DistrictCode
    occurred_at: Utc

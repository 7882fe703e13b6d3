"""incident.events: what named persons decided about an incident: what is true, and what belongs together."""

from typing import ClassVar

from schemas.base import Id, OutputEvent, Text, Utc
from schemas.inputs.reports import FactValue
from schemas.topics import INCIDENT_EVENTS


class FactsVerified(OutputEvent):
    """An authority verified figures (VE-*): they count before anything of equal or older as-of time."""

    TYPE: ClassVar[str] = "incident.facts_verified.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    figures: dict[str, FactValue]
    as_of: Utc
    directive: Id
    issuer: Id
    reason: Text = ""


class FactsRefuted(OutputEvent):
    """An authority refuted values: no source's statement of this value, as of then or before, counts any more."""

    TYPE: ClassVar[str] = "incident.facts_refuted.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    figures: dict[str, FactValue]
    as_of: Utc
    directive: Id
    issuer: Id
    reason: Text = ""


class ReportRefuted(OutputEvent):
    """All that one source said until `as_of` is refuted; what it says later counts again."""

    TYPE: ClassVar[str] = "report.refuted.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    source: Id
    external_id: Id
    as_of: Utc
    directive: Id
    issuer: Id
    reason: Text = ""


class IncidentRefuted(OutputEvent):
    """Nothing of what was reported is true (a hoax, VE-2): no figure counts. What runs is ended by directive."""

    TYPE: ClassVar[str] = "incident.refuted.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    as_of: Utc
    directive: Id
    issuer: Id
    reason: Text = ""


class FlagsStated(OutputEvent):
    """An expert's judgements with author and time: the only way in which `spreading` and the like count (EX-5)."""

    TYPE: ClassVar[str] = "incident.flags_stated.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    opinion: Id
    flags: dict[str, FactValue]
    as_of: Utc
    directive: Id
    issuer: Id
    office: Id


class IncidentsMerged(OutputEvent):
    """`other` is part of `incident` from now on: its reports, external ids and figures count here (SC-2).

    Reversible: every source remembers where it came from. Concerns move what they hold of `other` in reaction.
    """

    TYPE: ClassVar[str] = "incident.merged.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    other: str
    sources: tuple[str, ...]
    """`source|external_id` of every report that moves."""
    directive: Id
    issuer: Id
    reason: Text


class IncidentSplit(OutputEvent):
    """`other` stands for itself again (a merged incident), or for the first time (a report that was attached).

    Where `opened` is true, `other` is a new incident; IncidentOpened has come before this event.
    """

    TYPE: ClassVar[str] = "incident.split.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    other: str
    sources: tuple[str, ...]
    opened: bool
    directive: Id
    issuer: Id
    reason: Text


class IncidentsLinked(OutputEvent):
    """Two incidents have to do with each other and stay two."""

    TYPE: ClassVar[str] = "incident.linked.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    other: str
    directive: Id
    issuer: Id
    reason: Text


class InitialReplaced(OutputEvent):
    """A human re-assessment replaced an initial determination: its family no longer counts (domain.md 2.4)."""

    TYPE: ClassVar[str] = "incident.initial_replaced.v1"
    TOPIC: ClassVar[str] = INCIDENT_EVENTS

    incident: str
    family: Id
    directive: Id
    issuer: Id
    reason: Text

"""obligations: who learned of an incident when, who told whom, and what the law makes of it (OB-01 to OB-40, IN-4)."""

from typing import ClassVar, Literal

from schemas.base import OutputEvent, Severity, Text, Utc
from schemas.inputs.reports import Channel, ReportContent, UpwardReportNoticed
from schemas.topics import OBLIGATIONS

ClockStart = Literal["known", "received", "event"]
"""Own knowledge 发现/获知; receipt of a report 接到报告; the instant at which the rule began to hold."""


class ReportTraced(OutputEvent):
    """One hop of reporting: who knew, since when, and whom it told (IN-4). Meets obligations, starts the next hop's."""

    TYPE: ClassVar[str] = "report.traced.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    from_unit: str
    known_at: Utc | None = None
    """When the sender itself knew; None where it does not say."""
    known_stated: bool = False
    from_kind: str = ""
    """What the sender said it is, for senders that the register does not know."""
    to_units: tuple[str, ...] = ()
    """Empty: the unit came to know, nobody is told yet."""
    reported_at: Utc
    noted_at: Utc
    """When it was recorded here."""
    received_at: Utc | None = None
    """None: nobody has recorded the receipt; units outside the city have not learned then."""
    made: Literal["report", "directive", "outside", "receipt", "act"]
    """By a report that Liandong got, from inside by directive, outside Liandong; or only a receipt, or an act that
    shows that the unit knows."""
    channel: Channel = "phone"
    content: ReportContent = "other"
    zero_report: bool = False
    figures: dict[str, int | float] = {}
    """Casualty figures that counted when it was made: what changes later must be supplemented (OB-07)."""
    latency_s: int | None = None
    """Seconds from the sender's own clock start to this report."""
    via: str = ""
    """`source|external_id` of the report, where there is one."""
    skipped: tuple[str, ...] = ()
    """Recipients that were bypassed by reporting to somebody above them (越级上报; AU-3)."""

    def subject(self) -> str:
        return self.from_unit


class UpwardWaiting(OutputEvent):
    """A report upward was noticed before any report of its incident arrived: it waits, it is not lost."""

    TYPE: ClassVar[str] = "report.upward_waiting.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    ref: str
    """`source|external_id`."""
    notice: UpwardReportNoticed

    def subject(self) -> str:
        return self.ref


class UpwardFound(OutputEvent):
    """The incident of waiting notices is known now: they count."""

    TYPE: ClassVar[str] = "report.upward_found.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    ref: str
    notices: int

    def subject(self) -> str:
        return self.ref


class BasisNoted(OutputEvent):
    """Since when grades and the reporting threshold hold: what duties that depend on them are counted from."""

    TYPE: ClassVar[str] = "report.basis_noted.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    holds: tuple[str, ...]
    """`family:severity`, `composite:severity`, `threshold`: this or worse, for the first time."""
    at: Utc


class ObligationEvent(OutputEvent):
    """Root of what happens to one obligation."""

    obligation: str
    rule: str
    debtor: str

    def subject(self) -> str:
        return self.obligation


class ObligationOpened(ObligationEvent):
    """From `clock_start` until `due` the debtor owes the recipients a report or notice, by this law."""

    TYPE: ClassVar[str] = "obligation.opened.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    at: Utc
    """When it became visible here."""
    label: str = ""
    """Which duty of the rule, where it has several."""
    recipients: tuple[str, ...]
    """Units; or kind/tier/district where the register has none, and any unit that fits counts."""
    clock: ClockStart
    clock_start: Utc
    due: Utc
    term_s: int
    """Seconds that the law allows: what is left to the debtor again when a link is restored."""
    source: Text
    """Where the duty stands."""
    grade: Severity | None = None
    """Grade of the rule's family, or the composite, at this moment."""
    met_by: tuple[str, ...] = ()
    """Contents of a report that meets it; empty: any."""
    may_skip: bool = False
    told: dict[str, Utc] = {}
    """Recipients who had been told before the duty became visible here."""
    series: str = ""
    """Day or number, where a rule is owed again and again."""


class RecipientTold(ObligationEvent):
    """One of several recipients knows; the others are still to be told."""

    TYPE: ClassVar[str] = "obligation.recipient_told.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    recipient: str
    at: Utc


class ObligationMet(ObligationEvent):
    """Everybody who had to be told has been told."""

    TYPE: ClassVar[str] = "obligation.met.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    at: Utc
    due: Utc
    late: bool
    told: dict[str, Utc]
    by: str = ""
    """What met it: report, directive, outside, notice."""


class ObligationBreached(ObligationEvent):
    """The due time passed and somebody had not been told. Once per obligation; it is still owed."""

    TYPE: ClassVar[str] = "obligation.breached.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    due: Utc
    at: Utc
    missing: tuple[str, ...]
    """Recipients not told."""
    source: Text


class ObligationExcused(ObligationEvent):
    """The debtor's link was down: the clock does not run. `until` is None while the outage lasts."""

    TYPE: ClassVar[str] = "obligation.excused.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    reason: Literal["link_down"]
    since: Utc
    until: Utc | None = None


class ObligationResumed(ObligationEvent):
    """The link is back: the whole term is left to the debtor from here on."""

    TYPE: ClassVar[str] = "obligation.resumed.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    at: Utc
    due: Utc


class ObligationWithdrawn(ObligationEvent):
    """Not owed any more: its basis was refuted, or a daily series has ended."""

    TYPE: ClassVar[str] = "obligation.withdrawn.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    reason: Literal["incident_refuted", "series_ended", "transferred"]
    at: Utc


class ObligationMoved(ObligationEvent):
    """It now belongs to another incident: they were merged, or split again. Nothing else about it changes."""

    TYPE: ClassVar[str] = "obligation.moved.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    from_incident: str


class KnowledgeJoined(OutputEvent):
    """Who knows, and who told whom, of a merged incident counts here too; or a split-off incident takes it along."""

    TYPE: ClassVar[str] = "report.knowledge_joined.v1"
    TOPIC: ClassVar[str] = OBLIGATIONS

    from_incident: str
    sources: tuple[str, ...] = ()
    """Only what was learned by these reports; empty: all of it."""
    merged: bool

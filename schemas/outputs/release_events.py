"""information.releases: the gate before the public, and rumours (PR-1 to PR-10)."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, Model, OutputEvent, Text, Utc
from schemas.inputs.reports import FactValue
from schemas.topics import INFORMATION_RELEASES

ReleaseKind = Literal["release", "press_conference", "risk_advisory"]


class Unfit(Model):
    """One figure that must not be published."""

    figure: str
    stated: FactValue
    counts: FactValue | None
    """What counts now; None where nothing does."""
    reason: Literal["unverified", "refuted", "differs", "unknown"]


class ReleaseEvent(OutputEvent):
    """Root of what happens to one release."""

    release: str
    kind: ReleaseKind
    by_unit: str
    text_hash: str

    def subject(self) -> str:
        return self.release


class ReleaseBlocked(ReleaseEvent):
    """Not to be published: the attempt is on record (S1 Art. 13; PR-1, VE-1)."""

    TYPE: ClassVar[str] = "release.blocked.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    code: Literal["UNVERIFIED_FIGURES", "INCIDENT_UNKNOWN", "NOT_A_CDC", "NOT_AUTHORISED"]
    unfit: tuple[Unfit, ...] = ()
    source: Text
    at: Utc


class ReleaseVerified(ReleaseEvent):
    """Every figure in it is verified; the news centre may approve its wording (PR-2, PR-3)."""

    TYPE: ClassVar[str] = "release.verified.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    information_class: Id
    figures: dict[str, FactValue]
    channels: tuple[Id, ...]
    at: Utc


class ReleaseApproved(ReleaseEvent):
    """The news centre approved the wording."""

    TYPE: ClassVar[str] = "release.approved.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    issuer: Id
    office: Id
    directive: Id
    at: Utc


class ReleasePublished(ReleaseEvent):
    """Publish this wording on this channel: the same release id and digest on every one of them (PR-3)."""

    TYPE: ClassVar[str] = "release.published.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    channel: Id
    at: Utc


class PublicationDiffers(OutputEvent):
    """Something was published that was not approved, or not in this wording."""

    TYPE: ClassVar[str] = "release.publication_differs.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    release: str
    channel: Id
    text_hash: str
    approved_hash: str | None
    """None: nothing of this id was approved."""
    by_unit: str | None
    at: Utc

    def subject(self) -> str:
        return self.release


class RumourEvent(OutputEvent):
    """Root of what happens to one rumour."""

    rumour: str

    def subject(self) -> str:
        return self.rumour


class RumourTaken(RumourEvent):
    """A rumour is on record; it must be answered until `due` (应对法 Art. 7; PR-10)."""

    TYPE: ClassVar[str] = "rumour.taken.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    district: DistrictCode | None
    channel: Id
    detected_at: Utc
    due: Utc | None
    text: Text = ""


class RumourAdvanced(RumourEvent):
    """Assessed, refuted or confirmed."""

    TYPE: ClassVar[str] = "rumour.advanced.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    step: Literal["assessed", "refuted", "confirmed"]
    by_unit: str
    release: str | None
    detected_at: Utc
    at: Utc
    late: bool


class RumourOverdue(RumourEvent):
    """Neither refuted nor confirmed in the term."""

    TYPE: ClassVar[str] = "rumour.overdue.v1"
    TOPIC: ClassVar[str] = INFORMATION_RELEASES

    due: Utc

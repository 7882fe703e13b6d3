"""duty.updates: drafts of public information, what was published, rumours (PR-*)."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import DistrictCode, Id, InputEvent, Text, Utc
from schemas.inputs.reports import FactValue
from schemas.topics import DUTY_UPDATES


class ReleaseDrafted(InputEvent):
    """A unit wants to publish something: gated by verification, then by the news centre (PR-1 to PR-3, PR-6)."""

    TYPE: ClassVar[str] = "release.drafted.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    release: Id
    incident: Id | None = None
    by_unit: Id
    kind: Literal["release", "press_conference", "risk_advisory"] = "release"
    """`risk_advisory`: a CDC's own 健康风险提示, without review of its wording (PR-6)."""
    information_class: Literal["general", "casualties", "outbreak"] = "general"
    """`outbreak`: reserved to those whom the law authorises (PR-9)."""
    authorised_by: Id | None = None
    """The authorisation to publish outbreak information, where there is one."""
    figures: dict[str, FactValue] = Field(default={}, max_length=64)
    """The figures that the text states."""
    text_hash: str = Field(min_length=1, max_length=128)
    """Digest of the exact wording."""
    channels: tuple[Id, ...] = Field(min_length=1)
    drafted_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        incident = (("incident", self.incident), ("external_ref", self.incident)) if self.incident else ()
        return (("release", self.release), *incident)


class PublicationObserved(InputEvent):
    """A text was seen on a channel: is it what was approved? (PR-3)."""

    TYPE: ClassVar[str] = "release.publication_observed.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    release: Id
    channel: Id
    text_hash: str
    by_unit: Id | None = None
    observed_at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("release", self.release),)


class RumourDetected(InputEvent):
    """Opinion monitoring found a rumour (PR-4, PR-5)."""

    TYPE: ClassVar[str] = "rumour.detected.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    rumour: Id
    incident: Id | None = None
    district: DistrictCode | None = None
    channel: Id
    detected_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        incident = (("incident", self.incident), ("external_ref", self.incident)) if self.incident else ()
        return (("rumour", self.rumour), *incident)


class RumourProgressed(InputEvent):
    """It was assessed, refuted or confirmed; `release` is the text that says so (PR-4, PR-10)."""

    TYPE: ClassVar[str] = "rumour.progressed.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    rumour: Id
    step: Literal["assessed", "refuted", "confirmed"]
    by_unit: Id
    release: Id | None = None
    observed_at: Utc
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("rumour", self.rumour),)

"""response.levels: proposals, and acts of government that start, change and end a response (RL-*)."""

from typing import ClassVar, Literal

from schemas.base import Id, OutputEvent, ResponseLevel, RuleHit, Text, Utc
from schemas.inputs.directives import Measures
from schemas.topics import RESPONSE_LEVELS


class ResponseProposed(OutputEvent):
    """The system recommends; `offices` may decide until `expires_at`, then the next authority is asked."""

    TYPE: ClassVar[str] = "response.proposed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    proposal: Id
    change: Literal["start", "raise", "lower", "end"]
    zone: str
    level: ResponseLevel
    hits: tuple[RuleHit, ...]
    offices: tuple[Id, ...]
    expires_at: Utc

    def subject(self) -> str:
        return self.proposal


class ResponseStarted(OutputEvent):
    """An authority started the response (RL-9: matter, level, expected term, measures)."""

    TYPE: ClassVar[str] = "response.started.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    response: Id
    zone: str
    level: ResponseLevel
    notice: Measures
    issuer: Id
    office: Id
    directive: Id
    legal_basis: Text

    def subject(self) -> str:
        return self.response


class ResponseChanged(OutputEvent):
    """An authority raised or lowered the level."""

    TYPE: ClassVar[str] = "response.changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    response: Id
    zone: str
    previous: ResponseLevel
    level: ResponseLevel
    notice: Measures | None
    issuer: Id
    office: Id
    directive: Id
    legal_basis: Text
    expert_opinion: Id | None = None

    def subject(self) -> str:
        return self.response


class ResponseEnded(OutputEvent):
    """An authority terminated the response."""

    TYPE: ClassVar[str] = "response.ended.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    response: Id
    zone: str
    level: ResponseLevel
    issuer: Id
    office: Id
    directive: Id
    legal_basis: Text
    expert_opinion: Id | None = None

    def subject(self) -> str:
        return self.response

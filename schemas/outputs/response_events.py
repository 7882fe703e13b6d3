"""response.levels: proposals, and acts of government that start, change and end a response (RL-*)."""

from typing import ClassVar, Literal

from schemas.base import Id, Model, OutputEvent, ResponseLevel, RuleHit, Severity, Text, Utc
from schemas.inputs.directives import Measures
from schemas.outputs.proposal_events import ProposalOpened
from schemas.topics import RESPONSE_LEVELS


class Assessment(Model):
    """The risk assessment that a decision rests on (VE-3): the computed grading assessment, and the trend."""

    composite: Severity | None
    rules: tuple[RuleHit, ...] = ()
    """Every rule hit of every graded family."""
    trend: Id | None = None
    figures_as_of: Utc | None = None
    policy_version: str


class ResponseProposed(ProposalOpened):
    """The system recommends a response; `offices` may decide until `expires_at`, then the next authority is asked."""

    TYPE: ClassVar[str] = "response.proposed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    change: Literal["start", "raise", "lower", "end"]
    zone: str
    level: ResponseLevel
    """The level that should run; for `end` the level that runs."""
    assessment: Assessment | None = None


class ResponseAct(OutputEvent):
    """What every act of government states: who, in which office, on what basis (GR-5), after which assessment."""

    response: Id
    zone: str
    level: ResponseLevel
    issuer: Id
    office: Id
    directive: Id
    legal_basis: Text
    authority_rule: Id = ""
    at: Utc
    """When the act was taken into effect."""
    proposal: Id | None = None
    """The proposal it answers, where there was one."""
    assessment: Assessment | None = None

    def subject(self) -> str:
        return self.response


class ResponseStarted(ResponseAct):
    """An authority started the response (RL-9: matter, level, expected term, measures)."""

    TYPE: ClassVar[str] = "response.started.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    notice: Measures
    hazard_kinds: tuple[Id, ...] = ()
    about: Id | None = None
    """The alert that triggered it, where there is no incident yet (RL-2)."""


class ResponseChanged(ResponseAct):
    """An authority raised or lowered the level. A raise by a superior may widen the zone from district to city."""

    TYPE: ClassVar[str] = "response.changed.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    previous: ResponseLevel
    previous_zone: str | None = None
    """Where the raise widened the zone: what it was."""
    notice: Measures | None
    expert_opinion: Id | None = None


class ResponseEnded(ResponseAct):
    """An authority terminated the response."""

    TYPE: ClassVar[str] = "response.ended.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    expert_opinion: Id | None = None
    hazard_removed: bool = False
    reason: Text = ""


class ResponseMoved(OutputEvent):
    """The response now belongs to another incident: the incidents were merged, or split again."""

    TYPE: ClassVar[str] = "response.moved.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    response: Id
    from_incident: Id

    def subject(self) -> str:
        return self.response


class ResponseMismatched(OutputEvent):
    """Level and grade differ (GR-4): a warning, never a correction."""

    TYPE: ClassVar[str] = "response.mismatched.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    response: Id
    level: ResponseLevel
    composite: Severity | None

    def subject(self) -> str:
        return self.response


class OpinionRecorded(OutputEvent):
    """An expert opinion is on record (EX-2, EX-5): what lowering and terminating a response must cite."""

    TYPE: ClassVar[str] = "expert.opinion_recorded.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    opinion: Id
    expert: Id
    office: Id
    directive: Id
    at: Utc
    text: Text

    def subject(self) -> str:
        return self.opinion


class TerminationClockSet(OutputEvent):
    """The last case's onset moved: before `earliest` a termination needs a certificate that the hazard is removed."""

    TYPE: ClassVar[str] = "response.termination_clock_set.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    last_onset: Utc
    line_listed: bool
    """Whether a line list says so; otherwise it is the instant of the figures in which cases last rose."""
    cases: int
    hazard_kind: Id
    """The incident's kind with the longest incubation period."""
    incubation_days: int
    earliest: Utc
    rule: Id


class ReviewOpened(OutputEvent):
    """An evaluation is due: of the joint mechanism after it ran (JA-3), or after action (DR-9)."""

    TYPE: ClassVar[str] = "review.opened.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    review: Id
    kind: Literal["joint_mechanism", "after_action"]
    about: Id
    """The task force or response that ended."""
    due: Utc
    dimensions: tuple[Id, ...]
    """What is to be judged, from the policy."""

    def subject(self) -> str:
        return self.review

"""What directives and proposals leave in the state."""

from typing import Any, ClassVar, Literal

from schemas.base import Model, ResponseLevel, RuleHit, Severity, Utc
from schemas.outputs.proposal_events import ProposalStatus
from streams.domain.state import Entity


class Directive(Entity):
    """An accepted directive: kept for ever, so that none is used twice; loaded only when its id comes again."""

    KIND: ClassVar[str] = "directive"

    issuer: str
    office: str
    action: str
    issued_at: Utc

    def resident(self) -> bool:
        """History."""
        return False


class Answer(Model):
    """What one seat said to a proposal."""

    office: str
    issuer: str
    answer: Literal["confirm", "reject"]
    directive: str
    reason: str = ""


class Proposal(Entity):
    """Something that waits for a named authority, or waited; fields as in ProposalOpened."""

    KIND: ClassVar[str] = "proposal"

    kind: str
    rule: str
    about: str | None = None
    zone: str | None = None
    level: ResponseLevel | None = None
    hits: tuple[RuleHit, ...] = ()
    offices: tuple[str, ...]
    needs: Literal["any", "all"] = "any"
    substitutes: tuple[str, ...] = ()
    late_answers: bool = True
    asked_before: tuple[str, ...] = ()
    """Offices whose term has passed."""
    decision_rule: str
    status: ProposalStatus = "open"
    opened_at: Utc
    expires_at: Utc | None
    """None: settled, or no further authority stands above."""
    severity: Severity | None = None
    payload: dict[str, Any] = {}
    answers: tuple[Answer, ...] = ()
    reason: str = ""

    def waiting(self) -> bool:
        """Whether somebody must still decide."""
        return self.status in {"open", "escalated"}

    def resident(self) -> bool:
        """Whoever decides must find it."""
        return self.waiting()

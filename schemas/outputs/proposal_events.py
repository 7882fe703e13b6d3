"""Proposals: what the system recommends and a named authority decides (design rule 5), on `response.levels`.

`ProposalOpened` is also the base of proposals that are published with their matter, such as ResponseProposed and
JointProposed: the same fields, the same meaning for the state, another type and topic.
"""

from typing import Any, ClassVar, Literal

from schemas.base import Id, OutputEvent, ResponseLevel, RuleHit, Severity, Text, Utc
from schemas.topics import RESPONSE_LEVELS

ProposalStatus = Literal["open", "escalated", "confirmed", "rejected", "superseded", "expired"]
"""open and escalated wait for somebody; the others are final."""


class ProposalOpened(OutputEvent):
    """Somebody must decide: these offices, until `expires_at`; after that the next authority is asked."""

    TYPE: ClassVar[str] = "proposal.opened.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    proposal: Id
    kind: Id
    """What is proposed: start_response, raise_response, lower_response, end_response, joint, merge, preemption ..."""
    rule: Id
    """The rule that proposes it: W2, E10, D3, RL-2, RL-10, RL-11 ..."""
    about: Id | None = None
    """The entity it is about where that is not the incident: an alert, a response, a commitment."""
    zone: str | None = None
    level: ResponseLevel | None = None
    hits: tuple[RuleHit, ...] = ()
    offices: tuple[Id, ...]
    needs: Literal["any", "all"] = "any"
    """Whether one of the offices suffices or each must confirm, by different persons (TF-1)."""
    substitutes: tuple[Id, ...] = ()
    """Offices that may take the seat of one missing office once another has confirmed (TF-1: one plus government)."""
    late_answers: bool = True
    """Whether these offices may still answer once the proposal has gone to the next authority."""
    decision_rule: Id
    """Id of the policy entry that names the offices and the term."""
    opened_at: Utc
    expires_at: Utc
    severity: Severity | None = None
    """Composite grade when it was opened: a rejected rule asks again only when the incident has got worse."""
    payload: dict[str, Any] = {}
    """What the concern that proposes needs in order to act on a confirmation."""

    def subject(self) -> str:
        return self.proposal


class ProposalAnswered(OutputEvent):
    """One seat confirmed or rejected; the proposal as a whole may still wait for others."""

    TYPE: ClassVar[str] = "proposal.answered.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    proposal: Id
    kind: Id
    rule: Id
    answer: Literal["confirm", "reject"]
    office: Id
    issuer: Id
    directive: Id
    reason: Text = ""

    def subject(self) -> str:
        return self.proposal


class ProposalDecided(OutputEvent):
    """A proposal is settled: by its authority, by an act that makes it pointless (superseded), or by its term."""

    TYPE: ClassVar[str] = "proposal.decided.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    proposal: Id
    kind: Id
    rule: Id
    status: Literal["confirmed", "rejected", "superseded", "expired"]
    decided_by: tuple[Id, ...] = ()
    """Persons; empty where no person decided."""
    directive: Id | None = None
    reason: Text = ""

    def subject(self) -> str:
        return self.proposal


class ProposalEscalated(OutputEvent):
    """Nobody answered in time: the next authority is asked. A proposal never silently lapses."""

    TYPE: ClassVar[str] = "proposal.escalated.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    proposal: Id
    kind: Id
    rule: Id
    asked: tuple[Id, ...]
    """Offices that did not answer."""
    offices: tuple[Id, ...]
    """Offices that are asked now; the same ones where no authority stands above them: it is overdue and stays open."""
    expires_at: Utc | None
    """None: there is no further authority to ask."""

    def subject(self) -> str:
        return self.proposal

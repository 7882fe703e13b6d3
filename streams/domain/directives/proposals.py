"""Proposals: opening them, answering them, and what happens when nobody does. The API for every concern.

A concern proposes by yielding what `proposed(...)` returns, and acts when `ProposalDecided` with status `confirmed`
comes for its kind of proposal. To publish its proposals under a type and topic of its own it subclasses
ProposalOpened and gives `evolve_opened` as that class's evolve.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeVar

from schemas.base import OutputEvent, ResponseLevel, RuleHit, Severity
from schemas.outputs.proposal_events import ProposalAnswered, ProposalDecided, ProposalEscalated, ProposalOpened
from streams.domain.context import Context, TimerFired
from streams.domain.core import Timer, counted, number, timer
from streams.domain.directives.days import law
from streams.domain.directives.entities import Answer, Proposal
from streams.domain.state import AreaState, Change, Drop, Put
from streams.policy.authority import Scope

P = TypeVar("P", bound=ProposalOpened)
TIMER = "proposal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a concern wants decided; fields as in ProposalOpened."""

    kind: str
    rule: str
    incident: str | None = None
    about: str | None = None
    zone: str | None = None
    level: ResponseLevel | None = None
    hits: tuple[RuleHit, ...] = ()
    severity: Severity | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    authority: tuple[str, ResponseLevel, Scope] | None = None
    """(action, level, kind of zone): whoever the matrix lets do that is asked, where the term names no office."""


def proposed(state: AreaState, context: Context, draft: Draft, event: type[P], **more: Any) -> P | None:
    """The event that opens a proposal; None where the policy names nobody who could decide it.

    Who is asked and until when stands in the policy (authority.yaml, terms). `event` is ProposalOpened or a subclass,
    `more` the fields that the subclass adds.
    """
    rules = law(state, context.policy.authority, context.now)
    term = rules.term(draft.kind, draft.rule)
    if term is None:
        return None
    offices = term.offices or (rules.deciders(*draft.authority) if draft.authority is not None else ())
    if not offices:
        return None
    return event(
        incident=draft.incident,
        proposal=f"{state.area}-P{number(state, 'proposal')}",
        kind=draft.kind,
        rule=draft.rule,
        about=draft.about,
        zone=draft.zone,
        level=draft.level,
        hits=draft.hits,
        offices=offices,
        needs=term.needs,
        substitutes=term.substitutes,
        late_answers=term.late_answers,
        decision_rule=term.id,
        opened_at=context.now,
        expires_at=context.now + timedelta(minutes=term.minutes),
        severity=draft.severity,
        payload=draft.payload,
        **more,
    )


def decided(
    proposal: Proposal,
    status: Literal["confirmed", "rejected", "superseded", "expired"],
    reason: str = "",
    *,
    decided_by: tuple[str, ...] = (),
    directive: str | None = None,
) -> ProposalDecided:
    """The event that settles a proposal."""
    return ProposalDecided(
        incident=proposal.incident,
        proposal=proposal.id,
        kind=proposal.kind,
        rule=proposal.rule,
        status=status,
        decided_by=decided_by,
        directive=directive,
        reason=reason,
    )


def waiting_for(state: AreaState, incident: str) -> tuple[Proposal, ...]:
    """Proposals about this incident that somebody must still decide, oldest first."""
    return tuple(proposal for proposal in state.of_incident(Proposal, incident) if proposal.waiting())


def pending(state: AreaState) -> tuple[Proposal, ...]:
    """Every decision of the area that waits for somebody, since `opened_at`, until `expires_at`: oldest first."""
    waiting = (proposal for proposal in state.of(Proposal).values() if proposal.waiting())
    return tuple(sorted(waiting, key=lambda proposal: (proposal.opened_at, proposal.id)))


def decide_expiry(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Ask the next authority; where none stands above, say so and leave the proposal open (RL-10)."""
    proposal = state.get(Proposal, fired.ref)
    if proposal is None or not proposal.waiting():
        return
    rules = law(state, context.policy.authority, context.now)
    term = rules.term(proposal.kind, proposal.rule)
    if term is None or term.on_expiry == "expire":
        yield decided(proposal, "expired", "nobody decided in time")
        return
    above = rules.superiors(proposal.offices)
    yield ProposalEscalated(
        incident=proposal.incident,
        proposal=proposal.id,
        kind=proposal.kind,
        rule=proposal.rule,
        asked=proposal.offices,
        offices=above or proposal.offices,
        expires_at=context.now + timedelta(minutes=term.next_minutes) if above else None,
    )


def evolve_opened(state: AreaState, event: ProposalOpened) -> Iterator[Change]:
    """A proposal stands, numbered, with the timer of its term."""
    fields = {name: getattr(event, name) for name in _KEPT}
    yield Put(Proposal(id=event.proposal, incident=event.incident, **fields))
    yield Put(counted(state, "proposal"))
    yield Put(timer(TIMER, event.proposal, event.expires_at, event.incident))


_KEPT = (
    "kind", "rule", "about", "zone", "level", "hits", "offices", "needs", "substitutes", "late_answers",
    "decision_rule", "opened_at", "expires_at", "severity", "payload",
)  # fmt: skip
"""Fields that an open proposal has from the event that opened it."""


def evolve_answered(state: AreaState, event: ProposalAnswered) -> Iterator[Change]:
    """One seat has spoken."""
    proposal = state.of(Proposal)[event.proposal]
    answer = Answer(
        office=event.office, issuer=event.issuer, answer=event.answer, directive=event.directive, reason=event.reason
    )
    yield Put(proposal.model_copy(update={"answers": (*proposal.answers, answer)}))


def evolve_decided(state: AreaState, event: ProposalDecided) -> Iterator[Change]:
    """The proposal is settled; its timer goes."""
    proposal = state.of(Proposal)[event.proposal]
    yield Put(proposal.model_copy(update={"status": event.status, "expires_at": None, "reason": event.reason}))
    yield Drop(Timer, f"{TIMER}:{event.proposal}")


def evolve_escalated(state: AreaState, event: ProposalEscalated) -> Iterator[Change]:
    """Other offices are asked; each of them alone suffices, whatever the first ones needed."""
    proposal = state.of(Proposal)[event.proposal]
    raised = event.offices != event.asked
    update = {
        "status": "escalated",
        "offices": event.offices,
        "needs": "any" if raised else proposal.needs,
        "substitutes": () if raised else proposal.substitutes,
        "asked_before": (*proposal.asked_before, *event.asked) if raised else proposal.asked_before,
        "expires_at": event.expires_at,
    }
    yield Put(proposal.model_copy(update=update))
    if event.expires_at is not None:
        yield Put(timer(TIMER, event.proposal, event.expires_at, event.incident))

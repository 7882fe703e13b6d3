"""Proposals: opening them, answering them, and what happens when nobody does. The API for every concern.

A concern proposes by yielding `proposed(...)`, and acts when `ProposalDecided` with status `confirmed` comes for its
kind of proposal. To publish its proposals under a type and topic of its own it subclasses ProposalOpened and gives
`evolve_opened` as that class's evolve.
"""

from collections.abc import Iterator
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


def proposed(
    state: AreaState,
    context: Context,
    event: type[P] = ProposalOpened,  # type: ignore[assignment]
    *,
    kind: str,
    rule: str,
    incident: str | None = None,
    about: str | None = None,
    zone: str | None = None,
    level: ResponseLevel | None = None,
    hits: tuple[RuleHit, ...] = (),
    severity: Severity | None = None,
    authority: tuple[str, ResponseLevel, Scope] | None = None,
    **more: Any,
) -> P | None:
    """The event that opens a proposal; None where the policy names nobody who could decide it.

    Who is asked and until when stands in the policy (authority.yaml, terms). `authority` is (action, level, kind of
    zone) where whoever may do what is proposed is asked. `more` are further fields of `event`, such as payload.
    """
    rules = law(state, context.policy.authority, context.now)
    term = rules.term(kind, rule)
    if term is None:
        return None
    offices = term.offices or (rules.deciders(*authority) if authority is not None else ())
    if not offices:
        return None
    return event(
        incident=incident,
        proposal=f"{state.area}-P{number(state, 'proposal')}",
        kind=kind,
        rule=rule,
        about=about,
        zone=zone,
        level=level,
        hits=hits,
        offices=offices,
        needs=term.needs,
        substitutes=term.substitutes,
        late_answers=term.late_answers,
        decision_rule=term.id,
        opened_at=context.now,
        expires_at=context.now + timedelta(minutes=term.minutes),
        severity=severity,
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

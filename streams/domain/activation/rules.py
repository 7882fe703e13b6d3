"""E9, E10, W2, D3: which rules ask for the joint mechanism now, and what follows (domain.md 1.5)."""

from collections.abc import Iterator
from typing import Any

from schemas.base import OutputEvent, RuleHit
from schemas.outputs.taskforce_events import JointProposed
from streams.domain.activation.entities import TaskForce, active_task_force
from streams.domain.activation.facts import Picture
from streams.domain.activation.mechanism import hit
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, decided, proposed, waiting_for
from streams.domain.escalation.entities import AlertResponses, Response
from streams.domain.escalation.running import own_responses
from streams.domain.grading.entities import TrendState
from streams.domain.intake.plan import plan_of
from streams.domain.silence import keep_silence, silent
from streams.domain.state import AreaState
from streams.policy.activation import UNGRADED, ActivationRule, Conditional

KIND = "joint"


def consider(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """Ask every conditional rule; the automatic ones act in this very cascade, the others propose."""
    incident = state.get(Incident, incident_id)
    if incident is None or not incident.resident():
        return
    looked_at = _seen(state, incident, context)
    if silent(state, KIND, incident_id, looked_at):
        return
    picture = Picture(state, incident, context)
    conditionals = plan_of(state, context, incident).activation.conditional
    settled = _settled(state, incident, conditionals)
    heard = False
    for conditional in conditionals:
        rule = conditional.rule
        if rule.id in settled or not conditional.holds(picture):
            continue
        heard = True
        hits = (_hit(conditional, picture),)
        if rule.decision == "automatic":
            yield from hit(state, rule, hits, incident_id, context)
            yield from supersede(state, incident_id, rule.id, context)
        else:
            yield from _propose(state, incident, rule, hits, context)
        settled = _settled(state, incident, conditionals)
    if not heard:
        keep_silence(state, KIND, incident_id, looked_at)


def _seen(state: AreaState, incident: Incident, context: Context) -> tuple[Any, ...]:
    """Everything on which it depends whether a rule asks."""
    plan = plan_of(state, context, incident)
    return (
        plan,
        incident.composite,
        incident.families,
        incident.needs,
        incident.place,
        incident.districts,
        state.get(AlertResponses, state.area),
        state.revision(Response),
        state.revision(Response, incident.id),
        state.revision(TrendState, incident.id),
        state.revision(Proposal, incident.id),
        state.revision(TaskForce, incident.id),
        incident.figures.get("spreading"),
        plan.activation.truths.of(incident.figures),
    )


def supersede(state: AreaState, incident_id: str, rule: str, context: Context) -> Iterator[OutputEvent]:
    """A hit settles what the policy says it settles: an open E10 proposal closes when E9 comes."""
    incident = state.get(Incident, incident_id)
    if incident is None:
        return
    rules = law(state, context.policy.activation, incident.occurred_at).rules
    for proposal in waiting_for(state, incident_id):
        if proposal.kind == KIND and proposal.rule in rules and rule in rules[proposal.rule].superseded_by:
            yield decided(proposal, "superseded", f"{rule} has activated the joint mechanism")


def _hit(conditional: Conditional, picture: Picture) -> RuleHit:
    inputs = {name: picture[name] for name in conditional.looks_at}
    return RuleHit(rule=conditional.rule.id, inputs=inputs, mark=conditional.rule.mark)


def _settled(state: AreaState, incident: Incident, conditionals: tuple[Conditional, ...]) -> set[str]:
    """Rules that have had their say: they hit, they are being asked, or were refused and nothing got worse since."""
    running = active_task_force(state, incident.id)
    severity = incident.composite or UNGRADED
    if running is None:
        if _stood_down(state, incident, severity):
            return {conditional.rule.id for conditional in conditionals}
        settled: set[str] = set()
    else:
        hits = running.rules()
        settled = {*hits, *(item.rule.id for item in conditionals if not set(item.rule.superseded_by).isdisjoint(hits))}
    for proposal in state.of_incident(Proposal, incident.id):
        refused = proposal.status == "rejected" and severity >= (proposal.severity or UNGRADED)
        if proposal.kind == KIND and (refused or proposal.waiting()):
            settled.add(proposal.rule)
    return settled


def _stood_down(state: AreaState, incident: Incident, severity: int) -> bool:
    """Whether an authority, or the end of the response, has ended the mechanism and nothing got worse since.

    Rules are events, not states: they ask again when the grade rises, or when a response starts anew.
    """
    ended = [item for item in state.of_incident(TaskForce, incident.id) if not item.active()]
    if not ended:
        return False
    last = max(ended, key=lambda item: (item.stood_down_at or item.activated_at, item.id))
    worse = severity < (last.severity_at_end or UNGRADED)
    since = last.stood_down_at or last.activated_at
    anew = any(response.started_at > since for response in own_responses(state, incident.id))
    return not (worse or anew)


def _propose(
    state: AreaState, incident: Incident, rule: ActivationRule, hits: tuple[RuleHit, ...], context: Context
) -> Iterator[OutputEvent]:
    draft = Draft(kind=KIND, rule=rule.id, incident=incident.id, hits=hits, severity=incident.composite)
    opened = proposed(state, context, draft, JointProposed)
    if opened is not None:
        yield opened

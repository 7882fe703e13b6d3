"""What other events mean for the joint mechanism."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs import incident_events as inc
from schemas.outputs.incident_judgements import IncidentRefuted, IncidentsMerged, IncidentSplit
from schemas.outputs.response_events import ResponseEnded, ResponseMoved, ResponseStarted
from schemas.outputs.taskforce_events import TaskForceMoved
from streams.domain.activation.entities import active_task_force
from streams.domain.activation.mechanism import hit, recompose, stand_down
from streams.domain.activation.rules import KIND, consider
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.directives.proposals import decided, waiting_for
from streams.domain.escalation.running import responses_to
from streams.domain.state import AreaState

Seen = inc.FactsChanged | inc.NeedStated | ResponseStarted | ResponseMoved


def on_graded(
    state: AreaState, event: inc.IncidentGraded | inc.KindsChanged, context: Context
) -> Iterator[OutputEvent]:
    """Rules may hold now; the lead may have changed (TF-3)."""
    yield from consider(state, event.incident, context)
    task_force = active_task_force(state, event.incident)
    if task_force is not None:
        yield from recompose(state, task_force.id, context)


def on_seen(state: AreaState, event: Seen, context: Context) -> Iterator[OutputEvent]:
    """E9 waits for the response as much as for the grade; W2 for somebody hurt or in need."""
    if event.incident is not None:
        yield from consider(state, event.incident, context)


def on_trend(state: AreaState, event: inc.TrendAssessed, context: Context) -> Iterator[OutputEvent]:
    """E10: the computed trend only proposes."""
    yield from consider(state, event.incident, context)


def on_ended(state: AreaState, event: ResponseEnded, context: Context) -> Iterator[OutputEvent]:
    """SC-8: with the last response to the incident its joint mechanism ends."""
    incident = state.get(Incident, event.incident)
    task_force = active_task_force(state, event.incident) if incident is not None else None
    if incident is None or task_force is None or next(responses_to(state, incident), None) is not None:
        return
    rule = law(state, context.policy.activation, incident.occurred_at).stand_down.get("last_response_ended")
    if rule is not None:
        yield from stand_down(state, task_force, "the response has ended", context, rule=rule.id)


def on_closed(state: AreaState, event: inc.IncidentClosed, context: Context) -> Iterator[OutputEvent]:
    """SC-7: closing ends the mechanism, with the recorded reason."""
    incident = state.get(Incident, event.incident)
    task_force = active_task_force(state, event.incident)
    if incident is None or task_force is None:
        return
    rule = law(state, context.policy.activation, incident.occurred_at).stand_down.get("incident_closed")
    if rule is not None:
        yield from stand_down(state, task_force, event.reason or "the incident is closed", context, rule=rule.id)


def on_refuted(state: AreaState, event: IncidentRefuted, context: Context) -> Iterator[OutputEvent]:
    """Nothing of what was reported is true: nobody needs to decide about a joint mechanism for it."""
    for proposal in waiting_for(state, event.incident):
        if proposal.kind == KIND:
            yield decided(proposal, "superseded", "the incident is refuted", directive=event.directive)


def on_merged(state: AreaState, event: IncidentsMerged, context: Context) -> Iterator[OutputEvent]:
    """JA-2: of two mechanisms one remains, with the rule hits of both; a single one goes on for the whole."""
    for proposal in waiting_for(state, event.other):
        if proposal.kind == KIND:
            yield decided(proposal, "superseded", f"merged into {event.incident}")
    other = active_task_force(state, event.other)
    if other is not None and active_task_force(state, event.incident) is None:
        yield TaskForceMoved(incident=event.incident, task_force=other.id, from_incident=event.other)
    elif other is not None:
        yield from stand_down(state, other, f"merged into {event.incident}", context, directive=event.directive)
        rules = law(state, context.policy.activation, other.activated_at).rules
        for one in other.hits:
            if one.rule in rules:
                yield from hit(state, rules[one.rule], one.hits, event.incident, context, decided_by=one.decided_by)
    yield from _settled(state, event.incident, context)


def on_split(state: AreaState, event: IncidentSplit, context: Context) -> Iterator[OutputEvent]:
    """The mechanism stays with the incident that it serves; the other one is considered for itself."""
    yield from _settled(state, event.incident, context)
    yield from _settled(state, event.other, context)


def _settled(state: AreaState, incident: str, context: Context) -> Iterator[OutputEvent]:
    yield from consider(state, incident, context)
    task_force = active_task_force(state, incident)
    if task_force is not None:
        yield from recompose(state, task_force.id, context)

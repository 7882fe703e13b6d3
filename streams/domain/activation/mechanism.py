"""The joint mechanism: one for an incident, however many rules ask for it (JA-2)."""

from collections.abc import Iterator
from typing import Any

from schemas.base import OutputEvent, RuleHit
from schemas.outputs import taskforce_events as out
from streams.domain.activation.composing import composition
from streams.domain.activation.entities import Hit, TaskForce, active_task_force
from streams.domain.context import Context
from streams.domain.core import Incident, counted, number
from streams.domain.escalation.reviews import review_of
from streams.domain.state import AreaState, Change, Put
from streams.policy.activation import ActivationRule

COMPOSED = ("template", "lead", "deputy", "lead_rule", "branches", "groups", "seats")


def hit(
    state: AreaState,
    rule: ActivationRule,
    hits: tuple[RuleHit, ...],
    incident: str | None,
    context: Context,
    *,
    decided_by: tuple[str, ...] = (),
    directive: str | None = None,
) -> Iterator[OutputEvent]:
    """JA-1, JA-2: from standing to joint command; where it runs already, one hit more and no second task force."""
    running = active_task_force(state, incident)
    said: dict[str, Any] = {
        "incident": incident,
        "rule": rule.id,
        "hits": hits,
        "decided_by": decided_by,
        "at": context.now,
        "directive": directive,
        "source": rule.source,
    }
    if running is None:
        task_force = f"{state.area}-TF{number(state, 'task_force')}"
        yield out.JointActivated(task_force=task_force, **said)
        yield from recompose(state, task_force, context)
    elif rule.id not in running.rules():
        yield out.JointRuleHit(task_force=running.id, **said)
        yield from recompose(state, running.id, context)


def recompose(
    state: AreaState, task_force_id: str, context: Context, directive: str | None = None
) -> Iterator[OutputEvent]:
    """Form the task force, or tell what changed in it: lead, branches, groups, members."""
    task_force = state.get(TaskForce, task_force_id)
    if task_force is None or not task_force.active():
        return
    incident = state.get(Incident, task_force.incident)
    wanted = composition(state, task_force, incident, context)
    if not task_force.template:
        yield out.TaskForceFormed(incident=task_force.incident, task_force=task_force.id, **wanted)
        return
    changed = tuple(name for name in COMPOSED if getattr(task_force, name) != wanted[name])
    if changed:
        yield out.TaskForceRecomposed(
            incident=task_force.incident, task_force=task_force.id, changed=changed, directive=directive, **wanted
        )


def stand_down(
    state: AreaState,
    task_force: TaskForce,
    reason: str,
    context: Context,
    *,
    decided_by: tuple[str, ...] = (),
    directive: str | None = None,
    rule: str = "",
) -> Iterator[OutputEvent]:
    """End the joint mechanism and open its evaluation (JA-3)."""
    incident = state.get(Incident, task_force.incident)
    yield out.JointStoodDown(
        incident=task_force.incident,
        task_force=task_force.id,
        reason=reason,
        decided_by=decided_by,
        at=context.now,
        directive=directive,
        rule=rule,
        severity=incident.composite if incident is not None else None,
    )
    review = review_of(state, "joint_mechanism", task_force.id, task_force.incident, context)
    if review is not None:
        yield review


def evolve_activated(state: AreaState, event: out.JointActivated) -> Iterator[Change]:
    """A task force exists; its composition comes with the next event."""
    first = Hit(rule=event.rule, hits=event.hits, decided_by=event.decided_by, at=event.at)
    yield Put(TaskForce(id=event.task_force, incident=event.incident, hits=(first,), activated_at=event.at))
    yield Put(counted(state, "task_force"))


def evolve_hit(state: AreaState, event: out.JointRuleHit) -> Iterator[Change]:
    """One more reason."""
    task_force = state.of(TaskForce)[event.task_force]
    more = Hit(rule=event.rule, hits=event.hits, decided_by=event.decided_by, at=event.at)
    yield Put(task_force.model_copy(update={"hits": (*task_force.hits, more)}))


def evolve_composed(state: AreaState, event: out.Composition) -> Iterator[Change]:
    """The task force as composed now."""
    task_force = state.of(TaskForce)[event.task_force]
    yield Put(task_force.model_copy(update={name: getattr(event, name) for name in COMPOSED}))


def evolve_named(state: AreaState, event: out.LeadNamed) -> Iterator[Change]:
    """The commander's word stays whatever the grades do."""
    task_force = state.of(TaskForce)[event.task_force]
    yield Put(task_force.model_copy(update={"named_lead": event.department}))


def evolve_moved(state: AreaState, event: out.TaskForceMoved) -> Iterator[Change]:
    """The task force serves another incident."""
    task_force = state.of(TaskForce)[event.task_force]
    yield Put(task_force.model_copy(update={"incident": event.incident}))


def evolve_stood_down(state: AreaState, event: out.JointStoodDown) -> Iterator[Change]:
    """The mechanism is a standing one again."""
    task_force = state.of(TaskForce)[event.task_force]
    update = {
        "status": "stood_down",
        "stood_down_at": event.at,
        "severity_at_end": event.severity,
        "reason": event.reason,
    }
    yield Put(task_force.model_copy(update=update))

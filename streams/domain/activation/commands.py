"""Directives about the joint mechanism: E11, stand-down, naming the lead; and confirmed proposals."""

from collections.abc import Iterator

from schemas.base import OutputEvent, RuleHit
from schemas.inputs import directives as cmd
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.proposal_events import ProposalDecided
from schemas.outputs.taskforce_events import LeadNamed
from streams.domain.activation.entities import TaskForce, active_task_force
from streams.domain.activation.mechanism import hit, recompose, stand_down
from streams.domain.activation.rules import KIND, supersede
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.state import AreaState


def on_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Carry out what the commander ordered."""
    match event.command:
        case cmd.ActivateJoint() as command:
            yield from _activate(state, event, command, context)
        case cmd.StandDown() as command:
            yield from _stand_down(state, event, command, context)
        case cmd.NameLead() as command:
            yield from _name_lead(state, event, command, context)
        case _:
            return


def on_decided(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """E10, W2, D3: confirmed by those whose decision it is."""
    if event.kind != KIND or event.status != "confirmed" or event.incident is None:
        return
    incident = state.get(Incident, event.incident)
    proposal = state.get(Proposal, event.proposal)
    if incident is None or proposal is None:
        return
    rule = law(state, context.policy.activation, incident.occurred_at).rules.get(event.rule)
    if rule is not None:
        yield from hit(
            state,
            rule,
            proposal.hits,
            event.incident,
            context,
            decided_by=event.decided_by,
            directive=event.directive,
        )
        yield from supersede(state, event.incident, rule.id, context)


def _activate(
    state: AreaState, event: DirectiveAccepted, command: cmd.ActivateJoint, context: Context
) -> Iterator[OutputEvent]:
    """E11: on the order of the commander-in-chief, at once, without any grade and without a response level (SC-7)."""
    incident = state.get(Incident, event.incident)
    rules = law(state, context.policy.activation, incident.occurred_at if incident is not None else event.issued_at)
    rule = rules.by_directive
    if rule is None:
        yield refused(
            context, Refusal("NO_SUCH_RULE", "the policy in force knows no activation by order"), event.incident
        )
        return
    running = active_task_force(state, event.incident)
    if running is not None and rule.id in running.rules():
        details = {"task_force": running.id}
        yield refused(
            context, Refusal("ALREADY_ACTIVE", f"{rule.id} has activated it already", details), event.incident
        )
        return
    inputs = {"office": event.office, "directive": event.directive, "reason": command.reason}
    hits = (RuleHit(rule=rule.id, inputs=inputs, mark=rule.mark),)
    yield from hit(state, rule, hits, event.incident, context, decided_by=(event.issuer,), directive=event.directive)


def _stand_down(
    state: AreaState, event: DirectiveAccepted, command: cmd.StandDown, context: Context
) -> Iterator[OutputEvent]:
    """SC-7: by directive, with the recorded reason."""
    task_force = _running(state, event, command.task_force)
    if task_force is None:
        yield refused(context, Refusal("NOT_ACTIVE", "no joint mechanism runs for it"), event.incident)
        return
    yield from stand_down(
        state, task_force, command.reason, context, decided_by=(event.issuer,), directive=event.directive
    )


def _name_lead(
    state: AreaState, event: DirectiveAccepted, command: cmd.NameLead, context: Context
) -> Iterator[OutputEvent]:
    """TF-3: of families of equal severity the commander may name the lead."""
    task_force = _running(state, event, None)
    if task_force is None:
        yield refused(context, Refusal("NOT_ACTIVE", "no joint mechanism runs for it"), event.incident)
        return
    yield LeadNamed(
        incident=event.incident,
        task_force=task_force.id,
        department=command.department,
        issuer=event.issuer,
        office=event.office,
        directive=event.directive,
    )
    yield from recompose(state, task_force.id, context, event.directive)


def _running(state: AreaState, event: DirectiveAccepted, task_force: str | None) -> TaskForce | None:
    if task_force is not None:
        known = state.get(TaskForce, task_force)
        return known if known is not None and known.active() else None
    return active_task_force(state, event.incident)

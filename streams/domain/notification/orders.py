"""Orders to units, step by step: acked, leader informed, departed, arrived, reported back (TF-10, TF-11, DU-7)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.duty import OrderProgressed
from schemas.outputs import notification_events as out
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.context import Context, TimerFired
from streams.domain.core import Person
from streams.domain.directives.days import law
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.notification.entities import Order
from streams.domain.notification.queueing import Letter, queue
from streams.domain.state import AreaState


def on_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Issue an order, and tell the unit."""
    command = event.command
    if not isinstance(command, cmd.Order):
        return
    incident = resolve_incident(state, command.incident)
    if command.incident is not None and incident is None:
        refusal = Refusal("UNKNOWN_INCIDENT", f"no incident {command.incident}", {"incident": command.incident})
        yield refused(context, refusal)
        return
    terms = law(state, context.policy.notification, context.now).order
    minutes = terms.minutes if terms is not None else {}
    scope = incident.id if incident is not None else None
    yield out.OrderIssued(
        incident=scope,
        order=event.directive,
        to_unit=command.to_unit,
        issuer=event.issuer,
        office=event.office,
        directive=event.directive,
        text=command.text,
        legal_basis=event.legal_basis,
        at=context.now,
        dues={step: context.now + timedelta(minutes=term) for step, term in minutes.items()},
    )
    issuer = state.get(Person, event.issuer)
    letter = Letter(
        notice=f"order:{event.directive}",
        to_unit=command.to_unit,
        from_unit=issuer.entry.unit if issuer is not None else event.office,
        purpose="order",
        rule=terms.id if terms is not None else "",
        incident=scope,
        about=event.directive,
        text=command.text,
    )
    yield from queue(state, context, letter)


def acknowledged(state: AreaState, order: str, by: str, at: datetime) -> Iterator[out.OrderAdvanced]:
    """The notice of an order was acknowledged: so is the order."""
    yield from _advance(state, order, "acked", by, at)


def decide_progress(state: AreaState, event: OrderProgressed, context: Context) -> Iterator[OutputEvent]:
    """Take a step; a later step does not need the earlier ones: what has happened always applies."""
    yield from _advance(state, event.order, event.step, event.by, min(event.observed_at, context.now))


def _advance(state: AreaState, id: str, step: out.OrderStep, by: str, at: datetime) -> Iterator[out.OrderAdvanced]:
    order = state.get(Order, id)
    if order is None or step in order.taken:
        return
    due = order.dues.get(step)
    yield out.OrderAdvanced(
        incident=order.incident,
        order=id,
        to_unit=order.to_unit,
        step=step,
        by=by,
        at=at,
        late=due is not None and at > due,
        took_s=max(0, int((at - order.at).total_seconds())),
    )


def decide_step_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[out.OrderStepMissed]:
    """Steps whose term has passed."""
    order = state.get(Order, fired.ref)
    if order is None:
        return
    for step in order.pending():
        if order.dues[step] <= fired.due:
            yield out.OrderStepMissed(
                incident=order.incident, order=order.id, to_unit=order.to_unit, step=step, due=order.dues[step]
            )

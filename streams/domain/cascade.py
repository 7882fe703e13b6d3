"""The cascade: everything that follows from one trigger in one area, decided at once.

CONCERNS is the table of contents of the whole domain: in the order an event meets them. Each new event is applied to
the state and then offered to every concern in that order, depth first: all that follows from an event has happened
before the decider that emitted it goes on. Deciders are therefore generators that read the state anew after each
`yield`; two of them can never both conclude that a task force is still missing.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from schemas.base import InputEvent, OutputEvent
from schemas.outputs.area_events import InputNoted
from schemas.outputs.deadlines import DeadlineFell
from streams.domain.contents import CONCERNS
from streams.domain.context import Concern, Context, Decide, Evolve, Happened, Received
from streams.domain.state import AreaState

MAX_EVENTS = 20_000
"""A cascade longer than this is a fault in the rules: it is quarantined, not left to spin."""


class CascadeError(Exception):
    """A trigger has no decider, an event no meaning, or the cascade does not end: a fault, never a refusal."""


def _inputs(concerns: tuple[Concern, ...]) -> dict[type[InputEvent], Decide]:
    table: dict[type[InputEvent], Decide] = {}
    for concern in concerns:
        for kind, decide in concern.inputs.items():
            if kind in table:
                raise CascadeError(f"two concerns decide on {kind.__name__}")
            table[kind] = decide
    return table


def _reactions(concerns: tuple[Concern, ...]) -> dict[type[OutputEvent], tuple[tuple[str, Decide], ...]]:
    table: dict[type[OutputEvent], tuple[tuple[str, Decide], ...]] = {}
    for concern in concerns:
        for kind, decide in concern.reactions.items():
            table[kind] = (*table.get(kind, ()), (concern.name, decide))
    return table


INPUT_DECIDERS = _inputs(CONCERNS)
TIMER_DECIDERS: dict[str, Decide] = {kind: decide for concern in CONCERNS for kind, decide in concern.timers.items()}
REACTIONS = _reactions(CONCERNS)
EVOLVERS: dict[type[OutputEvent], Evolve] = {k: evolve for concern in CONCERNS for k, evolve in concern.evolve.items()}


def evolve(state: AreaState, event: OutputEvent) -> None:
    """Fold one event into the state: the only way state changes, here and in replay."""
    meaning = EVOLVERS.get(type(event))
    if meaning is None:
        raise CascadeError(f"{event.TYPE} has no evolve")
    state.apply(meaning(state, event))


def _first(context: Context, state: AreaState) -> Iterable[OutputEvent]:
    trigger = context.trigger
    if isinstance(trigger, Happened):
        return (trigger.event,)
    if isinstance(trigger, Received):
        decide = INPUT_DECIDERS.get(type(trigger.event))
        if decide is None:
            raise CascadeError(f"no concern decides on {trigger.event.TYPE}")
        return decide(state, trigger.event, context)
    decide = TIMER_DECIDERS.get(trigger.kind)
    if decide is None:
        raise CascadeError(f"no concern decides on timer {trigger.kind}")
    fell = DeadlineFell(
        incident=trigger.incident,
        timer=trigger.timer,
        kind=trigger.kind,
        due=trigger.due,
        lateness_ms=trigger.lateness_ms,
    )
    return chain((fell,), _lazily(decide, state, context))


def _lazily(decide: Decide, state: AreaState, context: Context) -> Iterator[OutputEvent]:
    yield from decide(state, context.trigger, context)


def cascade(state: AreaState, context: Context) -> Iterator[OutputEvent]:
    """Decide one trigger to its end; yields every event in the order in which it was applied.

    The state has changed when an event is yielded. Exhaust the iterator: half a cascade is no decision.
    """
    stack = [iter(_first(context, state))]
    count = 0
    while stack:
        for event in stack[-1]:
            evolve(state, event)
            yield event
            count += 1
            if count > MAX_EVENTS:
                raise CascadeError(f"more than {MAX_EVENTS} events follow from one trigger")
            reactions = REACTIONS.get(type(event))
            if reactions is not None:
                stack += [iter(react(state, event, context)) for _, react in reversed(reactions)]
                break  # what follows from the event comes before what its decider says next
        else:
            stack.pop()
    if count == 0 and isinstance(context.trigger, Received):
        noted = InputNoted(type=context.trigger.event.TYPE)
        evolve(state, noted)
        yield noted

"""What other events mean for responses and command."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs import incident_events as inc
from schemas.outputs.response_events import ResponseChanged, ResponseEnded, ResponseStarted
from schemas.outputs.taskforce_events import JointActivated, JointStoodDown
from streams.domain.context import Context
from streams.domain.directives.proposals import decided, waiting_for
from streams.domain.escalation.clock import reclock
from streams.domain.escalation.commanding import recommand, relead
from streams.domain.escalation.entities import Response
from streams.domain.escalation.proposing import propose_fall, propose_rise
from streams.domain.escalation.reviews import review_of
from streams.domain.escalation.running import own_responses
from streams.domain.state import AreaState


def on_graded(state: AreaState, event: inc.IncidentGraded, context: Context) -> Iterator[OutputEvent]:
    """RL-10: another grade has another lead, proposes what it calls for, and perhaps another mode."""
    yield from relead(state, event.incident, context)
    yield from propose_rise(state, event.incident, context)
    if event.previous is not None and (event.composite is None or event.composite > event.previous):
        yield from propose_fall(state, event.incident, context)
    yield from recommand(state, event.incident, context)


def on_report(state: AreaState, event: inc.ReportAttached, context: Context) -> Iterator[OutputEvent]:
    """A line list may move the last onset; a setting may raise the level (RL-11)."""
    if event.onsets:
        yield from reclock(state, event.incident, context)
    if event.setting != "none":
        yield from propose_rise(state, event.incident, context)


def on_facts(state: AreaState, event: inc.FactsChanged, context: Context) -> Iterator[OutputEvent]:
    """Counted cases may move the termination clock, other figures the common superior."""
    yield from reclock(state, event.incident, context)
    yield from relead(state, event.incident, context)


def on_kinds(state: AreaState, event: inc.KindsChanged, context: Context) -> Iterator[OutputEvent]:
    """Further districts may have another lead and zone, further kinds another incubation period."""
    yield from relead(state, event.incident, context)
    yield from reclock(state, event.incident, context)
    yield from propose_rise(state, event.incident, context)


def on_closed(state: AreaState, event: inc.IncidentClosed, context: Context) -> Iterator[OutputEvent]:
    """Nobody needs to decide anything about an incident that is closed."""
    for proposal in waiting_for(state, event.incident):
        yield decided(proposal, "superseded", "the incident is closed")
    yield from recommand(state, event.incident, context)


def on_reopened(state: AreaState, event: inc.IncidentReopened, context: Context) -> Iterator[OutputEvent]:
    """The incident is open again, in its normal phase until an authority acts."""
    yield from recommand(state, event.incident, context)
    yield from propose_rise(state, event.incident, context)


def on_act(
    state: AreaState, event: ResponseStarted | ResponseChanged | ResponseEnded, context: Context
) -> Iterator[OutputEvent]:
    """Another phase, profile and mode; after the last response of an incident its review is due (DR-9)."""
    response = state.of(Response)[event.response]
    about = event.incident or response.about
    if event.incident is not None:
        yield from relead(state, event.incident, context)
    if about is not None:
        yield from recommand(state, about, context)
    if not isinstance(event, ResponseEnded):
        return
    if event.incident is None or not any(own_responses(state, event.incident)):
        review = review_of(state, "after_action", event.response, event.incident, context)
        if review is not None:
            yield review


def on_joint(state: AreaState, event: JointActivated | JointStoodDown, context: Context) -> Iterator[OutputEvent]:
    """Joint command begins or ends (RL-5)."""
    yield from recommand(state, event.incident or event.task_force, context)

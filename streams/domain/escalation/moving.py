"""What mergers and splits of incidents mean for their responses and proposals (SC-2)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs.incident_judgements import IncidentsMerged, IncidentSplit
from schemas.outputs.response_events import ResponseMoved
from streams.domain.context import Context
from streams.domain.directives.answers import RESPONSE_KINDS
from streams.domain.directives.proposals import decided, waiting_for
from streams.domain.escalation.clock import reclock
from streams.domain.escalation.commanding import recommand, relead
from streams.domain.escalation.entities import Response
from streams.domain.escalation.proposing import propose_rise
from streams.domain.escalation.running import own_responses
from streams.domain.state import AreaState


def on_merged(state: AreaState, event: IncidentsMerged, context: Context) -> Iterator[OutputEvent]:
    """Responses of the merged incident go on for the whole; its proposals about responses are asked anew."""
    for response in tuple(own_responses(state, event.other)):
        yield ResponseMoved(incident=event.incident, response=response.id, from_incident=event.other)
    for proposal in waiting_for(state, event.other):
        if proposal.kind in RESPONSE_KINDS:
            yield decided(proposal, "superseded", f"merged into {event.incident}")
    yield from _settled(state, event.incident, context)


def on_split(state: AreaState, event: IncidentSplit, context: Context) -> Iterator[OutputEvent]:
    """Responses go back to the incident they came with."""
    for response in tuple(own_responses(state, event.incident)):
        if response.came_from and response.came_from[-1] == event.other:
            yield ResponseMoved(incident=event.other, response=response.id, from_incident=event.incident)
    yield from _settled(state, event.incident, context)
    yield from _settled(state, event.other, context)


def _settled(state: AreaState, incident: str, context: Context) -> Iterator[OutputEvent]:
    yield from relead(state, incident, context)
    yield from reclock(state, incident, context)
    yield from propose_rise(state, incident, context)
    yield from recommand(state, incident, context)


def came_from(response: Response, to_incident: str) -> tuple[str, ...]:
    """The incidents a response belonged to before, once it belongs to another: going back forgets the last one."""
    if response.came_from and response.came_from[-1] == to_incident:
        return response.came_from[:-1]
    return (*response.came_from, response.incident) if response.incident is not None else response.came_from

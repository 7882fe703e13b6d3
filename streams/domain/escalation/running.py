"""Which responses run, where a new one belongs, and which one a command means."""

from collections.abc import Iterable, Iterator
from typing import Literal

from schemas.base import ResponseLevel
from schemas.inputs.directives import ChangeResponse, EndResponse
from streams.domain.core import District, Incident
from streams.domain.escalation.entities import AlertResponses, Response
from streams.domain.state import AreaState
from streams.policy.responses import ResponseLaw


def scope(state: AreaState, zone: str) -> Literal["district", "area"]:
    """Whether a zone is the whole city or one district of it."""
    return "area" if zone == state.area else "district"


def known_zone(state: AreaState, zone: str) -> bool:
    """Whether the zone is this city or one of its registered districts."""
    return zone == state.area or state.get(District, zone) is not None


def covers(state: AreaState, wide: str, narrow: str) -> bool:
    """Whether what holds in `wide` holds in `narrow`."""
    return wide in {narrow, state.area}


def districts_of(incident: Incident) -> tuple[str, ...]:
    """The districts that the incident touches; at least the one where it happened."""
    return incident.districts or (incident.place.district,)


def own_responses(state: AreaState, incident: str) -> Iterator[Response]:
    """Running responses to this incident, oldest first."""
    return (response for response in state.of_incident(Response, incident) if response.running())


def responses_to(state: AreaState, incident: Incident) -> Iterator[Response]:
    """Running responses that this incident is under: its own, and those that an alert of its hazard started (RL-2)."""
    yield from own_responses(state, incident.id)
    for response in alert_responses(state):
        here = response.zone == state.area or response.zone in districts_of(incident)
        if here and set(response.hazard_kinds) & set(incident.hazard_kinds):
            yield response


def alert_responses(state: AreaState) -> Iterator[Response]:
    """Running responses without an incident, oldest first."""
    running = state.get(AlertResponses, state.area)
    return (state.of(Response)[response] for response in (running.running if running is not None else ()))


def level_of(responses: Iterable[Response]) -> ResponseLevel | None:
    """The most severe level among responses; None where none runs."""
    return min((response.level for response in responses), default=None)


def worst_level(state: AreaState, incident: Incident) -> ResponseLevel | None:
    """The most severe level under which the incident is; mostly nothing runs at all, and that is seen at once."""
    if not state.count_of_incident(Response, incident.id) and not state.of(AlertResponses):
        return None
    return level_of(responses_to(state, incident))


def weakest(state: AreaState, incident: Incident) -> ResponseLevel | None:
    """The level under which every district of the incident is; None where one of them has no response (GR-3)."""
    running = tuple(responses_to(state, incident))
    levels = [
        level_of(response for response in running if covers(state, response.zone, district))
        for district in districts_of(incident)
    ]
    return None if None in levels else max(level for level in levels if level is not None)


def natural_zone(state: AreaState, incident: Incident | None, level: ResponseLevel, law: ResponseLaw) -> str:
    """Where a response of this level belongs: the district where a district leads and only one is touched."""
    led_by_district = any(entry.level == level and entry.lead == "district" for entry in law.levels.values())
    districts = districts_of(incident) if incident is not None else ()
    return districts[0] if led_by_district and len(districts) == 1 else state.area


def addressed(state: AreaState, incident: str | None, command: ChangeResponse | EndResponse) -> Response | None:
    """The running response that a command means: in its zone, or the incident's most severe and widest.

    A raise may name a zone in which only a narrower response runs: that one is widened.
    """
    running = list(own_responses(state, incident) if incident is not None else alert_responses(state))
    if command.zone is not None:
        exact = [response for response in running if response.zone == command.zone]
        if exact or not isinstance(command, ChangeResponse) or command.action != "raise_response":
            running = exact
        else:
            running = [response for response in running if covers(state, command.zone, response.zone)]
    return min(running, key=lambda item: (item.level, item.zone != state.area, item.started_at), default=None)

"""What this concern's events mean for the state."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs import command_events as com
from schemas.outputs import response_events as out
from streams.domain.core import counted
from streams.domain.escalation.entities import AlertResponses, Command, Opinion, Response, Review
from streams.domain.escalation.moving import came_from
from streams.domain.state import AreaState, Change, Put


def evolve_started(state: AreaState, event: out.ResponseStarted) -> Iterator[Change]:
    """A response runs, numbered."""
    yield Put(
        Response(
            id=event.response,
            incident=event.incident,
            zone=event.zone,
            level=event.level,
            notice=event.notice,
            hazard_kinds=event.hazard_kinds,
            about=event.about,
            issuer=event.issuer,
            office=event.office,
            directive=event.directive,
            legal_basis=event.legal_basis,
            started_at=event.at,
            risen_at=event.at,
            changed_at=event.at,
        )
    )
    yield Put(counted(state, "response"))
    if event.incident is None:
        known = state.get(AlertResponses, state.area)
        running = (*(known.running if known is not None else ()), event.response)
        yield Put(AlertResponses(id=state.area, running=running))


def evolve_changed(state: AreaState, event: out.ResponseChanged) -> Iterator[Change]:
    """Another level, perhaps a wider zone; a notice that is not given anew stays."""
    response = state.of(Response)[event.response]
    rises = event.level < event.previous
    update = {
        "zone": event.zone,
        "level": event.level,
        "notice": event.notice or response.notice,
        **_act(event),
        "risen_at": event.at if rises else response.risen_at,
        "changed_at": event.at,
        "lowered": not rises,
    }
    yield Put(response.model_copy(update=update))
    yield from _used(state, event.expert_opinion, event.directive)


def evolve_ended(state: AreaState, event: out.ResponseEnded) -> Iterator[Change]:
    """The response no longer runs."""
    response = state.of(Response)[event.response]
    update = {"status": "ended", **_act(event), "changed_at": event.at, "ended_at": event.at}
    yield Put(response.model_copy(update=update))
    known = state.get(AlertResponses, state.area)
    if event.incident is None and known is not None:
        yield Put(known.model_copy(update={"running": tuple(item for item in known.running if item != event.response)}))
    yield from _used(state, event.expert_opinion, event.directive)


def evolve_moved(state: AreaState, event: out.ResponseMoved) -> Iterator[Change]:
    """The response belongs to another incident."""
    response = state.of(Response)[event.response]
    came = came_from(response, event.incident or "")
    yield Put(response.model_copy(update={"incident": event.incident, "came_from": came}))


def evolve_phase(state: AreaState, event: com.PhaseChanged) -> Iterator[Change]:
    """The phase that holds."""
    yield Put(_command(state, event.about, event.incident).model_copy(update={"phase": event.phase}))


def evolve_mode(state: AreaState, event: com.ModeChanged) -> Iterator[Change]:
    """The command mode that holds."""
    yield Put(_command(state, event.about, event.incident).model_copy(update={"mode": event.mode}))


def evolve_profile(state: AreaState, event: com.ProfileChanged) -> Iterator[Change]:
    """The operating profile that holds."""
    yield Put(_command(state, event.about, event.incident).model_copy(update={"profile": event.profile}))


def evolve_lead(state: AreaState, event: com.LeadChanged) -> Iterator[Change]:
    """The tier that leads."""
    about = event.incident or ""
    yield Put(_command(state, about, event.incident).model_copy(update={"tier": event.tier}))


def evolve_clock(state: AreaState, event: out.TerminationClockSet) -> Iterator[Change]:
    """The last case's onset, as known now."""
    update = {"last_onset": event.last_onset, "cases": event.cases, "earliest_end": event.earliest}
    yield Put(_command(state, event.incident or "", event.incident).model_copy(update=update))


def evolve_review(state: AreaState, event: out.ReviewOpened) -> Iterator[Change]:
    """An evaluation is due."""
    yield Put(
        Review(
            id=event.review,
            incident=event.incident,
            kind=event.kind,
            about=event.about,
            due=event.due,
            dimensions=event.dimensions,
        )
    )


def evolve_told(state: AreaState, event: OutputEvent) -> Iterator[Change]:
    """For events that are told and change nothing."""
    yield from ()


def _act(event: out.ResponseAct) -> dict[str, object]:
    return {
        "issuer": event.issuer,
        "office": event.office,
        "directive": event.directive,
        "legal_basis": event.legal_basis,
    }


def _used(state: AreaState, opinion_id: str | None, directive: str) -> Iterator[Change]:
    opinion = state.get(Opinion, opinion_id)
    if opinion is not None and opinion.used_by is None:
        yield Put(opinion.model_copy(update={"used_by": directive}))


def _command(state: AreaState, about: str, incident: str | None) -> Command:
    return state.get(Command, about) or Command(id=about, incident=incident)

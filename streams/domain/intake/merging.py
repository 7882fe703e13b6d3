"""Merge, split and link (SC-2; design.md, intake): reversible, no external id lost, figures kept per source."""

from collections.abc import Iterable, Iterator

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.outputs import incident_judgements as judged
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.incident_events import IncidentOpened
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import decided, waiting_for
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.intake.counting import recounted
from streams.domain.intake.entities import Merged, Source
from streams.domain.intake.reports import new_id, occurrences
from streams.domain.state import AreaState


def decide_identity(
    state: AreaState, event: DirectiveAccepted, command: cmd.MergeIncidents, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    """Acts on a merge, split or link directive, or refuses it."""
    match command.action:
        case "split":
            yield from _split(state, event, command, incident, context)
        case "merge" | "link":
            other = resolve_incident(state, command.other)
            refusal = _not_two(incident, other, command)
            if refusal is not None or other is None:
                yield refused(context, refusal or Refusal("UNKNOWN_INCIDENT", command.other), incident.id)
            elif command.action == "link":
                yield judged.IncidentsLinked(
                    incident=incident.id,
                    other=other.id,
                    directive=event.directive,
                    issuer=event.issuer,
                    reason=command.reason,
                )
                yield from _superseded(state, incident.id, other.id, "linked")
            else:
                yield from _merge(state, incident, other, event.directive, event.issuer, command.reason, context)


def decide_proposal(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """A proposed merge was confirmed."""
    proposal = state.get(Proposal, event.proposal)
    if event.kind != "merge" or event.status != "confirmed" or proposal is None:
        return
    one, two = state.get(Incident, proposal.incident), state.get(Incident, proposal.about)
    if one is not None and two is not None and one.status == two.status == "open" and one.id != two.id:
        issuer = event.decided_by[0] if event.decided_by else proposal.decision_rule
        directive = event.directive or event.proposal
        yield from _merge(state, one, two, directive, issuer, event.reason or proposal.rule, context)


def _not_two(incident: Incident, other: Incident | None, command: cmd.MergeIncidents) -> Refusal | None:
    if other is None:
        return Refusal("UNKNOWN_INCIDENT", f"no incident {command.other} in this area", {"incident": command.other})
    if other.id == incident.id or (other.status == "merged" and other.incident == incident.id):
        return Refusal("SAME_INCIDENT", f"{command.other} is part of {incident.id}")
    for one in (incident, other):
        if one.status != "open":
            return Refusal("INCIDENT_NOT_OPEN", f"{one.id} is {one.status}", {"incident": one.id})
    return None


def _merge(
    state: AreaState, incident: Incident, other: Incident, directive: str, issuer: str, reason: str, context: Context
) -> Iterator[OutputEvent]:
    sources = tuple(source.id for source in state.of_incident(Source, other.id))
    yield judged.IncidentsMerged(
        incident=incident.id, other=other.id, sources=sources, directive=directive, issuer=issuer, reason=reason
    )
    yield from _superseded(state, incident.id, other.id, "merged")
    yield from _recounts(state, context, (incident.id,))


def _superseded(state: AreaState, one: str, two: str, reason: str) -> Iterator[OutputEvent]:
    """What a directive has settled need not be decided as a proposal any more."""
    for incident in (one, two):
        for proposal in waiting_for(state, incident):
            if proposal.kind == "merge" and {proposal.incident, proposal.about} == {one, two}:
                yield decided(proposal, "superseded", reason)


def _split(
    state: AreaState, event: DirectiveAccepted, command: cmd.MergeIncidents, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    sources = tuple(state.of_incident(Source, incident.id))
    chosen = tuple(s for s in sources if command.other == s.id or command.other in s.origins)
    if not chosen or len(chosen) == len(sources):
        code = "NOTHING_TO_SPLIT" if not chosen else "NOTHING_WOULD_REMAIN"
        yield refused(context, Refusal(code, f"{command.other} cannot be split off {incident.id}"), incident.id)
        return
    home = _home(state, command.other, chosen, sources)
    other = home or new_id(state, context.now)
    if home is None:
        yield _opened(chosen[0], other, context)
    yield judged.IncidentSplit(
        incident=incident.id,
        other=other,
        sources=tuple(source.id for source in chosen),
        opened=home is None,
        directive=event.directive,
        issuer=event.issuer,
        reason=command.reason,
    )
    yield from _recounts(state, context, (incident.id, other))


def _home(state: AreaState, ref: str, chosen: tuple[Source, ...], sources: tuple[Source, ...]) -> str | None:
    """The merged incident that stands up again: the one named, or the one whose only report is split off."""
    if state.get(Merged, ref) is not None:
        return ref
    origin = chosen[0].origins[-1] if chosen[0].origins else None
    alone = origin is not None and not any(origin in s.origins for s in sources if s not in chosen)
    return origin if alone and state.get(Merged, origin) is not None else None


def _opened(source: Source, id: str, context: Context) -> IncidentOpened:
    return IncidentOpened(
        incident=id,
        source=source.source,
        external_id=source.external_id,
        hazard_kinds=source.hazard_kinds,
        place=source.place,
        setting=source.setting,
        occurred_at=source.occurred_at,
        opened_at=context.now,
    )


def _recounts(state: AreaState, context: Context, ids: Iterable[str]) -> Iterator[OutputEvent]:
    for id in ids:
        facts = recounted(state, context, state.of(Incident)[id], always=True)
        if facts is not None:
            yield facts
        yield from occurrences(state, context, id)

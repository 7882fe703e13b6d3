"""What named authorities decide about an incident: verify, refute, expert flags, close (VE-*, EX-5)."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.reports import FactValue
from schemas.outputs import incident_judgements as judged
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.incident_events import IncidentClosed
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.escalation.running import own_responses
from streams.domain.intake.counting import Said, recounted
from streams.domain.intake.entities import Merged, Source
from streams.domain.intake.merging import decide_identity
from streams.domain.intake.reports import settled
from streams.domain.state import AreaState

OPEN_REQUISITION = frozenset({"ordered", "open"})


def decide_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """Acts on the directives that are about what is true and what belongs together; others are not ours."""
    command = event.command
    match command:
        case cmd.VerifyFacts() | cmd.ExpertOpinion() | cmd.CloseIncident() | cmd.MergeIncidents():
            incident = standing(state, command.incident)
            if incident is None:
                yield refused(context, Refusal("UNKNOWN_INCIDENT", f"no incident {command.incident} in this area"))
            else:
                yield from _decide(state, event, command, incident, context)
        case _:
            return


def standing(state: AreaState, ref: str | None) -> Incident | None:
    """The incident that `ref` means now: a merged one has become part of another."""
    merged = state.get(Merged, ref)
    if merged is not None:
        return state.get(Incident, merged.incident)
    incident = resolve_incident(state, ref)
    return state.get(Incident, incident.incident) if incident is not None and incident.status == "merged" else incident


def _decide(
    state: AreaState,
    event: DirectiveAccepted,
    command: cmd.VerifyFacts | cmd.ExpertOpinion | cmd.CloseIncident | cmd.MergeIncidents,
    incident: Incident,
    context: Context,
) -> Iterator[OutputEvent]:
    match command:
        case cmd.VerifyFacts(action="verify"):
            yield from _verify(state, event, command, incident, context)
        case cmd.VerifyFacts():
            yield from _refute(state, event, command, incident, context)
        case cmd.ExpertOpinion():
            yield from _opine(state, event, command, incident, context)
        case cmd.CloseIncident():
            yield from _close(state, command, incident, context)
        case cmd.MergeIncidents():
            yield from decide_identity(state, event, command, incident, context)
        case _:
            assert_never(command)


def _unreadable(context: Context, figures: dict[str, FactValue]) -> Refusal | None:
    by_name = context.policy.facts.by_name
    unknown = sorted(name for name in figures if name not in by_name)
    if unknown:
        return Refusal("UNKNOWN_FACT", f"the policy knows no fact {', '.join(unknown)}", {"facts": unknown})
    wrong = sorted(name for name, value in figures.items() if not by_name[name].accepts(value))
    if wrong:
        return Refusal("WRONG_FACT_TYPE", f"wrong type or range: {', '.join(wrong)}", {"facts": wrong})
    return None


def _verify(
    state: AreaState, event: DirectiveAccepted, command: cmd.VerifyFacts, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    refusal = _unreadable(context, command.figures)
    if refusal is not None:
        yield refused(context, refusal, incident.id)
        return
    figures = command.figures or _stated(state, incident, context)
    if not figures:
        yield refused(context, Refusal("NOTHING_TO_VERIFY", "the incident has no figures"), incident.id)
        return
    as_of = command.as_of or event.issued_at
    yield from settled(state, context, incident, as_of)
    yield judged.FactsVerified(
        incident=incident.id,
        figures=figures,
        as_of=as_of,
        directive=event.directive,
        issuer=event.issuer,
        reason=command.reason,
    )
    yield from _recount(state, context, incident.id, as_of)


def _stated(state: AreaState, incident: Incident, context: Context) -> dict[str, FactValue]:
    """The figures that count now and that somebody stated: what was only counted out of others follows from them."""
    stated = {name for source in state.of_incident(Source, incident.id) for name in source.figures}
    counted = context.policy.facts.derivable - stated
    return {name: value for name, value in incident.figures.items() if name not in counted}


def _refute(
    state: AreaState, event: DirectiveAccepted, command: cmd.VerifyFacts, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    by = {"directive": event.directive, "issuer": event.issuer, "reason": command.reason}
    as_of = command.as_of or event.issued_at
    if command.figures:
        refusal = _unreadable(context, command.figures)
        if refusal is not None:
            yield refused(context, refusal, incident.id)
            return
        yield judged.FactsRefuted(incident=incident.id, figures=command.figures, as_of=as_of, **by)
    elif command.report is not None:
        source = state.get(Source, command.report)
        if source is None or source.incident != incident.id:
            refusal = Refusal("UNKNOWN_REPORT", f"no report {command.report} counts in {incident.id}")
            yield refused(context, refusal, incident.id)
            return
        yield judged.ReportRefuted(
            incident=incident.id, source=source.source, external_id=source.external_id, as_of=as_of, **by
        )
        if all(other.refuted_at is not None for other in state.of_incident(Source, incident.id)):
            yield judged.IncidentRefuted(incident=incident.id, as_of=as_of, **by)
    else:
        yield judged.IncidentRefuted(incident=incident.id, as_of=as_of, **by)
    yield from _recount(state, context, incident.id, None)


def _opine(
    state: AreaState, event: DirectiveAccepted, command: cmd.ExpertOpinion, incident: Incident, context: Context
) -> Iterator[OutputEvent]:
    """Flags of an opinion count from its issue on; the opinion itself is recorded by concern escalation."""
    if not command.flags:
        return
    refusal = _unreadable(context, command.flags)
    if refusal is not None:
        yield refused(context, refusal, incident.id)
        return
    yield judged.FlagsStated(
        incident=incident.id,
        opinion=command.opinion,
        flags=command.flags,
        as_of=event.issued_at,
        directive=event.directive,
        issuer=event.issuer,
        office=event.office,
    )
    yield from _recount(state, context, incident.id, event.issued_at)


def _close(state: AreaState, command: cmd.CloseIncident, incident: Incident, context: Context) -> Iterator[OutputEvent]:
    """Close an incident whose response has ended and whose requisitions are settled (RQ-3)."""
    if incident.status == "closed":
        yield refused(context, Refusal("ALREADY_CLOSED", f"{incident.id} is closed"), incident.id)
        return
    running = [response.id for response in own_responses(state, incident.id)]
    if running:
        refusal = Refusal("RESPONSE_RUNNING", "a response to the incident still runs", {"responses": running})
        yield refused(context, refusal, incident.id)
        return
    held = sorted(
        id
        for id, entity in state.tables("requisition").items()
        if getattr(entity, "status", "") in OPEN_REQUISITION and _belongs(state, entity.incident, incident)
    )
    if held:
        refusal = Refusal(
            "REQUISITION_OPEN", "requisitions are neither returned nor compensated", {"requisitions": held}
        )
        yield refused(context, refusal, incident.id)
        return
    yield IncidentClosed(incident=incident.id, reason=command.reason)


def _belongs(state: AreaState, id: str | None, incident: Incident) -> bool:
    """Whether what was ordered for this incident, or for one that was merged into it, is the incident's."""
    now = standing(state, id)
    return now is not None and now.id == incident.id


def _recount(state: AreaState, context: Context, id: str, as_of: datetime | None) -> Iterator[OutputEvent]:
    facts = recounted(state, context, state.of(Incident)[id], Said(as_of=as_of))
    if facts is not None:
        yield facts

"""Phase, mode, profile and lead of command, as responses, grades and the joint mechanism change (RL-1, RL-5)."""

from collections.abc import Iterator

from schemas.base import OutputEvent, ResponseLevel, RuleHit
from schemas.outputs.command_events import LeadChanged, ModeChanged, Phase, PhaseChanged, ProfileChanged, Tier
from streams.domain.activation.entities import joint_runs
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.escalation.entities import Alert, Command, Response
from streams.domain.escalation.running import alert_responses, districts_of, level_of, responses_to
from streams.domain.state import AreaState
from streams.policy.responses import ResponseLaw

TIERS: tuple[Tier, ...] = ("district", "city", "province", "nation")


def recommand(state: AreaState, about: str, context: Context) -> Iterator[OutputEvent]:
    """Tell what changed in the command of an incident, of an alert, or of a task force without incident."""
    incident = state.get(Incident, about)
    rules = law(state, context.policy.responses, incident.occurred_at if incident else context.now)
    running = [item for item in _responses(state, about, incident) if item.running()]
    level = min((response.level for response in running), default=None)
    for phase in _phases(state, about, incident, running):
        known = state.get(Command, about) or Command(id=about)
        if phase != known.phase:
            yield PhaseChanged(
                incident=incident.id if incident else None,
                about=about,
                previous=known.phase,
                phase=phase,
                level=level,
                at=context.now,
            )
            yield from _profile(state, about, incident, rules, level, context)
    yield from _profile(state, about, incident, rules, level, context)
    yield from _mode(state, about, incident, rules, level)


def _responses(state: AreaState, about: str, incident: Incident | None) -> Iterator[Response]:
    if incident is not None:
        return state.of_incident(Response, incident.id)
    return (response for response in alert_responses(state) if response.about == about)


def _phases(state: AreaState, about: str, incident: Incident | None, running: list[Response]) -> tuple[Phase, ...]:
    """The phase that holds, with those passed through on the way to it (RL-1)."""
    known = state.get(Command, about)
    before = known.phase if known is not None else "normal"
    if incident is not None and incident.status == "closed":
        return ("closed",)
    if running:
        worst = min(running, key=lambda response: (response.level, response.started_at))
        return ("lowered",) if worst.lowered else ("response",)
    if before in {"response", "lowered"}:
        return ("ended", "recovery")
    alert = state.get(Alert, about)
    if alert is not None:
        return ("alert",) if alert.status == "active" else ("normal",)
    return ("normal",) if before == "closed" else (before,)


def _profile(
    state: AreaState, about: str, incident: Incident | None, rules: ResponseLaw, level: int | None, context: Context
) -> Iterator[OutputEvent]:
    known = state.get(Command, about) or Command(id=about)
    profile = rules.profile(known.phase, level)
    if profile is not None and profile.id != known.profile and (known.profile or known.phase != "normal"):
        yield ProfileChanged(
            incident=incident.id if incident else None,
            about=about,
            previous=known.profile,
            profile=profile.id,
            values=dict(profile.values),
            decided_at=context.now,
        )


def _mode(
    state: AreaState, about: str, incident: Incident | None, rules: ResponseLaw, level: ResponseLevel | None
) -> Iterator[OutputEvent]:
    known = state.get(Command, about) or Command(id=about)
    composite = incident.composite if incident is not None else None
    rule = rules.mode(level, composite, joint=joint_runs(state, about))
    if rule is not None and rule.mode != known.mode:
        yield ModeChanged(
            incident=incident.id if incident else None,
            about=about,
            previous=known.mode,
            mode=rule.mode,
            rule=rule.id,
            level=level,
            composite=composite,
        )


def relead(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """The tier that leads: by grade, at least the common superior of the areas touched (domain.md 2.5).

    A grade that falls does not take the lead from the government whose response still runs.
    """
    incident = state.get(Incident, incident_id)
    if incident is None or incident.composite is None:
        return
    rules = law(state, context.policy.responses, incident.occurred_at)
    entry = rules.levels.get(incident.composite)
    if entry is None:
        return
    districts = districts_of(incident)
    tier, office = entry.lead, entry.office
    hits = [RuleHit(rule=entry.id, inputs={"composite": incident.composite}, mark=entry.mark)]
    running = level_of(responses_to(state, incident))
    for decided in rules.levels.values():
        if decided.level == running and TIERS.index(decided.lead) > TIERS.index(tier):
            tier, office = decided.lead, decided.office
            hits = [RuleHit(rule=decided.id, inputs={"level": running}, mark=decided.mark)]
    for superior in rules.superiors:
        count = len(districts) if superior.fact == "districts" else incident.figures.get(superior.fact, 0)
        if isinstance(count, int) and count >= superior.at_least and TIERS.index(superior.lead) > TIERS.index(tier):
            tier, office = superior.lead, superior.office
            hits.append(RuleHit(rule=superior.id, inputs={superior.fact: count}, mark=superior.mark))
    known = state.get(Command, incident_id)
    if known is None or known.tier != tier:
        yield LeadChanged(
            incident=incident_id,
            previous=known.tier if known is not None else None,
            tier=tier,
            office=office,
            districts=districts,
            hits=tuple(hits),
        )

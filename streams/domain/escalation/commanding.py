"""Phase, mode, profile and lead of command, as responses, grades and the joint mechanism change (RL-1, RL-5)."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.base import OutputEvent, ResponseLevel, RuleHit, Severity
from schemas.outputs.command_events import LeadChanged, ModeChanged, Phase, PhaseChanged, ProfileChanged, Tier
from streams.domain.activation.entities import joint_runs
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.escalation.entities import Alert, Command, Response
from streams.domain.escalation.running import alert_responses, districts_of, worst_level
from streams.domain.intake.plan import make_room, plan_of
from streams.domain.state import AreaState
from streams.policy.responses import DISTRICTS, ResponseLaw

TIERS: tuple[Tier, ...] = ("district", "city", "province", "nation")
REMEMBERED_LEADS = 4096
"""Size at which the memory of who leads starts anew."""


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


class Lead(NamedTuple):
    """The government that leads, and the rules that say so."""

    tier: Tier
    office: str
    hits: tuple[RuleHit, ...]


def relead(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """The tier that leads: by grade, at least the common superior of the areas touched (domain.md 2.5).

    A grade that falls does not take the lead from the government whose response still runs.
    """
    incident = state.get(Incident, incident_id)
    if incident is None or incident.composite is None:
        return
    rules = plan_of(state, context, incident).responses
    lead = _lead(rules, incident, incident.composite, worst_level(state, incident))
    known = state.get(Command, incident_id)
    if lead is not None and (known is None or known.tier != lead.tier):
        yield LeadChanged(
            incident=incident_id,
            previous=known.tier if known is not None else None,
            tier=lead.tier,
            office=lead.office,
            districts=districts_of(incident),
            hits=lead.hits,
        )


def _lead(rules: ResponseLaw, incident: Incident, composite: Severity, running: ResponseLevel | None) -> Lead | None:
    """Who leads under a grade, a running level and so many areas touched: worked out once for each of these."""
    key = (composite, running, len(districts_of(incident)), *map(incident.figures.get, rules.counted))
    if key not in rules.leads:
        make_room(rules.leads, REMEMBERED_LEADS)
        rules.leads[key] = _who_leads(rules, incident, composite, running)
    found: Lead | None = rules.leads[key]
    return found


def _who_leads(
    rules: ResponseLaw, incident: Incident, composite: Severity, running: ResponseLevel | None
) -> Lead | None:
    entry = rules.levels.get(composite)
    if entry is None:
        return None
    tier, office = entry.lead, entry.office
    hits = [RuleHit(rule=entry.id, inputs={"composite": composite}, mark=entry.mark)]
    for decided in rules.levels.values():
        if decided.level == running and TIERS.index(decided.lead) > TIERS.index(tier):
            tier, office = decided.lead, decided.office
            hits = [RuleHit(rule=decided.id, inputs={"level": running}, mark=decided.mark)]
    for superior in rules.superiors:
        touched = len(districts_of(incident))
        count = touched if superior.fact == DISTRICTS else incident.figures.get(superior.fact, 0)
        if isinstance(count, int) and count >= superior.at_least and TIERS.index(superior.lead) > TIERS.index(tier):
            tier, office = superior.lead, superior.office
            hits.append(RuleHit(rule=superior.id, inputs={superior.fact: count}, mark=superior.mark))
    return Lead(tier, office, tuple(hits))

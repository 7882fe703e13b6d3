"""What grades and settings propose: more at once, less when the grade falls, nothing by itself (RL-10, RL-11)."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.base import OutputEvent, ResponseLevel, RuleHit
from schemas.outputs.response_events import ResponseProposed
from streams.domain.context import Context
from streams.domain.core import Incident
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, decided, proposed, waiting_for
from streams.domain.directives.refs import RISES
from streams.domain.escalation.assessment import assessment_of, grade_hits
from streams.domain.escalation.running import natural_zone, own_responses, responses_to, scope, weakest
from streams.domain.state import AreaState
from streams.policy.responses import LevelEntry, ResponseLaw

LEVELS: tuple[ResponseLevel, ...] = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A level that should run, where, and the rule that says so."""

    level: ResponseLevel
    zone: str
    rule: str
    hits: tuple[RuleHit, ...]


def propose_rise(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """Propose each level that the incident calls for and that does not run; close proposals that no longer fit."""
    incident = state.get(Incident, incident_id)
    if incident is None or not incident.resident():
        return
    rules = law(state, context.policy.responses, incident.occurred_at)
    wanted = tuple(_wanted(state, incident, rules))
    for proposal in waiting_for(state, incident_id):
        if proposal.kind in RISES and not any(_same(proposal, item) for item in wanted):
            yield decided(proposal, "superseded", "the incident calls for another level or zone")
    entry = rules.levels.get(incident.composite) if incident.composite is not None else None
    if entry is not None:
        for proposal in waiting_for(state, incident_id):
            less = proposal.kind == "lower_response" and (proposal.level or 4) > entry.level
            if less or proposal.kind == "end_response":
                yield decided(proposal, "superseded", "the grade has risen")
    for item in wanted:
        if not _asked_before(state, incident, item):
            yield from _propose(state, incident, item, context)


def propose_fall(state: AreaState, incident_id: str, context: Context) -> Iterator[OutputEvent]:
    """SC-8: the criteria now only give less. That never lowers anything; it asks the government that decided."""
    incident = state.get(Incident, incident_id)
    if incident is None:
        return
    rules = law(state, context.policy.responses, incident.occurred_at)
    response = min(own_responses(state, incident_id), key=lambda item: item.level, default=None)
    if response is None or rules.grade_proposal is None:
        return
    entry = rules.levels.get(incident.composite) if incident.composite is not None else None
    level = entry.level if entry is not None else response.level
    kind = "lower_response" if entry is not None else "end_response"
    if entry is not None and level <= response.level:
        return
    for proposal in waiting_for(state, incident_id):
        if proposal.kind in {"lower_response", "end_response"}:
            if (proposal.kind, proposal.level, proposal.zone) == (kind, level, response.zone):
                return
            yield decided(proposal, "superseded", "the grade has changed again")
    draft = Draft(
        kind=kind,
        rule=rules.grade_proposal.id,
        incident=incident_id,
        about=response.id,
        zone=response.zone,
        level=level,
        hits=(_level_hit(entry, incident), *grade_hits(incident)) if entry is not None else (),
        severity=incident.composite,
        authority=(kind, response.level, scope(state, response.zone)),
    )
    change = "lower" if entry is not None else "end"
    opened = proposed(
        state, context, draft, ResponseProposed, change=change, assessment=assessment_of(state, incident, context)
    )
    if opened is not None:
        yield opened


def _wanted(state: AreaState, incident: Incident, rules: ResponseLaw) -> Iterator[Wanted]:
    """Levels that the incident calls for beyond what runs, the most severe first, one for each level and zone."""
    entry = rules.levels.get(incident.composite) if incident.composite is not None else None
    if entry is None or rules.grade_proposal is None:
        return
    running = weakest(state, incident) or 5
    hits = (_level_hit(entry, incident), *grade_hits(incident))
    levels = [entry.level] if entry.initial_level is None else [entry.level, entry.initial_level]
    for level in levels:
        if level < running:
            yield Wanted(level, natural_zone(state, incident, level, rules), rules.grade_proposal.id, hits)
    for setting in rules.setting_proposals:
        if incident.setting in setting.settings and entry.level in setting.from_levels:
            level = LEVELS[max(entry.level - setting.raise_by, 1) - 1]
            if level < running and level not in levels:
                hit = RuleHit(rule=setting.id, inputs={"setting": incident.setting}, mark=setting.mark)
                yield Wanted(level, natural_zone(state, incident, level, rules), setting.id, (hit, *hits))


def _level_hit(entry: LevelEntry, incident: Incident) -> RuleHit:
    return RuleHit(rule=entry.id, inputs={"composite": incident.composite}, mark=entry.mark)


def _same(proposal: Proposal, item: Wanted) -> bool:
    return (proposal.level, proposal.zone, proposal.rule) == (item.level, item.zone, item.rule)


def _asked_before(state: AreaState, incident: Incident, item: Wanted) -> bool:
    """Whether it waits already, or was rejected when the incident was graded no less severe than it is now."""
    for proposal in state.of_incident(Proposal, incident.id):
        if proposal.kind in RISES and _same(proposal, item):
            rejected = proposal.status == "rejected" and (proposal.severity or 5) <= (incident.composite or 5)
            if proposal.waiting() or rejected:
                return True
    return False


def _propose(state: AreaState, incident: Incident, item: Wanted, context: Context) -> Iterator[OutputEvent]:
    """A start where nothing runs yet, a raise where something does, or where the setting raises what is proposed."""
    rules = law(state, context.policy.responses, incident.occurred_at)
    by_setting = any(item.rule == setting.id for setting in rules.setting_proposals)
    runs = any(True for _ in responses_to(state, incident))
    kind = "raise_response" if runs or by_setting else "start_response"
    draft = Draft(
        kind=kind,
        rule=item.rule,
        incident=incident.id,
        zone=item.zone,
        level=item.level,
        hits=item.hits,
        severity=incident.composite,
        authority=(kind, item.level, scope(state, item.zone)),
    )
    change = "raise" if kind == "raise_response" else "start"
    opened = proposed(
        state, context, draft, ResponseProposed, change=change, assessment=assessment_of(state, incident, context)
    )
    if opened is not None:
        yield opened

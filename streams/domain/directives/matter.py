"""What a directive is about, as far as authority depends on it: incident, districts, level, zone, proposal."""

from dataclasses import dataclass, replace

from schemas.base import ResponseLevel
from schemas.inputs import directives as cmd
from streams.domain.core import Incident, Person, Unit
from streams.domain.directives.days import law
from streams.domain.directives.entities import Proposal
from streams.domain.directives.refs import resolve_incident, resolve_proposal
from streams.domain.directives.refusals import Refusal
from streams.domain.escalation.running import addressed, covers, districts_of, known_zone, natural_zone
from streams.domain.state import AreaState
from streams.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Matter:
    """What a directive is about. `command` names entities by their own ids."""

    command: cmd.Action
    incident: Incident | None = None
    proposal: Proposal | None = None
    level: ResponseLevel | None = None
    zone: str | None = None
    districts: tuple[str, ...] = ()

    @property
    def incident_id(self) -> str | None:
        """Id of the incident, of the proposal's where the command names none."""
        if self.incident is not None:
            return self.incident.id
        return self.proposal.incident if self.proposal is not None else None


def matter_of(state: AreaState, policy: Policy, event: cmd.DirectiveIssued) -> Matter | Refusal:
    """What the directive is about, or why that cannot be said."""
    matter = _referred(state, event.command)
    if isinstance(matter, Refusal):
        return matter
    match matter.command:
        case cmd.StartResponse() as command:
            return _start(state, policy, matter, command, event)
        case cmd.ChangeResponse() | cmd.EndResponse() as command:
            return _change(state, policy, matter, command, event)
        case cmd.DecideProposal() if matter.proposal is not None:
            return replace(matter, level=matter.proposal.level, zone=matter.proposal.zone)
        case _:
            return matter


def home_of(state: AreaState, person: Person) -> str | None:
    """The district whose affairs the person decides; None for a person of the city or above."""
    unit = state.get(Unit, person.entry.unit)
    if unit is not None and unit.entry.tier in {"township", "district"}:
        return person.entry.district or unit.entry.district
    return None


def _referred(state: AreaState, command: cmd.Action) -> Matter | Refusal:
    """The command with ids in place of what people write for incidents and proposals."""
    named: dict[str, str] = {}
    districts: tuple[str, ...] = ()
    incident: Incident | None = None
    for field in ("incident", "other"):
        ref = getattr(command, field, None)
        if ref is None or (field == "other" and command.action == "split"):
            continue
        found = resolve_incident(state, ref)
        if found is None:
            return Refusal("UNKNOWN_INCIDENT", f"no incident {ref} in this area", {"incident": ref})
        named[field] = found.id
        districts = (*districts, *districts_of(found))
        incident = found if field == "incident" else incident
    proposal = None
    ref = getattr(command, "proposal", None)
    if ref is not None:
        proposal = resolve_proposal(state, ref)
        if proposal is None:
            return Refusal("UNKNOWN_PROPOSAL", f"no proposal {ref} in this area", {"proposal": ref})
        named["proposal"] = proposal.id
        if incident is None and proposal.incident is not None:
            incident = state.get(Incident, proposal.incident)
            districts = districts_of(incident) if incident is not None else ()
    return Matter(command.model_copy(update=named), incident, proposal, districts=districts)


def _start(
    state: AreaState, policy: Policy, matter: Matter, command: cmd.StartResponse, event: cmd.DirectiveIssued
) -> Matter | Refusal:
    incident = matter.incident
    rules = law(state, policy.responses, incident.occurred_at if incident else event.issued_at)
    proposed = matter.proposal.zone if matter.proposal is not None else None
    zone = command.zone or proposed or natural_zone(state, incident, command.level, rules)
    if not known_zone(state, zone):
        return Refusal("UNKNOWN_ZONE", f"{zone} is neither this city nor one of its districts", {"zone": zone})
    return replace(matter, command=command.model_copy(update={"zone": zone}), level=command.level, zone=zone)


def _change(
    state: AreaState,
    policy: Policy,
    matter: Matter,
    command: cmd.ChangeResponse | cmd.EndResponse,
    event: cmd.DirectiveIssued,
) -> Matter | Refusal:
    """Raising is decided by the authority of the wanted level, lowering and ending by that of the running one."""
    response = addressed(state, matter.incident_id, command)
    if response is None:
        details = {"zone": command.zone} if command.zone else {}
        return Refusal("NO_RESPONSE", "no response of this incident runs there", details)
    level, zone = response.level, response.zone
    if isinstance(command, cmd.ChangeResponse) and command.action == "raise_response":
        incident = matter.incident
        rules = law(state, policy.responses, incident.occurred_at if incident else event.issued_at)
        natural = natural_zone(state, incident, command.level, rules)
        level = command.level
        zone = command.zone or (natural if covers(state, natural, response.zone) else response.zone)
    return replace(matter, command=command.model_copy(update={"zone": zone}), level=level, zone=zone)

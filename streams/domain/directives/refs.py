"""What people write for an incident or a proposal, resolved in one place.

Authors of directives do not know generated ids: an incident may be `source|external_id` of any of its reports, a
proposal `<rule or kind>[:<level>]@<incident>`.
"""

from collections.abc import Iterator

from streams.domain.core import ExternalRef, Incident
from streams.domain.directives.entities import Proposal
from streams.domain.state import AreaState

RISES = frozenset({"start_response", "raise_response"})
"""Kinds that one name may stand for: whether a level is a start or a raise depends on what runs."""


def resolve_incident(state: AreaState, ref: str | None) -> Incident | None:
    """The incident that `ref` names by its id or by `source|external_id`; None when there is none.

    A merged incident has become part of another: that one is meant.
    """
    if ref is None:
        return None
    known = state.get(ExternalRef, ref)
    incident = state.get(Incident, known.incident if known is not None else ref)
    while incident is not None and incident.status == "merged":
        incident = state.get(Incident, incident.incident)
    return incident


def resolve_proposal(state: AreaState, ref: str) -> Proposal | None:
    """The proposal of that id, or the newest that fits `<rule or kind>[:<level>]@<incident, alert or zone>`.

    One that still waits goes before any that is settled.
    """
    by_id = state.get(Proposal, ref)
    what, found, where = ref.partition("@")
    if by_id is not None or not found:
        return by_id
    name, _, level = what.partition(":")
    fitting = [proposal for proposal in _about(state, where) if _fits(proposal, name, level)]
    return max(fitting, key=lambda proposal: (proposal.waiting(), proposal.opened_at, _number(proposal)), default=None)


def _about(state: AreaState, where: str) -> Iterator[Proposal]:
    incident = resolve_incident(state, where)
    if incident is not None:
        yield from state.of_incident(Proposal, incident.id)
        return
    for proposal in state.of(Proposal).values():
        if where in {proposal.incident, proposal.about, proposal.zone}:
            yield proposal


def _fits(proposal: Proposal, name: str, level: str) -> bool:
    named = name in {proposal.rule, proposal.kind} or (name in RISES and proposal.kind in RISES)
    return named and (not level or level == str(proposal.level))


def _number(proposal: Proposal) -> int:
    """Of two proposals of one instant the later one: ids end in their number."""
    digits = proposal.id.rpartition("P")[2]
    return int(digits) if digits.isdigit() else 0

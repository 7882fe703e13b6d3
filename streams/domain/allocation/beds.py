"""Surge tiers of beds: fixed, quickly expanded, quickly cleared (BD-1), designated before backup hospital (BD-8)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.outputs.bed_events import BedTierClosed, BedTierOpened
from schemas.outputs.proposal_events import ProposalDecided, ProposalOpened
from streams.domain.allocation.desk import Desk, desk
from streams.domain.allocation.entities import BedTier, Line, Resource
from streams.domain.allocation.index import FIRST_TIER, tier_key
from streams.domain.context import Context
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import Draft, proposed
from streams.domain.state import AreaState, Change, Put

BED_TIER = "bed_tier"
"""Kind of the proposals."""
RULE = "BD-1"


def next_tier(at: Desk, line: Line) -> OutputEvent | None:
    """What follows when a line of beds is short: a tier that opens, a proposal to open it, or nothing."""
    found = min(_closed(at, line), default=None)
    if found is None:
        return None
    _, _, tier, owner = found
    if tier in at.law.standing.bed_tiers:
        return BedTierOpened(incident=line.incident, owner_unit=owner, kind=line.kind, tier=tier, line=line.id)
    about = f"{tier_key(owner, line.kind)}|{tier}"
    if any(one.kind == BED_TIER and one.about == about and one.waiting() for one in at.state.of(Proposal).values()):
        return None
    payload = {"owner_unit": owner, "kind": line.kind, "tier": tier, "line": line.id}
    draft = Draft(kind=BED_TIER, rule=RULE, incident=line.incident, about=about, payload=payload)
    return proposed(at.state, at.context, draft, ProposalOpened)


def _closed(at: Desk, line: Line) -> Iterator[tuple[int, int, int, str]]:
    """Next tiers of hospitals whose open ones are exhausted: (backup?, travel time, tier, hospital)."""
    index = at.index
    pool = index.pool(line.kind)
    fit = pool.fit(line.requires, (), line.minimum_type)
    spot = index.spot(at.request_of(line).place)
    limit = at.limit_ms(line)
    for row in range(pool.n):
        resource = at.state.get(Resource, pool.ids[row])
        if index.delegated(pool.ids[row]):
            continue
        if resource is None or resource.entry.tier is None or not fit.sets[pool.capability[row]]:
            continue
        owner, tier = resource.entry.owner_unit, resource.entry.tier
        if tier != index.open_tier(owner, line.kind, resource.entry.role) + 1 or _free(at, owner, line.kind, tier):
            continue
        eta = index.eta_ms(pool, row, spot)
        if eta is not None and (limit is None or eta <= limit):
            yield int(resource.entry.role == "backup"), eta, tier, owner


def _free(at: Desk, owner: str, kind: str, below: int) -> int:
    """Free beds of a hospital in its tiers below this one."""
    return sum(
        max(resource.quantity - resource.held, 0)
        for resource in _of(at, owner, kind)
        if (resource.entry.tier or FIRST_TIER) < below and resource.status == "ready"
    )


def _of(at: Desk, owner: str, kind: str) -> Iterator[Resource]:
    for id in at.index.owned(owner):
        resource = at.state.of(Resource)[id]
        if resource.kind == kind:
            yield resource


def _role(at: Desk, owner: str, kind: str) -> str | None:
    return next((one.entry.role for one in _of(at, owner, kind)), None)


def close_tiers(at: Desk, kind: str) -> Iterator[OutputEvent]:
    """Tiers close in reverse order once all their beds are free again and the tier below has room."""
    for owner in [one.owner_unit for one in at.state.of(BedTier).values() if one.kind == kind]:
        yield from _close(at, owner, kind)


def _close(at: Desk, owner: str, kind: str) -> Iterator[OutputEvent]:
    role = _role(at, owner, kind)
    always = FIRST_TIER - 1 if role == "backup" else FIRST_TIER
    while (tier := at.index.open_tier(owner, kind, role)) > always:
        beds = [one for one in _of(at, owner, kind) if one.entry.tier == tier]
        empty = all(one.held == 0 and one.quantity >= one.entry.quantity for one in beds)
        if not empty or (tier > FIRST_TIER and not _free(at, owner, kind, tier)):
            return
        yield BedTierClosed(owner_unit=owner, kind=kind, tier=tier)


def decided_tier(state: AreaState, event: ProposalDecided, context: Context) -> Iterator[OutputEvent]:
    """A person decided that a tier is cleared (domain.md 5.2): it opens if it is still the next one."""
    proposal = state.get(Proposal, event.proposal)
    if event.kind != BED_TIER or event.status != "confirmed" or proposal is None:
        return
    payload = proposal.payload
    at = desk(state, context)
    role = _role(at, payload["owner_unit"], payload["kind"])
    if at.index.open_tier(payload["owner_unit"], payload["kind"], role) == payload["tier"] - 1:
        yield BedTierOpened(
            incident=event.incident,
            owner_unit=payload["owner_unit"],
            kind=payload["kind"],
            tier=payload["tier"],
            line=payload["line"],
            directive=event.directive,
        )


def evolve_opened(state: AreaState, event: BedTierOpened) -> Iterator[Change]:
    """The hospital's tiers are open up to this one."""
    key = tier_key(event.owner_unit, event.kind)
    yield Put(BedTier(id=key, owner_unit=event.owner_unit, kind=event.kind, open=event.tier))


def evolve_closed(state: AreaState, event: BedTierClosed) -> Iterator[Change]:
    """The hospital's tiers are open up to the one below."""
    key = tier_key(event.owner_unit, event.kind)
    yield Put(BedTier(id=key, owner_unit=event.owner_unit, kind=event.kind, open=event.tier - 1))

"""Who owes and who is told: parties of the law found in the register of units.

A party that nobody has registered is written `kind/tier` or `kind/tier/district`: the duty is opened all the same, and
is met by telling any unit that fits.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from streams.domain.core import District, Incident, Unit
from streams.domain.state import AreaState, Entity
from streams.policy.obligation_rules import TIERS, Party

NETWORK = "network/nation"
"""The national network of online direct reporting 网络直报, as a recipient."""
_INDEX = "units_by_kind"
DEPARTMENTS = {"health": "emergency_management", "emergency_management": "health"}
"""A department kind and its peer (S0)."""
_PLACED = ("unit", "township", "district")
"""Tiers that belong to one district."""
OUTSIDE = ("province", "nation")
"""Tiers above the city: their receipt must be recorded before their own duties start (domain.md 3.0)."""


class UnitIndex:
    """Units by kind and tier, ids in order; kept up to date by the state."""

    follows: ClassVar[tuple[str, ...]] = (Unit.KIND,)

    def __init__(self, state: AreaState) -> None:
        self._by_place: dict[tuple[str, str], list[str]] = {}
        self._members: list[str] = []
        for unit in state.of(Unit).values():
            self._add(unit)

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """Follow a register entry."""
        if isinstance(old, Unit):
            self._by_place[old.entry.kind, old.entry.tier].remove(old.id)
            if old.entry.member_unit:
                self._members.remove(old.id)
        if isinstance(new, Unit):
            self._add(new)

    def _add(self, unit: Unit) -> None:
        ids = self._by_place.setdefault((unit.entry.kind, unit.entry.tier), [])
        ids.append(unit.id)
        ids.sort()
        if unit.entry.member_unit:
            self._members.append(unit.id)
            self._members.sort()

    def members(self) -> tuple[str, ...]:
        """The member units 成员单位 of the joint mechanism."""
        return tuple(self._members)

    def find(self, state: AreaState, kind: str, tier: str, district: str | None) -> str | None:
        """The first unit of this kind and tier, in this district where the tier has one."""
        for id in self._by_place.get((kind, tier), ()):
            if tier not in _PLACED or state.of(Unit)[id].entry.district == district:
                return id
        return None


def units(state: AreaState) -> UnitIndex:
    """The index of the register, built when it is first asked for."""
    index: Any = state.derived.get(_INDEX)
    if index is None:
        index = state.derived[_INDEX] = UnitIndex(state)
    return index  # type: ignore[no-any-return]


def members(state: AreaState) -> tuple[str, ...]:
    """The member units of the joint mechanism."""
    return units(state).members()


def found(state: AreaState, kind: str, tier: str, district: str | None) -> str:
    """The unit of this kind and tier, one of a higher tier of the city where there is none, or a description."""
    index = units(state)
    for step in TIERS[TIERS.index(tier) :]:
        if step in OUTSIDE and tier not in OUTSIDE:
            break
        unit = index.find(state, kind, step, district)
        if unit is not None:
            return unit
        if step in OUTSIDE:
            break
    return described(kind, tier, district)


def described(kind: str, tier: str, district: str | None) -> str:
    """A party that is not in the register."""
    return f"{kind}/{tier}/{district}" if tier in _PLACED and district else f"{kind}/{tier}"


def kind_and_tier(state: AreaState, unit: str) -> tuple[str, str, str | None] | None:
    """Kind, tier and district of a unit, or of a described party; None for a unit that nobody registered."""
    known = state.get(Unit, unit)
    if known is not None:
        return known.entry.kind, known.entry.tier, known.entry.district
    parts = unit.split("/")
    if len(parts) in {2, 3} and parts[1] in TIERS:
        return parts[0], parts[1], parts[2] if len(parts) == 3 else None  # noqa: PLR2004 - kind/tier/district
    return None


def local_district(state: AreaState, unit: str) -> str | None:
    """The district in which a unit of district tier or below works; None for units of the city and above."""
    known = kind_and_tier(state, unit)
    return known[2] if known is not None and known[1] in _PLACED else None


def peer_of(state: AreaState, unit: str) -> str | None:
    """The other department of the same tier and place (NS-3); None for a unit that is no department."""
    known = kind_and_tier(state, unit)
    if known is None or known[0] not in DEPARTMENTS:
        return None
    return found(state, DEPARTMENTS[known[0]], known[1], known[2])


def superior_of(state: AreaState, unit: str) -> str:
    """The next unit upward in the unit's own line; the registered superior where the line ends."""
    entry = state.of(Unit)[unit].entry if unit in state.of(Unit) else None
    superior = state.get(Unit, entry.superior) if entry is not None else None
    known = kind_and_tier(state, unit)
    if superior is not None and (known is None or superior.entry.kind in {known[0], "ministry"}):
        return superior.id
    if known is None or known[1] == TIERS[-1]:
        return entry.superior if entry is not None and entry.superior else described("government", "nation", None)
    above = found(state, known[0], TIERS[TIERS.index(known[1]) + 1], known[2])
    if "/" not in above or entry is None or entry.superior is None:
        return above
    return entry.superior


def resolve(state: AreaState, party: Party, debtor: str, incident: Incident | None) -> tuple[str, ...]:
    """The units that a party of the law is, for this debtor in this incident."""
    if party.settings and (incident is None or incident.setting not in party.settings):
        return ()
    return tuple(unit for unit in _RESOLVERS[party.role](state, party, debtor, incident) if unit is not None)


def _sector_regulator(state: AreaState, debtor: str) -> str | None:
    known = state.get(Unit, debtor)
    return known.entry.sector_regulator if known is not None else None


def _unit(state: AreaState, party: Party, debtor: str, incident: Incident | None) -> str:
    owner = kind_and_tier(state, debtor)
    kind = party.kind or (owner[0] if owner else "government")
    tier = (owner[1] if owner else "district") if party.tier in {"same", None} else party.tier
    district = owner[2] if owner and party.near == "debtor" else None
    if district is None and incident is not None:
        district = incident.place.district
    return found(state, kind, str(tier), district)


def _neighbours(state: AreaState, incident: Incident | None) -> tuple[str, ...]:
    if incident is None:
        return ()
    own = {incident.place.district, *incident.districts}
    codes = {
        code
        for district in sorted(own)
        if (known := state.get(District, district)) is not None
        for code in known.entry.neighbours
    }
    return tuple(found(state, "government", "district", code) for code in sorted(codes - own))


def is_told(state: AreaState, recipient: str, unit: str) -> bool:
    """Whether telling `unit` tells `recipient`."""
    if recipient == unit:
        return True
    if "/" not in recipient:
        return False
    wanted = kind_and_tier(state, recipient)
    got = kind_and_tier(state, unit)
    if wanted is None or got is None or wanted[1] != got[1]:
        return False
    same_kind = wanted[0] == got[0] or (got[0] == "ministry" and wanted[0] != "government")
    return same_kind and (wanted[2] is None or got[2] is None or wanted[2] == got[2])


def is_above(state: AreaState, recipient: str, unit: str) -> bool:
    """Whether `unit` stands above `recipient` in its line: a report to it skips a level (AU-3)."""
    lower, upper = kind_and_tier(state, recipient), kind_and_tier(state, unit)
    if lower is None or upper is None or TIERS.index(upper[1]) <= TIERS.index(lower[1]):
        return False
    return upper[0] in {lower[0], "ministry", "government"}


def is_upward(state: AreaState, sender: str, unit: str) -> bool:
    """Whether telling `unit` is a report to the superior department or to a government (NS-3)."""
    own, other = kind_and_tier(state, sender), kind_and_tier(state, unit)
    if other is None:
        known = state.get(Unit, sender)
        return known is not None and known.entry.superior == unit
    if other[0] == "government":
        return True
    if own is None:
        return False
    return other[0] in {own[0], "ministry"} and TIERS.index(other[1]) > TIERS.index(own[1])


_Resolver = Callable[[AreaState, Party, str, Incident | None], tuple[str | None, ...]]
_RESOLVERS: dict[str, _Resolver] = {
    "unit": lambda state, party, debtor, incident: (_unit(state, party, debtor, incident),),
    "superior": lambda state, _, debtor, __: (superior_of(state, debtor),),
    "peer": lambda state, _, debtor, __: (peer_of(state, debtor),),
    "sector_regulator": lambda state, _, debtor, __: (_sector_regulator(state, debtor),),
    "members": lambda state, *_: members(state),
    "neighbours": lambda state, _, __, incident: _neighbours(state, incident),
    "network": lambda *_: (NETWORK,),
    "unit_head": lambda _, __, debtor, ___: (f"{debtor}/head",),
    "authority": lambda _, __, debtor, ___: (debtor,),
}
"""How each role of the policy is found."""

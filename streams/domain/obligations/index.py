"""What is owed by whom in which incident, without looking at everything that ever was."""

from typing import Any, ClassVar

from streams.domain.obligations.entities import Obligation
from streams.domain.state import AreaState, Entity

_NAME = "obligations"
Duty = tuple[str, str, str]
"""Rule, label and debtor."""


class ObligationIndex:
    """Obligations by incident, kept up to date by the state; never stored."""

    follows: ClassVar[tuple[str, ...]] = (Obligation.KIND,)

    def __init__(self, state: AreaState) -> None:
        self._owed: dict[tuple[str | None, str], set[str]] = {}
        self._duties: dict[str | None, dict[Duty, int]] = {}
        for obligation in state.of(Obligation).values():
            self._add(obligation)

    def on_change(self, old: Entity | None, new: Entity | None) -> None:
        """Follow an obligation."""
        if isinstance(old, Obligation):
            self._remove(old)
        if isinstance(new, Obligation):
            self._add(new)

    def _add(self, one: Obligation) -> None:
        duties = self._duties.setdefault(one.incident, {})
        duty = (one.rule, one.label, one.debtor)
        duties[duty] = duties.get(duty, 0) + 1
        if one.owed():
            self._owed.setdefault((one.incident, one.debtor), set()).add(one.id)

    def _remove(self, one: Obligation) -> None:
        duties = self._duties[one.incident]
        duty = (one.rule, one.label, one.debtor)
        duties[duty] -= 1
        if not duties[duty]:
            del duties[duty]
            if not duties:
                del self._duties[one.incident]
        owed = self._owed.get((one.incident, one.debtor))
        if owed is not None:
            owed.discard(one.id)
            if not owed:
                del self._owed[one.incident, one.debtor]

    def owed_by(self, incident: str | None, debtor: str) -> list[str]:
        """Ids of what a debtor still owes in an incident, in order."""
        return sorted(self._owed.get((incident, debtor), ()), key=lambda one: (len(one), one))

    def exists(self, incident: str | None, duty: Duty) -> bool:
        """Whether the debtor owes or has owed this."""
        return duty in self._duties.get(incident, ())


def index(state: AreaState) -> ObligationIndex:
    """The index of the area, built when it is first asked for."""
    found: Any = state.derived.get(_NAME)
    if found is None:
        found = state.derived[_NAME] = ObligationIndex(state)
    return found  # type: ignore[no-any-return]

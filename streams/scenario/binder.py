"""Looks up late values in what was emitted so far, as a console would read them off its screen."""

from typing import Any

from streams.scenario.fold import Observed, incident_ids
from streams.scenario.late import Late
from streams.scenario.match import Matcher
from streams.scenario.model import Scenario


class Lookup:
    """A binder over a growing list of observed outputs."""

    def __init__(self, scenario: Scenario, observed: list[Observed]) -> None:
        self._observed = observed
        self._codes = scenario.names.codes()
        self._matcher = Matcher(scenario.calendar, self._alike)

    def __call__(self, late: Late) -> str | None:
        """The value, or None when nothing of the kind was seen."""
        return self._incident(late) if late.kind == "incident" else self._field(late)

    def _alike(self, word: str) -> frozenset[str]:
        code = self._codes.get(word)
        return frozenset(incident_ids(self._observed).get(word, set()) | ({code} if code else set()))

    def _incident(self, late: Late) -> str | None:
        found = [one.data["incident"] for one in self._observed if _names(one, late.ref)]
        return found[-1] if found else None

    def _field(self, late: Late) -> str | None:
        wanted: dict[str, Any] = dict(late.data)
        for one in reversed(self._observed):
            if one.type == late.ref and self._matcher.matches(wanted, one.data):
                value = one.data.get(late.field)
                return None if value is None else str(value)
        return None


def _names(one: Observed, external: str) -> bool:
    data = one.data
    known = external in {data.get("external_id"), f"{data.get('source')}|{data.get('external_id')}"}
    return known and bool(data.get("incident"))

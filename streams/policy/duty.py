"""Section `duty`: liaison officers, rosters, heartbeats (DU-1 to DU-8, SC-5)."""

from datetime import date

from pydantic import Field, PrivateAttr

from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, read

FILE = "duty.yaml"


class Silence(Entry):
    """How many intervals a node may miss before it counts as silent."""

    missed: int = Field(ge=1)


class Watch(Entry):
    """The duty of a unit to have a liaison officer and a covered duty room."""


class DutyLaw:
    """What holds on one day in one city; None where the policy is silent."""

    def __init__(self, section: "Duty", day: date, within: tuple[str, ...]) -> None:
        silences = in_force(section.silences, day, within)
        self.silence = silences[0] if silences else None
        liaison = in_force(section.liaison, day, within)
        self.liaison = liaison[0] if liaison else None
        rosters = in_force(section.rosters, day, within)
        self.roster = rosters[0] if rosters else None


class Duty(Strict):
    """The section `duty`."""

    silences: tuple[Silence, ...] = ()
    liaison: tuple[Watch, ...] = ()
    rosters: tuple[Watch, ...] = ()
    _laws: dict[tuple[date, tuple[str, ...]], DutyLaw] = PrivateAttr(default_factory=dict)

    def at(self, day: date, within: tuple[str, ...]) -> DutyLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = DutyLaw(self, day, within)
        return law


REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> Duty:
    """Rules of duty.

    Raises:
        PolicyError: the document is wrong.
    """
    return read(documents, FILE, Duty)

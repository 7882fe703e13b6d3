"""Section `autonomy`: when a node acts by itself, with what, and how long the city waits for its log (AU-1 to AU-3)."""

from datetime import date
from typing import Literal

from pydantic import Field, PrivateAttr

from schemas.base import Severity
from schemas.inputs.resources import Category
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, read

FILE = "autonomy.yaml"


class Mode(Entry):
    """The terms of autonomous response 自动响应."""

    tries: int = Field(ge=1)
    severities: tuple[Severity, ...] = ()
    categories: tuple[Category, ...] = ()
    """Categories that are delegated by default; empty: all."""
    waives: tuple[Literal["floor", "consent"], ...] = ()
    gap_minutes: int = Field(ge=0)
    log_minutes: int = Field(ge=0)


class Skip(Entry):
    """The permission to pass over a superior that cannot be reached."""


class AutonomyLaw:
    """What holds on one day in one city; None where the policy is silent."""

    def __init__(self, section: "AutonomySection", day: date, within: tuple[str, ...]) -> None:
        modes, skips = in_force(section.modes, day, within), in_force(section.skips, day, within)
        self.mode = modes[0] if modes else None
        self.skip = skips[0] if skips else None


class AutonomySection(Strict):
    """The section `autonomy`."""

    modes: tuple[Mode, ...] = ()
    skips: tuple[Skip, ...] = ()
    _laws: dict[tuple[date, tuple[str, ...]], AutonomyLaw] = PrivateAttr(default_factory=dict)

    def at(self, day: date, within: tuple[str, ...]) -> AutonomyLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = AutonomyLaw(self, day, within)
        return law


REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> AutonomySection:
    """Rules of autonomous mode.

    Raises:
        PolicyError: the document is wrong.
    """
    return read(documents, FILE, AutonomySection)

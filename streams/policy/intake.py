"""Section `intake`: when reports are about the same incident, and what happens where that is not sure."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeVar

from pydantic import Field

from streams.policy import hazards
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, error_at, read

FILE = "intake.yaml"


class Nearness(Entry):
    """Near in space and time."""

    metres: float = Field(gt=0)
    minutes: float = Field(gt=0)


class Linkage(Entry):
    """Clusters of one of these kinds that may be one outbreak."""

    days: float = Field(gt=0)
    kinds: tuple[str, ...] = Field(min_length=1)


class Supplements(Entry):
    """What a report for a closed incident does."""

    closed: Literal["attach", "reopen"]


class Clocks(Entry):
    """Tolerance for as-of times in the future."""

    minutes: float = Field(ge=0)

    @property
    def tolerance(self) -> timedelta:
        """The tolerance as a span of time."""
        return timedelta(minutes=self.minutes)


class Book(NamedTuple):
    """What holds on one day in one place; None where the policy is silent: then nothing is attached or proposed."""

    attachment: Nearness | None
    proposal: Nearness | None
    linkage: Linkage | None
    supplements: Supplements | None
    clocks: Clocks | None


E = TypeVar("E", bound=Entry)


class Intake(Strict):
    """Identity of incidents."""

    attachment: tuple[Nearness, ...] = ()
    proposal: tuple[Nearness, ...] = ()
    linkage: tuple[Linkage, ...] = ()
    supplements: tuple[Supplements, ...] = ()
    clocks: tuple[Clocks, ...] = ()

    def book(self, day: date, within: tuple[str, ...]) -> Book:
        """The entries in force on a day in these jurisdictions, the narrowest of each."""
        return Book(
            attachment=_narrowest(self.attachment, day, within),
            proposal=_narrowest(self.proposal, day, within),
            linkage=_narrowest(self.linkage, day, within),
            supplements=_narrowest(self.supplements, day, within),
            clocks=_narrowest(self.clocks, day, within),
        )


def _narrowest(entries: Sequence[E], day: date, within: tuple[str, ...]) -> E | None:
    return min(in_force(entries, day, within), key=lambda entry: within.index(entry.jurisdiction), default=None)


def load(documents: Documents) -> Intake:
    """The intake policy.

    Raises:
        PolicyError: the document is wrong, or names an unknown hazard kind.
    """
    section = read(documents, FILE, Intake)
    known = {hazard.id for hazard in hazards.load(documents).hazards}
    for index, linkage in enumerate(section.linkage):
        for kind in linkage.kinds:
            if kind not in known:
                raise error_at(documents, FILE, ("linkage", index, "kinds"), f"unknown kind {kind!r}")
    return section

"""Which law holds: that of the local day, in this city (design rule 6)."""

from datetime import date, datetime
from functools import lru_cache
from typing import Protocol, TypeVar

from streams.domain.core import area_of
from streams.domain.state import AreaState
from streams.policy.dated import jurisdictions, local_day

L_co = TypeVar("L_co", covariant=True)


class Dated(Protocol[L_co]):
    """A section of the policy whose entries have days of force."""

    def at(self, day: date, within: tuple[str, ...]) -> L_co:
        """What holds on this local day in these jurisdictions."""


def day_and_places(state: AreaState, instant: datetime) -> tuple[date, tuple[str, ...]]:
    """The area's local day of an instant, and the jurisdictions it lies in, narrowest first."""
    area = area_of(state)
    return _placed(instant, area.timezone, state.area, area.province)


@lru_cache(maxsize=4096)
def _placed(instant: datetime, timezone: str, area: str, province: str | None) -> tuple[date, tuple[str, ...]]:
    return local_day(instant, timezone), jurisdictions(area, province)


def law(state: AreaState, section: Dated[L_co], instant: datetime) -> L_co:
    """What the section says in this city at an instant: an incident's law is that of its occurrence."""
    return section.at(*day_and_places(state, instant))

"""Whether an input speaks of a division that this area does not have: the shell dead-letters it (design, bad input)."""

from schemas.base import InputEvent
from schemas.inputs.registers import DistrictRegistered
from schemas.inputs.reports import Place
from streams.domain.core import District
from streams.domain.state import AreaState


def unknown_division(state: AreaState, event: InputEvent) -> str | None:
    """The division code of an input that neither is this city nor one of its registered districts; None when known.

    Looks at `district` and at `place.district` of any input; the record that registers a district is exempt. Cases of
    a line list may live elsewhere: they say nothing about where the incident is.
    """
    if isinstance(event, DistrictRegistered):
        return None
    place = getattr(event, "place", None)
    named = (getattr(event, "district", None), place.district if isinstance(place, Place) else None)
    for code in named:
        if isinstance(code, str) and code != state.area and state.get(District, code) is None:
            return code
    return None

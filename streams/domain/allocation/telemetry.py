"""Positions on their way into a decision. (The lead's stub: the allocation concern replaces it.)"""

from collections.abc import Mapping
from datetime import datetime

from schemas.base import InputEvent, OutputEvent
from streams.domain.state import AreaState


def kinds_wanted(event: InputEvent) -> tuple[str, ...]:
    """Kinds of resources that this input's decision will choose from."""
    return ()


def adopt_positions(
    state: AreaState, positions: Mapping[str, tuple[float, float, datetime]], kinds: tuple[str, ...]
) -> OutputEvent | None:
    """The event that brings newer positions of these kinds' resources into the state, None when there are none."""
    return None

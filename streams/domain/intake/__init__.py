"""Concern `intake`."""

from streams.domain.context import Concern

INTAKE = Concern(name="intake", inputs={}, timers={}, reactions={}, evolve={})


def unknown_division(state: object, event: object) -> str | None:
    """Path of a district code that the area has not registered."""
    return None

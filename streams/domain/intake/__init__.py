"""Concern `intake`."""

from streams.domain.context import Concern

INTAKE = Concern(name="intake", inputs={}, timers={}, reactions={}, evolve={})

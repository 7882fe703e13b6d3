"""Concern `allocation`."""

from streams.domain.context import Concern

ALLOCATION = Concern(name="allocation", inputs={}, timers={}, reactions={}, evolve={})

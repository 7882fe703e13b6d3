"""Concern `activation`."""

from streams.domain.context import Concern

ACTIVATION = Concern(name="activation", inputs={}, timers={}, reactions={}, evolve={})

"""Concern `notification`."""

from streams.domain.context import Concern

NOTIFICATION = Concern(name="notification", inputs={}, timers={}, reactions={}, evolve={})

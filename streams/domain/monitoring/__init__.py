"""Concern `monitoring`."""

from streams.domain.context import Concern

MONITORING = Concern(name="monitoring", inputs={}, timers={}, reactions={}, evolve={})

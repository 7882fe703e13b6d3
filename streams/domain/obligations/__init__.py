"""Concern `obligations`."""

from streams.domain.context import Concern

OBLIGATIONS = Concern(name="obligations", inputs={}, timers={}, reactions={}, evolve={})

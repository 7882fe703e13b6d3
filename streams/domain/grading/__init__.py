"""Concern `grading`."""

from streams.domain.context import Concern

GRADING = Concern(name="grading", inputs={}, timers={}, reactions={}, evolve={})

"""Concern `directives`."""

from streams.domain.context import Concern

DIRECTIVES = Concern(name="directives", inputs={}, timers={}, reactions={}, evolve={})

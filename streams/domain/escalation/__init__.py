"""Concern `escalation`."""

from streams.domain.context import Concern

ESCALATION = Concern(name="escalation", inputs={}, timers={}, reactions={}, evolve={})

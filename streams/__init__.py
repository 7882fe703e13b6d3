"""Liandong 联动: event-driven incident command for two departments that must act as one."""

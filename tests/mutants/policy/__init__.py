"""Changing the law on purpose: every change of a policy entry must be noticed by a test or a scenario."""

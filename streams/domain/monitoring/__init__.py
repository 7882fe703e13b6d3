"""Signals of the five channels, 120 KPIs, the release gate and rumours (MO-*, EM-*, PR-*)."""

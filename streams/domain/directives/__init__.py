"""Who commands, whether they may, and what waits for somebody's decision. The concern itself: `concern.py`.

This package and those of escalation and activation import nothing here: other concerns use their parts.
"""

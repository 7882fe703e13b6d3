"""Handing incidents over between cities. The concern itself: `concern.py`."""

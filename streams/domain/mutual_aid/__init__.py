"""Mutual aid between cities (MA-1). The concern itself: `concern.py`."""

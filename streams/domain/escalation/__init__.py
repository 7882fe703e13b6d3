"""Alert state, response levels and their life, command. The concern itself: `concern.py`."""

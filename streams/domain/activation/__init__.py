"""The joint mechanism and its task force. The concern itself: `concern.py`."""

"""Autonomous mode: who is cut off acts alone, and the log of it is merged afterwards (AU-1 to AU-3)."""

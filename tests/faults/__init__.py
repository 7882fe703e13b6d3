"""Fault run (A3): kills and freezes under load on real parts, and a checker that reads only topics and database."""

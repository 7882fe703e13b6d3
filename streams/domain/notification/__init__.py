"""Notices and ladders, orders, tasks, duty rooms, silent districts (NS-*, DU-*, TF-10, TF-11)."""

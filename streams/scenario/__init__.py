"""Scenario files: an incident told as steps on virtual time, with what must and must not come out (FORMAT.md).

A file is read (`parse`), turned into signed records (`compile`), played through the pure core (`core_play`) or
through topics (`play`), and judged by the same code either way (`judge`).
"""

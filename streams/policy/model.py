"""The loaded policy: one immutable value that every decision is given.

Sections are typed by their own module (grading, obligations, activation, ...); `version` is the digest of all files.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """All policy of one version."""

    version: str

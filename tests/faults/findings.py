"""What a check found: counts by name, and the first words about each kind of thing that is wrong."""

from collections import Counter
from dataclasses import dataclass, field

SHOWN = 5
WRONG = (
    "lost", "doubled", "foreign", "gaps", "overcommitted", "poison_missing", "unexpected_letters", "not_identical",
    "outputs_missing", "state_differs", "decided_otherwise", "chain_broken", "unpublished", "crashes",
)  # fmt: skip
"""Counts that must be zero."""


@dataclass
class Findings:
    """Counts are for the figures, examples for people."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, kind: str, what: str) -> None:
        """One more thing that must not be."""
        assert kind in WRONG, kind
        self.counts[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append(what)

    def count(self, kind: str, number: int = 1) -> None:
        """Something that was looked at."""
        self.counts[kind] += number

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return any(self.counts[kind] for kind in WRONG)

    def complaints(self) -> dict[str, int]:
        """What is wrong, by kind."""
        return {kind: self.counts[kind] for kind in WRONG if self.counts[kind]}

    def lines(self) -> list[str]:
        """Everything, for printing."""
        looked = [f"{kind} {number}" for kind, number in sorted(self.counts.items()) if kind not in WRONG]
        wrong = [f"{kind} {self.counts[kind]}" for kind in WRONG]
        told = [f"  {kind}: {what}" for kind, whats in self.examples.items() for what in whats]
        return ["looked at: " + ", ".join(looked), "must be 0:  " + ", ".join(wrong), *told]

"""Section `thresholds`: when an incident must be reported, graded or not (domain.md 2.2 note 9)."""

from datetime import date

from pydantic import Field, PrivateAttr

from streams.policy import facts, hazards
from streams.policy.conditions import ConditionError, names, parse
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.evaluation import compiled
from streams.policy.reader import Documents, error_at, read
from streams.policy.rules import CompiledRule

FILE = "thresholds.yaml"


class Threshold(Entry):
    """One line of the reporting table."""

    kinds: tuple[str, ...] = Field(min_length=1)
    when: str = Field(min_length=1)


class Thresholds(Strict):
    """The reporting table."""

    thresholds: tuple[Threshold, ...] = ()
    _rules: dict[int, CompiledRule] = PrivateAttr(default_factory=dict)

    def program(self, kinds: tuple[str, ...], day: date, within: tuple[str, ...]) -> tuple[CompiledRule, ...]:
        """The rules that apply to these hazard kinds under the law of this day and place."""
        mine = in_force(self.thresholds, day, within)
        return tuple(
            self._rules[index]
            for index, entry in enumerate(self.thresholds)
            if entry in mine and not set(entry.kinds).isdisjoint(kinds)
        )


def load(documents: Documents) -> Thresholds:
    """The reporting table, checked against facts and hazard kinds.

    Raises:
        PolicyError: the document is wrong, a kind or fact is unknown, or a condition has a wrong type.
    """
    section = read(documents, FILE, Thresholds)
    vocabulary = facts.load(documents).vocabulary
    known = {hazard.id for hazard in hazards.load(documents).hazards}
    for index, entry in enumerate(section.thresholds):
        for kind in entry.kinds:
            if kind not in known:
                raise error_at(documents, FILE, ("thresholds", index, "kinds"), f"unknown kind {kind!r}")
        try:
            tree = parse(entry.when, vocabulary)
        except ConditionError as error:
            raise error_at(documents, FILE, ("thresholds", index, "when"), f"{entry.id}: {error}") from error
        rule = CompiledRule(entry.id, entry.mark or "P", names(tree), compiled(tree))
        section._rules[index] = rule  # noqa: SLF001 - a section's own private cache
    return section

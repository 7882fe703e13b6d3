"""Which of several conditions hold: a function of the few facts that they look at, and remembered as one."""

from collections.abc import Callable, Mapping, Sequence

from schemas.inputs.reports import FactValue
from streams.policy.conditions import Facts
from streams.policy.evaluation import Predicate

REMEMBERED = 10_000
"""Combinations of values after which the memory starts anew."""
Truth = tuple[bool, ...]


class Truths:
    """Conditions on figures alone. `complete` makes of the figures that count everything that a condition may ask."""

    __slots__ = ("_complete", "_inputs", "_known", "tests")

    def __init__(
        self,
        inputs: Sequence[str],
        tests: Sequence[Predicate],
        complete: Callable[[Mapping[str, FactValue]], Facts],
    ) -> None:
        self._inputs = tuple(inputs)
        self.tests = tuple(tests)
        self._complete = complete
        self._known: dict[tuple[FactValue | None, ...], Truth] = {}

    def of(self, figures: Mapping[str, FactValue]) -> Truth:
        """For each condition whether it holds."""
        key = tuple(map(figures.get, self._inputs))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            facts = self._complete(figures)
            known = self._known[key] = tuple(test(facts) for test in self.tests)
        return known

"""Judges what was seen against what a scenario expects. Pure: the same for both ways of playing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.scenario.court import Court, Unmet
from streams.scenario.fold import Fold, Observed
from streams.scenario.model import AnyExpectation, EventExpected, Scenario


@dataclass
class Verdict:
    """The judgement of one run."""

    scenario: Scenario
    met: int = 0
    unmet: list[Unmet] = field(default_factory=list)
    pending: list[AnyExpectation] = field(default_factory=list)
    """Not judged; the reason stands in each."""
    pending_met: list[AnyExpectation] = field(default_factory=list)
    """Pending, but it holds already: the mark can go."""
    errors: list[str] = field(default_factory=list)
    """Faults of the run itself: a record that broke a decision, a value that was never emitted."""

    @property
    def passed(self) -> bool:
        """Whether every judged expectation held and the run had no fault."""
        return not self.unmet and not self.errors


def judge(scenario: Scenario, observed: list[Observed], errors: Iterable[str] = ()) -> Verdict:
    """Every expectation of the scenario against what was observed."""
    verdict = Verdict(scenario, errors=list(errors))
    court = Court(scenario, observed)
    fold = Fold(observed)
    standing = [one for one in scenario.expectations if not isinstance(one, EventExpected)]
    states = {id(one): court.standing(one, fold.at(one.at)) for one in sorted(standing, key=lambda one: one.at)}
    for one in scenario.expectations:
        _count(verdict, one, court.events(one) if isinstance(one, EventExpected) else states[id(one)])
    return verdict


def _count(verdict: Verdict, expectation: AnyExpectation, unmet: Unmet | None) -> None:
    if expectation.pending is not None:
        verdict.pending.append(expectation)
        if unmet is None:
            verdict.pending_met.append(expectation)
    elif unmet is None:
        verdict.met += 1
    else:
        verdict.unmet.append(unmet)

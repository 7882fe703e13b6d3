"""B1: every run of every scenario file holds in the pure core (the acceptance tests play them through topics)."""

from functools import cache
from pathlib import Path

import pytest

from streams.scenario.core_play import play
from streams.scenario.judge import judge
from streams.scenario.model import Scenario
from streams.scenario.parse import load

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.startswith("fixture"))


@cache
def runs(path: Path) -> tuple[Scenario, ...]:
    """A file's base run and its variants."""
    return tuple(load(path))


CASES = [
    pytest.param(path, index, id=run.label.replace(" ", "_") if "open" not in path.stem else f"open_{run.label}")
    for path in FILES
    for index, run in enumerate(runs(path))
]


@pytest.mark.parametrize(("path", "index"), CASES)
def test_a_run_is_as_its_file_expects(path: Path, index: int) -> None:
    """B1, B2: no unmet expectation, no fault."""
    run = runs(path)[index]
    played = play(run)
    verdict = judge(run, played.observed, played.errors)
    assert verdict.passed, [f"{one.expectation.place}: {one.reason}: {one.instead}" for one in verdict.unmet]

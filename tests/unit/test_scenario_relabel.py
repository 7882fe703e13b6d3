"""A run in another city's codes is the same run."""

from pathlib import Path

import pytest

from streams.scenario.core_play import play
from streams.scenario.judge import judge
from streams.scenario.parse import load
from streams.scenario.relabel import relabelled

FILES = sorted((Path(__file__).parents[1] / "scenarios").glob("sc_[127].yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_relabelled_run_is_judged_alike_and_leaves_no_old_code_behind(path: Path) -> None:
    scenario = load(path)[0]
    moved = relabelled(scenario, iter(["700100"]), "exercise.many")
    one, other = (judge(run, play(run).observed) for run in (scenario, moved))
    assert (one.met, len(one.unmet), len(one.pending)) == (other.met, len(other.unmet), len(other.pending))
    assert "9901" not in repr([send.data for send in moved.fixture] + [step.send for step in moved.steps])
    assert moved.areas() == {"700100"}

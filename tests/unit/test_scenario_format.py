"""FORMAT.md is enough to write a scenario: its own examples run, and its reference is what the code says."""

import re
from pathlib import Path

import pytest

from streams.scenario.core_play import play
from streams.scenario.expect_short import SHORT
from streams.scenario.judge import judge
from streams.scenario.match import OPERATORS
from streams.scenario.parse import HEAD, VARIANT, load
from streams.scenario.reference import up_to_date
from streams.scenario.shortforms import WORDS
from streams.scenario.steps import STEP_KEYS

DOCUMENT = Path(__file__).parents[1] / "scenarios" / "FORMAT.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
FIRST_EXAMPLE = re.search(r"## 1\. A whole scenario\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_the_first_example_runs_as_it_stands_beside_the_shared_world(tmp_path: Path) -> None:
    """B6: somebody who copies the example and changes it starts from something that works."""
    assert FIRST_EXAMPLE
    world = DOCUMENT.with_name("fixture_j.yaml").read_text(encoding="utf-8")
    (tmp_path / "fixture_j.yaml").write_text(world, encoding="utf-8")
    path = tmp_path / "fire.yaml"
    path.write_text(FIRST_EXAMPLE[1], encoding="utf-8")
    for scenario in load(path):
        played = play(scenario)
        verdict = judge(scenario, played.observed, played.errors)
        assert verdict.passed, (scenario.label, verdict.unmet, verdict.errors)


@pytest.mark.parametrize("word", [*HEAD, *VARIANT, *WORDS, *STEP_KEYS, *SHORT, *sorted(OPERATORS)])
def test_every_word_of_the_format_is_in_the_document(word: str) -> None:
    assert re.search(rf"`\{{?{word}\b", TEXT), word


@pytest.mark.parametrize("word", SHORT)
def test_every_short_form_has_a_row_that_names_its_keys(word: str) -> None:
    table = TEXT.partition("### Short forms of expectations")[2].partition("### 6.1")[0]
    row = re.search(rf"^\| `{word}` \|(.*)$", table, re.MULTILINE)
    assert row, word
    unnamed = [key for key in SHORT[word].keys if not re.search(rf"`{key}\b", row[1])]
    assert unnamed in ([], ["NDR"]), word


def test_the_reference_is_what_the_code_says() -> None:
    """Run `python -m streams.scenario.reference tests/scenarios/FORMAT.md` to write it anew."""
    assert up_to_date(DOCUMENT)

"""Ids: every core requirement is proved somewhere, every policy entry is defined once. Files stay small."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from streams.policy.loader import bundled_documents
from tests.support.core_ids import CORE, UNBUILT

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
GENERATED = {"requirements.lock", "requirements-dev.lock"}
CODE = ("schemas", "streams", "tests", "deploy")


@cache
def told_by_tests() -> str:
    """Names and docstrings of every test, and of the modules they stand in."""
    said: list[str] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said.append(ast.get_docstring(tree) or "")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                said += [ast.get_docstring(node) or "", node.name.upper().replace("_", "-")]
    return "\n".join(said)


def is_told(id: str, text: str) -> bool:
    return re.search(rf"(?<![A-Z0-9]){re.escape(id)}(?![0-9])", text) is not None


def test_the_core_requirements_are_the_hundred_and_twenty_five_of_the_domain_report() -> None:
    assert len(CORE) == 125
    assert set(UNBUILT) < CORE


@pytest.mark.parametrize("id", sorted(CORE - set(UNBUILT)))
def test_a_test_names_the_core_requirement_that_it_proves(id: str) -> None:
    assert is_told(id, told_by_tests()), f"no test says that it proves {id}"


def policy_ids() -> Iterator[tuple[str, str]]:
    """Every id that an entry of a policy file defines, with the file."""
    for file, text in bundled_documents().items():
        yield from ((id, file) for id in ids_in(YAML(typ="safe").load(text)))


def ids_in(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("id"), str) and "source" in node:
            yield node["id"]
        for value in node.values():
            yield from ids_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from ids_in(value)


def test_a_policy_id_is_defined_in_exactly_one_file() -> None:
    """B4: `git grep WSA-3` leads to one definition; several dated versions of it stand in the same file."""
    files: dict[str, set[str]] = defaultdict(set)
    for id, file in policy_ids():
        files[id].add(file)
    assert len(files) > 200
    assert {id: sorted(where) for id, where in files.items() if len(where) > 1} == {}


def test_no_code_defines_a_threshold_that_the_policy_owns() -> None:
    """B4: outside the policy nobody gives an entry's id a condition: `when` stands in YAML only."""
    graded = {id for id, file in policy_ids() if file == "grading.yaml"}
    found = Counter(
        id
        for path in sorted((ROOT / "streams").rglob("*.py"))
        for id in re.findall(r"[\"']([A-Za-z]{2,4}-\d[a-z]?)[\"']", path.read_text(encoding="utf-8"))
        if id in graded
    )
    assert found == {}


def hand_written() -> Iterator[Path]:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name not in GENERATED and "published" not in path.parts:
                yield path


def test_no_hand_written_module_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in hand_written()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}

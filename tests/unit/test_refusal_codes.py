"""Refusal codes: every one that the core can give is documented, and none is documented that it cannot give."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from schemas.outputs.refusal_codes import REFUSAL_CODES

DOMAIN = Path(__file__).parents[2] / "streams" / "domain"
CODE = re.compile(r"^[A-Z]+(_[A-Z]+)*$")
BLOCKED_ONLY = {"INCIDENT_UNKNOWN", "NOT_A_CDC", "UNVERIFIED_FIGURES"}
"""Codes of a blocked release, which is no refusal of a command."""


def written() -> Iterator[str]:
    """Upper-case words with which a refusal is made, in the code of the core."""
    for path in sorted(DOMAIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                parts = list(node.args) if name in {"Refusal", "refuse"} else []
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
                parts = [node.value]
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                parts = node.value.elts[:1]
            for part in parts:
                for leaf in ast.walk(part):
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and CODE.match(leaf.value):
                        yield leaf.value


def test_the_documented_refusal_codes_are_those_of_the_core() -> None:
    found = set(written()) - BLOCKED_ONLY
    assert found == set(REFUSAL_CODES), "add it to schemas/outputs/refusal_codes.py and write FORMAT.md anew"

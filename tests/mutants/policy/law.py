"""Putting a changed law in the place of the bundled one, inside one process.

The bundled policy is one object; whoever holds it sees the change. Documents are unchanged texts: only what their
parser says about one of them differs, so a test that loads the documents itself sees the change too, and the version
stays what it is (a version that differs would be noticed by everybody, and nobody would have looked at the law).
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, fields
from functools import partial
from types import ModuleType
from typing import Any

from streams.policy import reader
from streams.policy.loader import bundled, bundled_documents
from streams.policy.model import Policy
from streams.policy.reader import PolicyError
from tests.mutants.policy.operators import Mutant

KEPT = frozenset({"_parse", "bundled"})
"""Memories that stay: parsed documents, and the policy that is changed in place."""
REMEMBERING = ("streams.policy.", "tests.allocation_city")


class Unchanged(Exception):  # noqa: N818 - not an error: there is nothing to test
    """The changed document is the same law."""


def sections() -> list[Field[Any]]:
    """The sections of the policy."""
    return [field for field in fields(Policy) if "load" in field.metadata]


def readers_of() -> dict[str, list[str]]:
    """By document: the sections whose loading reads it."""
    documents, found = bundled_documents(), dict[str, set[str]]()

    def hear(section: str, name: str, _text: str, known: Any) -> Any:
        found.setdefault(name, set()).add(section)
        return known

    for field in sections():
        forget()
        with _parsing(partial(hear, field.name)):
            field.metadata["load"](documents)
    return {name: sorted(names) for name, names in found.items()}


def enact(mutant: Mutant, affected: list[str]) -> None:
    """Make the mutant the law of this process, for good.

    Raises:
        PolicyError: the load refuses it.
        Unchanged: what is loaded from it is what was loaded before.
    """
    documents, policy = bundled_documents(), bundled()
    _parse_as(lambda name, text, known: mutant.data if (name, text) == (mutant.file, documents[name]) else known)
    vars(reader)["_line"] = lambda _text, _path: 1
    loads = {field.name: field.metadata["load"] for field in sections()}
    forget()
    changed = {name: loads[name](documents) for name in affected}
    if all(_same(section, getattr(policy, name)) for name, section in changed.items()):
        raise Unchanged
    for name, section in changed.items():
        object.__setattr__(policy, name, section)
    forget()


def forget() -> None:
    """Empty the memory of every function that may remember the old law: those of the loader, and of tests that load."""
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and module.__name__.startswith(REMEMBERING):
            for name, value in list(vars(module).items()):
                if name not in KEPT and hasattr(value, "cache_clear"):
                    value.cache_clear()


def _same(section: Any, other: Any) -> bool:
    return bool(section.model_dump() == other.model_dump())


Hear = Callable[[str, str, Any], Any]


def _parse_as(hear: Hear) -> Callable[[str, str], Any]:
    usual: Callable[[str, str], Any] = vars(reader)["_parse"]
    vars(reader)["_parse"] = lambda name, text: hear(name, text, usual(name, text))
    return usual


@contextmanager
def _parsing(hear: Hear) -> Iterator[None]:
    usual = _parse_as(hear)
    try:
        yield
    finally:
        vars(reader)["_parse"] = usual


__all__ = ["PolicyError", "Unchanged", "enact", "forget", "readers_of", "sections"]

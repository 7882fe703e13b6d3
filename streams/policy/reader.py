"""Reads one policy document into its typed section, and says file and line when it cannot.

Documents are texts by file name, not files: a policy version is also stored in the database. A fast parser reads
them; the one that keeps positions is only asked once something is wrong.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from io import StringIO
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Documents = Mapping[str, str]
"""Policy texts by file name, e.g. `grading.yaml`."""
Path = tuple[str | int, ...]
"""Keys and indices from the document's root to a node."""
M = TypeVar("M", bound=BaseModel)


class PolicyError(Exception):
    """A policy document cannot become law: file, line (1-based), path inside the document, and why."""

    def __init__(self, file: str, line: int, path: Path, message: str) -> None:
        self.file = file
        self.line = line
        self.path = ".".join(str(step) for step in path)
        self.message = message
        super().__init__(f"{file}:{line}: {self.path + ': ' if path else ''}{message}")


def read(documents: Documents, name: str, model: type[M]) -> M:
    """The document `name` as `model`.

    Raises:
        PolicyError: no such document, not YAML, an unknown key, a wrong type, a missing source, an id defined twice,
            or date ranges of one id and jurisdiction that overlap.
    """
    if name not in documents:
        raise PolicyError(name, 1, (), "no such policy document")
    data = _parse(name, documents[name])
    try:
        section = model.model_validate_json(json.dumps(data, default=_plain))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = tuple(first["loc"])
        message = f"unknown key {path[-1]!r}" if first["type"] == "extra_forbidden" else first["msg"]
        raise error_at(documents, name, path, message) from error
    except TypeError as error:
        raise PolicyError(name, 1, (), str(error)) from error
    _check_entries(documents, name, data)
    return section


def error_at(documents: Documents, name: str, path: Path, message: str) -> PolicyError:
    """A PolicyError for a node of a document: what sections raise when their own checks fail."""
    return PolicyError(name, _line(documents.get(name, ""), path), path, message)


class Definition(NamedTuple):
    """An `id` in a document with what it inherits from the entries around it."""

    id: str
    path: Path
    jurisdiction: str | None
    begins: date
    ends: date


def definitions(data: Any, path: Path = (), around: Definition | None = None) -> Iterator[Definition]:
    """Every mapping with an `id`; jurisdiction and dates that it does not state are those of the entry around it."""
    if isinstance(data, dict):
        here = around
        if isinstance(data.get("id"), str):
            here = _definition(data, path, around)
            yield here
        for key, value in data.items():
            yield from definitions(value, (*path, key), here)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from definitions(value, (*path, index), around)


def parsed(documents: Documents, name: str) -> Any:
    """A document as plain data."""
    return _parse(name, documents[name])


def defined(documents: Documents, name: str) -> tuple[Definition, ...]:
    """All definitions of one document."""
    return tuple(definitions(_parse(name, documents[name])))


def _definition(data: dict[str, Any], path: Path, around: Definition | None) -> Definition:
    begins, ends = data.get("effective_from"), data.get("effective_to")
    return Definition(
        id=data["id"],
        path=path,
        jurisdiction=data.get("jurisdiction", around.jurisdiction if around else None),
        begins=_day(begins) or (around.begins if around else date.min),
        ends=_day(ends) or (around.ends if around else date.max),
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, date) else None


def _check_entries(documents: Documents, name: str, data: Any) -> None:
    seen: dict[tuple[str, str | None], list[Definition]] = {}
    for entry in definitions(data):
        others = seen.setdefault((entry.id, entry.jurisdiction), [])
        for other in others:
            if entry.begins <= other.ends and other.begins <= entry.ends:
                same = (entry.begins, entry.ends) == (other.begins, other.ends)
                what = "is defined twice" if same else "has overlapping date ranges"
                raise error_at(documents, name, (*entry.path, "id"), f"{entry.id} ({entry.jurisdiction}) {what}")
        others.append(entry)


@lru_cache(maxsize=256)
def _parse(name: str, text: str) -> Any:
    try:
        return YAML(typ="safe").load(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise PolicyError(name, mark.line + 1 if mark else 1, (), str(error.problem or error)) from error
    except (YAMLError, ValueError) as error:
        raise PolicyError(name, 1, (), str(error)) from error


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in a policy document")


def _line(text: str, path: Path) -> int:
    """The line of a node; of its nearest ancestor where the node itself is missing."""
    try:
        node = YAML(typ="rt").load(StringIO(text))
    except YAMLError:
        return 1
    line = 1
    for step in path:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
        else:
            continue  # a union's tag in pydantic's path, or a key that is missing
        node = node[step]
    return line

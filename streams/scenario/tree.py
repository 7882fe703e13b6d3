"""A YAML document with positions: every key and value knows its file, line and column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TAG = "tag:yaml.org,2002:"
MAX_FILE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a scenario file."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Problems:
    """Collects what is wrong, so that an author sees all of it at once; the same thing is told once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, place: Place, message: str) -> None:
        """Remember one problem."""
        self._found[Problem(place, message)] = None

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found, key=lambda p: (p.place.file, p.place.line, p.place.column)))

    def __len__(self) -> int:
        return len(self._found)


class ScenarioError(Exception):
    """A scenario cannot be played: `problems` says why, with file, line and column."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A plain value: str, int, float, bool or None."""

    value: str | int | float | bool | None
    place: Place

    def plain(self) -> Any:
        """The value without positions."""
        return self.value


@dataclass(frozen=True, slots=True)
class List:
    """A sequence."""

    items: tuple["Tree", ...]
    place: Place

    def plain(self) -> list[Any]:
        """The values without positions."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class Map:
    """A mapping with text keys; `key_places` tells where each key stands."""

    items: dict[str, "Tree"]
    place: Place
    key_places: dict[str, Place] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The values without positions."""
        return {key: value.plain() for key, value in self.items.items()}

    def get(self, key: str) -> "Tree | None":
        """The value of a key."""
        return self.items.get(key)

    def at(self, key: str) -> Place:
        """Where the key stands, or the mapping itself."""
        return self.key_places.get(key, self.place)

    def without(self, *keys: str) -> "Map":
        """The mapping without these keys."""
        return Map({k: v for k, v in self.items.items() if k not in keys}, self.place, self.key_places)

    def over(self, base: "Map") -> "Map":
        """This mapping laid over another one: mappings merge key by key, anything else replaces."""
        items = dict(base.items)
        for key, value in self.items.items():
            below = items.get(key)
            items[key] = value.over(below) if isinstance(value, Map) and isinstance(below, Map) else value
        return Map(items, self.place, {**base.key_places, **self.key_places})


Tree = Scalar | List | Map


def made(value: Any, place: Place) -> Tree:
    """A tree for a value that the file does not spell out; it stands where its reason stands."""
    if isinstance(value, Scalar | List | Map):
        return value
    if isinstance(value, Mapping):
        return Map({str(k): made(v, place) for k, v in value.items()}, place)
    if isinstance(value, list | tuple):
        return List(tuple(made(v, place) for v in value), place)
    return Scalar(value, place)


def read_file(path: Path, problems: Problems) -> Tree | None:
    """The document of a file (a mapping or a list), or None with the reason added to `problems`."""
    place = Place(str(path), 1, 1)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            problems.add(place, f"file is larger than {MAX_FILE_BYTES} bytes")
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(place, f"cannot read the file: {error}")
        return None
    return read_text(text, str(path), problems)


def read_text(text: str, file: str, problems: Problems) -> Tree | None:
    """The document of a text; `file` is how positions name it."""
    try:
        node = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.add(Place(file, line, column), f"not YAML: {error.problem or error.context}")
        return None
    except (YAMLError, ValueError, RecursionError) as error:
        problems.add(Place(file, 1, 1), f"not YAML: {error}")
        return None
    if not isinstance(node, MappingNode | SequenceNode):
        problems.add(Place(file, 1, 1), "a scenario file is a mapping (key: value)")
        return None
    return _Reader(file, problems).read(node)


class _Reader:
    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.open: list[Node] = []

    def place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def read(self, node: Node) -> Tree:
        if any(node is parent for parent in self.open):
            self.problems.add(self.place(node), "an alias refers to the value it stands in")
            return Scalar(None, self.place(node))
        self.open.append(node)
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node)
            if isinstance(node, SequenceNode):
                return List(tuple(self.read(item) for item in node.value), self.place(node))
            return self.scalar(node)
        finally:
            self.open.pop()

    def mapping(self, node: MappingNode) -> Map:
        items: dict[str, Tree] = {}
        places: dict[str, Place] = {}
        inherited: list[Map] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                inherited += self.merged(value_node)
                continue
            if not isinstance(key_node, ScalarNode):
                self.problems.add(self.place(key_node), "a key must be a word")
                continue
            key = str(key_node.value)
            if key in items:
                self.problems.add(self.place(key_node), f"key {key!r} is there twice")
            items[key] = self.read(value_node)
            places[key] = self.place(key_node)
        for base in inherited:
            items = {**base.items, **items}
            places = {**base.key_places, **places}
        return Map(items, self.place(node), places)

    def merged(self, node: Node) -> list[Map]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        found = [self.read(item) for item in nodes]
        if not all(isinstance(item, Map) for item in found):
            self.problems.add(self.place(node), "<< merges mappings only")
        return [item for item in found if isinstance(item, Map)]

    def scalar(self, node: Node) -> Scalar:
        place, text = self.place(node), str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return Scalar(None, place)
        if kind == "bool":
            return Scalar(text.lower() == "true", place)
        if kind == "int":
            return Scalar(_integer(text), place)
        if kind == "float":
            return Scalar(float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")), place)
        return Scalar(text, place)


def _integer(text: str) -> int | str:
    # 010 reads as 8 in some YAML versions and as 10 in others; a district code with a leading zero is text.
    clean = text.replace("_", "")
    if clean.lstrip("+-").isdigit():
        return text if len(clean.lstrip("+-")) > 1 and clean.lstrip("+-").startswith("0") else int(clean)
    return int(clean, 0)

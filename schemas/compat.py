"""Backward compatibility of published schemas: what somebody who holds the old one would trip over.

Inputs: everything that an old sender sends is still accepted and still means the same. Outputs: recorded events of
earlier releases can still be read, and consumers find every field where it was, never null where it was not. New
optional fields, new types, wider inputs and new enum members of outputs are no breaks.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Schema = dict[str, Any]
Direction = Literal["inputs", "outputs"]
NONE = float("-inf")
LOWER = {"minimum": NONE, "exclusiveMinimum": NONE, "minLength": 0, "minItems": 0, "minProperties": 0}
"""Lower bounds, and what holds where none is stated."""
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "const")
MISSING = object()


def breaks(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Breaks between two sets of published files (path -> text)."""
    found = []
    for path in sorted(old):
        direction, _, name = path.partition("/")
        if direction not in ("inputs", "outputs"):
            continue
        type = name.removesuffix(".json")
        if path not in new:
            found.append(f"{type}: the type is gone: keep it, and add a new version beside it")
            continue
        before, after = json.loads(old[path]), json.loads(new[path])
        if before.get("x-topic") != after.get("x-topic"):
            found.append(f"{type}: moved from {before.get('x-topic')} to {after.get('x-topic')}")
        compare = Comparison(before, after, "inputs" if direction == "inputs" else "outputs")
        found += [f"{type}: {what}" for what in compare.run()]
    return found


class Comparison:
    """Compares one type's schemas; `$ref`s are looked up in each one's own `$defs`."""

    def __init__(self, old: Schema, new: Schema, direction: Direction) -> None:
        self._old = old
        self._new = new
        self._direction = direction
        self._seen: set[tuple[str, str]] = set()

    def run(self) -> list[str]:
        """Every break, with the path of its field."""
        return list(self._compare(self._old, self._new, "$"))

    def _compare(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if pair in self._seen:
                return
            self._seen.add(pair)
        before, after = self._branches(old, self._old), self._branches(new, self._new)
        for branch in before:
            yield from self._served(branch, after, path)
        if self._direction == "outputs":
            yield from _widened(before, after, path)

    def _served(self, branch: Schema, after: list[Schema], path: str) -> Iterator[str]:
        """Breaks for what fitted this branch: none where some new branch takes it as it was."""
        problems = []
        for candidate in sorted(after, key=lambda one: _likeness(branch, one), reverse=True):
            found = list(self._same_branch(branch, candidate, path))
            if not found:
                return
            problems.append(found)
        yield from problems[0] if problems else [f"{path}: {_named(branch)} is gone"]

    def _branches(self, schema: Schema, root: Schema) -> list[Schema]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._branches(root["$defs"][name], root)
        inner = schema.get("anyOf") or schema.get("oneOf")
        if inner is None:
            return [schema]
        return [branch for one in inner for branch in self._branches(one, root)]

    def _same_branch(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        if (
            old.get("type") != new.get("type")
            and "type" in new
            and (old.get("type"), new["type"]) != ("integer", "number")
        ):
            yield f"{path}: was {_named(old)}, is {_named(new)}"
            return
        yield from _constraints(old, new, path)
        yield from self._properties(old, new, path)
        yield from self._items(old, new, path)

    def _properties(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name not in after:
                yield f"{path}.{name}: removed or renamed"
            else:
                yield from self._compare(before[name], after[name], f"{path}.{name}")
        needed = set(new.get("required", ())) - set(old.get("required", ()))
        for name in sorted(needed):
            yield f"{path}.{name}: required now: " + (
                "senders leave it out" if self._direction == "inputs" else "recorded events lack it; give it a default"
            )

    def _items(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        for key, step in (("items", "[]"), ("additionalProperties", ".*"), ("propertyNames", ".~")):
            one, other = old.get(key), new.get(key)
            if isinstance(one, dict) and isinstance(other, dict):
                yield from self._compare(one, other, path + step)
            elif other is not None and other is not True and one != other:
                yield f"{path}{step}: constrained now"
        one, other = old.get("prefixItems", []), new.get("prefixItems", [])
        if one and len(one) != len(other):
            yield f"{path}: had {len(one)} places, has {len(other)}"
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from self._compare(left, right, f"{path}[{number}]")


def _widened(before: list[Schema], after: list[Schema], path: str) -> Iterator[str]:
    """JSON types that consumers have never met here."""
    known = {one.get("type") for one in before}
    if None in known:
        return
    for kind in sorted({str(one.get("type")) for one in after} - {str(one) for one in known}):
        yield f"{path}: may be {kind} now"


def _constraints(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for key, least in LOWER.items():
        if key in new and new[key] > old.get(key, least):
            yield f"{path}: {key} was {old.get(key, 'none')}, is {new[key]}"
    for key in UPPER:
        if key in new and new[key] < old.get(key, float("inf")):
            yield f"{path}: {key} was {old.get(key, 'none')}, is {new[key]}"
    for key in EXACT:
        if new.get(key, MISSING) not in (MISSING, old.get(key, MISSING)):
            yield f"{path}: {key} was {old.get(key, 'none')}, is {new[key]}"
    if "enum" in new:
        values = old.get("enum", [old["const"]] if "const" in old else None)
        gone = [value for value in values if value not in new["enum"]] if values is not None else ["any other value"]
        if gone:
            yield f"{path}: no longer {', '.join(map(str, gone))}"


def _likeness(old: Schema, new: Schema) -> int:
    """How much two branches look like the same thing: title first, then a shared tag, then the type."""
    tags = [
        (name, one.get("const"))
        for name, one in old.get("properties", {}).items()
        if "const" in one and new.get("properties", {}).get(name, {}).get("const") == one["const"]
    ]
    return 4 * (old.get("title") == new.get("title")) + 2 * bool(tags) + (old.get("type") == new.get("type"))


def _named(schema: Schema) -> str:
    return str(schema.get("title") or schema.get("type") or "anything")

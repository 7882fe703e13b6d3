"""All single changes of a policy document: what `mutants-policy` tries.

A document is plain data. Its mutants differ from it in one place each: an entry or a part of one is gone, a number is
one higher or lower, a word is another word that stands at the same key elsewhere in the file, a flag is flipped, a
list has an item too few or too many, a day is the next day, a condition has another number, comparison or connective,
or a term less.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from streams.policy.dated import NATIONAL

Path = tuple[str | int, ...]

PROSE = frozenset({"source", "reachability_source", "note", "mark", "zh", "en", "unit"})
"""Text for readers: nothing is decided by it."""
IDENTITY = frozenset({"id", "label", "jurisdiction"})
"""What an entry is called; a renamed entry is an entry that was deleted and another that was added."""
CONDITIONS = frozenset({"when", "formula", "otherwise"})
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Mutant(NamedTuple):
    """One document with one change. `name` is stable: entries go by their ids, not by their place."""

    file: str
    entry: str
    name: str
    data: Any


class _Spot(NamedTuple):
    path: Path
    keys: tuple[str, ...]
    label: str
    entry: str
    value: Any
    siblings: int = 1


def mutants(file: str, data: Any) -> Iterator[Mutant]:
    """Every mutant of a document, in the document's order."""
    data = copied(data)
    words = vocabulary(data)
    for spot in _spots(data):
        for what, change in _changes(spot, words):
            yield Mutant(file, spot.entry, f"{file} {spot.label}: {what}", _changed(data, spot.path, change))


def copied(data: Any) -> Any:
    """The same data without shared parts: what an anchor and its aliases say can then differ."""
    if isinstance(data, dict):
        return {key: copied(value) for key, value in data.items()}
    return [copied(value) for value in data] if isinstance(data, list) else data


def vocabulary(data: Any) -> dict[str, list[str]]:
    """By key: the words that stand there anywhere in the document, sorted."""
    found: dict[str, set[str]] = {}
    for spot in _spots(data):
        if isinstance(spot.value, str) and spot.keys:
            found.setdefault(spot.keys[-1], set()).add(spot.value)
    return {key: sorted(words) for key, words in found.items()}


def _spots(
    data: Any, path: Path = (), keys: tuple[str, ...] = (), label: str = "", entry: str = "", siblings: int = 1
) -> Iterator[_Spot]:
    yield _Spot(path, keys, label, entry, data, siblings)
    if isinstance(data, dict):
        for key, value in data.items():
            if key not in PROSE and key not in IDENTITY and not (key == "name" and _is_title(data)):
                inner = f"{label}.{key}" if label else str(key)
                yield from _spots(value, (*path, key), (*keys, str(key)), inner, entry)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            called, is_entry = _called(value, index)
            inner = called if is_entry else f"{label}[{called}]"
            yield from _spots(value, (*path, index), keys, inner, called if is_entry else entry, len(data))


def _is_title(data: dict[str, Any]) -> bool:
    """Whether `name` is a title in two languages, or the name by which a fact is known."""
    return isinstance(data["name"], dict) or "type" in data


def _called(value: Any, index: int) -> tuple[str, bool]:
    if not isinstance(value, dict):
        return str(value), False
    if "id" in value:
        where = value.get("jurisdiction", NATIONAL)
        dated = f"@{where}" if where != NATIONAL else ""
        if value.get("effective_to") is not None:
            dated += f"@{value.get('effective_from')}"
        return f"{value['id']}{dated}", True
    if "name" in value and "type" in value:
        return str(value["name"]), True
    return str(value.get("label", index)), False


Change = Callable[[Any, Any], None]
"""Changes the container of a spot, which holds it under the key."""


def _changes(spot: _Spot, words: Mapping[str, list[str]]) -> Iterator[tuple[str, Change]]:
    if not spot.path:
        return
    if _removable(spot):
        yield "gone", _remove
    for what, value in _values(spot, words):
        yield what, _put(value)


def _removable(spot: _Spot) -> bool:
    """Whether to try without it. Where it may not be absent the load says so; where a list has one item, it counts as
    the item, and a section is its entries.
    """
    if isinstance(spot.path[-1], int):
        return isinstance(spot.value, dict) or spot.siblings > 1
    if isinstance(spot.value, list):
        return len(spot.path) > 1 and (len(spot.value) <= 1 or not isinstance(spot.value[0], dict))
    return spot.value is not None and spot.keys[-1] not in {"effective_from", *CONDITIONS}


def _values(spot: _Spot, words: Mapping[str, list[str]]) -> Iterator[tuple[str, Any]]:
    key, value = spot.keys[-1], spot.value
    if isinstance(value, bool):
        yield str(not value).lower(), not value
    elif isinstance(value, int):
        yield f"{value} -> {value + 1}", value + 1
        yield f"{value} -> {value - 1}", value - 1
    elif isinstance(value, float):
        yield f"{value} -> {value * 1.05:g}", value * 1.05
        yield f"{value} -> {value * 0.95:g}", value * 0.95
    elif isinstance(value, date) or (isinstance(value, str) and key.startswith("effective_")):
        day = value if isinstance(value, date) else date.fromisoformat(value)
        other = day + timedelta(-1 if key == "effective_to" else 1)
        yield f"{day} -> {other}", other.isoformat()
    elif isinstance(value, str) and (not isinstance(spot.path[-1], int) or spot.siblings == 1):
        yield from _texts(key, value, words.get(key, []))
    elif isinstance(value, list):
        yield from _longer(value, words.get(key, []))


def _texts(key: str, value: str, words: list[str]) -> Iterator[tuple[str, str]]:
    clock = CLOCK.fullmatch(value)
    if key in CONDITIONS:
        for text in conditions(value):
            yield f"-> {text}", text
    elif clock:
        later = f"{(int(clock[1]) + 1) % 24:02}:{clock[2]}"
        yield f"{value} -> {later}", later
    elif len(words) > 1:
        other = words[(words.index(value) + 1) % len(words)]
        yield f"{value} -> {other}", other


def _longer(value: list[Any], words: list[str]) -> Iterator[tuple[str, list[Any]]]:
    if all(isinstance(item, str) for item in value):
        added = next((word for word in words if word not in value), None)
    elif all(isinstance(item, int) for item in value):
        added = max(value, default=0) + 1
    else:
        added = None
    if added is not None:
        yield f"+ {added}", [*value, added]


def _remove(container: Any, key: Any) -> None:
    del container[key]


def _put(value: Any) -> Change:
    def put(container: Any, key: Any) -> None:
        container[key] = value

    return put


def _changed(data: Any, path: Path, change: Change) -> Any:
    """A copy of the data with one change."""
    root = copy.copy(data)
    node = root
    for step in path[:-1]:
        node[step] = copy.copy(node[step])
        node = node[step]
    change(node, path[-1])
    return root


COMPARISON = re.compile(r"<=|>=|==|!=|<|>")
NUMBER = re.compile(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w'])")
OTHERS = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "==": "!=", "!=": "=="}
"""The edge of a comparison is moved by changing its number; so a changed comparison is the opposite one."""
WORDS = {"and": "or", "or": "and"}


def conditions(text: str) -> Iterator[str]:
    """Conditions that differ from this one in a number, a comparison, a connective, a term, or a sign."""
    text = " ".join(text.split())
    for match in NUMBER.finditer(text):
        for other in _numbers(match[0]):
            yield text[: match.start()] + other + text[match.end() :]
    for match in COMPARISON.finditer(text):
        yield text[: match.start()] + OTHERS[match[0]] + text[match.end() :]
    for match in re.finditer(r"\b(?:and|or)\b", text):
        yield text[: match.start()] + WORDS[match[0]] + text[match.end() :]
    yield from _terms(text)
    for match in re.finditer(r"\bnot ", text):
        yield text[: match.start()] + text[match.end() :]
    for match in re.finditer(r"(?<!not )(?<![\w+<>=!'.])(?!and\b|or\b|not\b)[a-z]\w*(?=$|[ )])(?! *[<>=!+])", text):
        yield f"{text[: match.start()]}not {text[match.start() :]}"


def _numbers(text: str) -> tuple[str, ...]:
    if "." in text:
        places = len(text.partition(".")[2])
        step = 10.0**-places
        return f"{float(text) + step:.{places}f}", f"{float(text) - step:.{places}f}"
    return (str(int(text) + 1), str(int(text) - 1)) if int(text) else ("1",)


def _terms(text: str) -> Iterator[str]:
    """The text without one of its terms: operands of `and`, `or` and `+`, at every depth of brackets."""
    for start, end in _groups(text):
        inner = text[start:end]
        for sign in (" and ", " or ", "+"):
            parts = _split(inner, sign)
            for index in range(len(parts)):
                if len(parts) > 1:
                    rest = sign.join(parts[:index] + parts[index + 1 :])
                    yield text[:start] + rest + text[end:]


def _groups(text: str) -> list[tuple[int, int]]:
    found, opened = [(0, len(text))], []
    for index, sign in enumerate(text):
        if sign == "(":
            opened.append(index + 1)
        elif sign == ")":
            found.append((opened.pop(), index))
    return found


def _split(text: str, sign: str) -> list[str]:
    parts, depth, last = [], 0, 0
    for index in range(len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if not depth and text.startswith(sign, index) and index >= last:
            parts.append(text[last:index])
            last = index + len(sign)
    return [*parts, text[last:]]

"""Partial matching of what was seen against what a scenario wrote: operators, short names, instants."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.envelope import parse_time
from streams.scenario.times import Calendar, TimeError

MISSING = "(missing)"
SHOWN = 240
"""Characters of a value in a message."""
OPERATORS = frozenset(
    {
        "eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "contains", "contains_all", "lacks", "same_items",
        "size", "exists", "matches", "each",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matcher:
    """Compares values; `alike` gives the texts a written word may stand for (district codes, incident ids)."""

    calendar: Calendar
    alike: Callable[[str], frozenset[str]]

    def differences(self, wanted: Any, seen: Any, path: str = "") -> list[str]:
        """What does not match, in words; empty when it does."""
        if isinstance(wanted, Mapping):
            if wanted and wanted.keys() <= OPERATORS:
                return [text for op, value in wanted.items() for text in self._operator(op, value, seen, path)]
            return self._mapping(wanted, seen, path)
        if isinstance(wanted, list):
            return self._list(wanted, seen, path)
        return [] if self.same(wanted, seen) else [_says(path, wanted, seen)]

    def matches(self, wanted: Any, seen: Any) -> bool:
        """Whether nothing differs."""
        return not self.differences(wanted, seen)

    def _mapping(self, wanted: Mapping[str, Any], seen: Any, path: str) -> list[str]:
        if not isinstance(seen, Mapping):
            return [_says(path, dict(wanted), seen)] if wanted else []
        found: list[str] = []
        for key, value in wanted.items():
            inner = f"{path}.{key}" if path else key
            found += self.differences(value, self._field(seen, key), inner)
        return found

    def _field(self, seen: Mapping[str, Any], key: str) -> Any:
        if key in seen:
            return seen[key]
        return next((value for name, value in seen.items() if name in self.alike(key)), MISSING)

    def _list(self, wanted: list[Any], seen: Any, path: str) -> list[str]:
        if not isinstance(seen, list) or len(seen) != len(wanted):
            return [_says(path, wanted, seen)]
        pairs = enumerate(zip(wanted, seen, strict=True))
        return [text for i, (one, other) in pairs for text in self.differences(one, other, f"{path}[{i}]")]

    def same(self, wanted: Any, seen: Any) -> bool:
        """Equality of plain values: numbers by value, instants by instant, names by what they stand for."""
        if isinstance(wanted, bool) or isinstance(seen, bool) or wanted is None or seen is None:
            return wanted is seen
        if isinstance(wanted, int | float) and isinstance(seen, int | float):
            return wanted == seen
        if str(wanted) == str(seen):
            return True
        if not isinstance(wanted, str) or not isinstance(seen, str):
            return False
        if seen in self.alike(wanted):
            return True
        instant = _instant(seen)
        return instant is not None and self._moment(wanted) == instant

    def _moment(self, text: str) -> datetime | None:
        try:
            return self.calendar.instant(text)
        except TimeError:
            return None

    def _operator(self, op: str, value: Any, seen: Any, path: str) -> list[str]:
        if self._holds(op, value, seen):
            return []
        return [f"{path or 'value'} should be {op} {_short(value)}, was {_short(seen)}"]

    def _holds(self, op: str, value: Any, seen: Any) -> bool:
        if op in {"gt", "gte", "lt", "lte"}:
            return self._ordered(op, value, seen)
        if op in {"eq", "ne"}:
            return self.same(value, seen) is (op == "eq")
        if op in {"in", "not_in"}:
            return any(self.matches(option, seen) for option in _many(value)) is (op == "in")
        if op == "exists":
            return (seen != MISSING and seen is not None) is bool(value)
        if op == "size":
            return isinstance(seen, list | Mapping | str) and self.matches(value, len(seen))
        return self._collection(op, value, seen)

    def _ordered(self, op: str, value: Any, seen: Any) -> bool:
        if isinstance(value, str) and isinstance(seen, str):
            left, right = _instant(seen), self._moment(value)
            return left is not None and right is not None and _compare(op, left.timestamp(), right.timestamp())
        if isinstance(value, bool) or isinstance(seen, bool):
            return False
        return isinstance(value, int | float) and isinstance(seen, int | float) and _compare(op, seen, value)

    def _text(self, op: str, value: Any, seen: str) -> bool:
        if op == "matches":
            return re.search(str(value), seen) is not None
        return (str(value) in seen) is (op != "lacks")

    def _collection(self, op: str, value: Any, seen: Any) -> bool:
        if isinstance(seen, str):
            return self._text(op, value, seen)
        items = list(seen) if isinstance(seen, list | Mapping) else None
        if items is None:
            return op == "lacks"
        if op in {"contains", "lacks"}:
            return any(self.matches(value, item) for item in items) is (op == "contains")
        if op == "each":
            return all(self.matches(value, item) for item in items)
        if op == "contains_all":
            return all(any(self.matches(one, item) for item in items) for one in _many(value))
        return self._same_items(_many(value), items)

    def _same_items(self, wanted: list[Any], items: list[Any]) -> bool:
        left = list(items)
        for one in wanted:
            hit = next((i for i, item in enumerate(left) if self.matches(one, item)), None)
            if hit is None:
                return False
            left.pop(hit)
        return not left


def _compare(op: str, left: float, right: float) -> bool:
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _instant(text: str) -> datetime | None:
    if len(text) < len("2026-03-10T00:00Z") or text[4:5] != "-":
        return None
    try:
        return parse_time(text)
    except ValueError:
        return None


def _says(path: str, wanted: Any, seen: Any) -> str:
    return f"{path or 'value'} should be {_short(wanted)}, was {_short(seen)}"


def _short(value: Any) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

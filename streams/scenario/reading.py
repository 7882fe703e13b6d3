"""Small readers for what a file says, each telling what is wrong and where."""

from collections.abc import Collection
from datetime import datetime, timedelta

from streams.scenario.names import nearest
from streams.scenario.times import Calendar, TimeError, duration
from streams.scenario.tree import List, Map, Place, Problems, Scalar, Tree


def only(node: Map, allowed: Collection[str], what: str, problems: Problems) -> None:
    """Unknown keys are errors."""
    for key in node.items:
        if key not in allowed:
            hint = nearest(key, list(allowed))
            problems.add(node.at(key), f"{what} has no key {key!r}{hint}; known: {', '.join(allowed)}")


def mapping(node: Tree | None, what: str, place: Place, problems: Problems) -> Map:
    """The mapping, or an empty one with the error told."""
    if isinstance(node, Map):
        return node
    if node is not None:
        problems.add(node.place, f"{what} must be a mapping (key: value)")
    return Map({}, place)


def items(node: Tree | None) -> tuple[Tree, ...]:
    """The items of a list; absent means none; one alone counts as a list of one."""
    if isinstance(node, List):
        return node.items
    return (node,) if node is not None and node.plain() is not None else ()


def text(node: Map, key: str, problems: Problems, default: str | None = None) -> str:
    """A word; numbers are taken as written. Without default it must be there."""
    found = node.get(key)
    if found is None:
        if default is None:
            problems.add(node.place, f"{key!r} is missing")
        return default or ""
    if isinstance(found, Scalar) and found.value is not None and not isinstance(found.value, bool):
        return str(found.value)
    problems.add(found.place, f"{key!r} must be a word")
    return default or ""


def instant(node: Tree, calendar: Calendar, base: datetime | None, problems: Problems) -> datetime | None:
    """A time, or None with the error told."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        problems.add(node.place, 'a time is a text in quotes, e.g. "09:20"')
        return None
    try:
        return calendar.instant(node.value, base)
    except TimeError as error:
        problems.add(node.place, str(error))
        return None


def span(node: Tree, problems: Problems) -> timedelta | None:
    """A duration, or None with the error told."""
    try:
        return duration(str(node.plain()))
    except TimeError as error:
        problems.add(node.place, str(error))
        return None

"""Values that only exist once the system has spoken: ids of incidents, notices and the like.

A step that refers to one is completed when it is its turn, from the outputs seen until then, as a console would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from streams.scenario.tree import Place


@dataclass(frozen=True, slots=True)
class Late:
    """A value to be looked up in what was emitted so far."""

    kind: Literal["incident", "field"]
    ref: str
    """External id of the incident, or the event type to look for."""
    place: Place
    data: tuple[tuple[str, Any], ...] = ()
    """`field`: what the event's data must match."""
    field: str = ""
    fallback: str | None = None
    """Sent where nothing of the kind was seen; without it the step cannot be played."""

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


Binder = Callable[[Late], str | None]
PLACEHOLDER = "known.when.played"


def bind(value: Any, binder: Binder) -> Any:
    """The value with every late part looked up. Raises LookupError naming the first that nobody has emitted."""
    if isinstance(value, Late):
        found = binder(value) or value.fallback
        if found is None:
            raise LookupError(f"{value.place}: no {value} was seen until this step")
        return found
    if isinstance(value, dict):
        return {key: bind(item, binder) for key, item in value.items()}
    if isinstance(value, list):
        return [bind(item, binder) for item in value]
    return value


def is_late(value: Any) -> bool:
    """Whether any part must be looked up when the step is played."""
    if isinstance(value, dict):
        return any(is_late(item) for item in value.values())
    if isinstance(value, list):
        return any(is_late(item) for item in value)
    return isinstance(value, Late)

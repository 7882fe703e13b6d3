"""A dictionary by id that is iterated in the order of ids, and costs no more than a dictionary until it is.

Decisions look entities up by id all the time and iterate now and then: the order is therefore made up for on reading.
"""

from bisect import insort
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any, TypeVar, cast

V = TypeVar("V")
FEW = 8
"""A share of new ids of at most one in so many is sorted in; more are sorted with all."""


def in_order(id: str) -> tuple[int, str]:
    """Shorter ids first, so that numbered ones come in their order."""
    return len(id), id


class Table(dict[str, V]):
    """Entities of a kind by id. Write only with `put` and `remove`."""

    __slots__ = ("_gone", "_new", "_order")

    def __init__(self) -> None:
        super().__init__()
        self._order: list[str] = []
        self._new: list[str] = []
        self._gone = False

    def put(self, id: str, value: V, *, known: bool) -> None:
        """Store under an id; `known` tells whether something stands there."""
        self[id] = value
        if not known:
            self._new.append(id)

    def remove(self, id: str) -> None:
        """Remove what stands under an id, if anything does."""
        if id in self:
            del self[id]
            self._gone = True

    def ids(self) -> list[str]:
        """All ids in order."""
        if self._gone:
            alive = dict.fromkeys((*self._order, *self._new))
            self._order = sorted((id for id in alive if id in self), key=in_order)
        elif len(self._new) * FEW > len(self._order):
            self._order = sorted((*self._order, *self._new), key=in_order)
        else:
            for id in self._new:
                insort(self._order, id, key=in_order)
        self._new, self._gone = [], False
        return self._order

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.ids()))

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # a snapshot in order, not a live view
        """Ids in order."""
        return cast("KeysView[str]", self.ids())

    def values(self) -> ValuesView[V]:  # type: ignore[override]  # a snapshot in order, not a live view
        """Entities in the order of their ids."""
        get: Any = super().__getitem__
        return cast("ValuesView[V]", [get(id) for id in self.ids()])

    def items(self) -> ItemsView[str, V]:  # type: ignore[override]  # a snapshot in order, not a live view
        """Ids and entities in order."""
        get: Any = super().__getitem__
        return cast("ItemsView[str, V]", [(id, get(id)) for id in self.ids()])

"""State of one area: entities by kind and id, and the journal of what a batch has changed.

Iteration is always in the order of ids (shorter ones first, so that numbered ids come in their order): a state that
was loaded and one that grew decide the same. Entities are frozen models; changing one means putting its successor.
`evolve` functions return `Change`s and only `AreaState.apply` writes, so everything a transaction must store is known,
and a failed batch can be undone.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from schemas.base import Model
from streams.domain.table import Table

ENTITIES: dict[str, type["Entity"]] = {}


class Entity(Model):
    """One row of state. `KIND` is the table word; declaring the class registers it."""

    KIND: ClassVar[str] = ""

    id: str
    incident: str | None = None
    """The incident this belongs to: its cluster is loaded and evicted as one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "KIND" in cls.__dict__ and ENTITIES.setdefault(cls.KIND, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"entity kind {cls.KIND} is declared twice")

    def resident(self) -> bool:
        """True while decisions may need this without being told its id; closed history is loaded on demand."""
        return True


E = TypeVar("E", bound=Entity)
Key = tuple[str, str]


class Put:
    """Store this entity in place of what stands under its id."""

    __slots__ = ("entity",)

    def __init__(self, entity: Entity) -> None:
        self.entity = entity


class Drop:
    """Remove the entity."""

    __slots__ = ("id", "kind")

    def __init__(self, kind: type[Entity], id: str) -> None:
        self.kind = kind.KIND
        self.id = id


Change = Put | Drop


class Kind(Table[Entity]):
    """The entities of one kind by id, and the ids of those that belong to an incident."""

    __slots__ = ("children", "revisions")

    def __init__(self) -> None:
        super().__init__()
        self.children: dict[str, Table[None]] = {}
        self.revisions: dict[str | None, int] = {}
        """By incident (None: of none) the number of the last write."""


class Kinds(dict[str, Kind]):
    """Every kind by its table word: empty where there is nothing yet, so that reading needs to ask nothing first."""

    def __missing__(self, word: str) -> Kind:
        kind = self[word] = Kind()
        return kind


class Classes(dict[type[Entity], Kind]):
    """The same by class: asking a pydantic class for its KIND takes longer than everything else about a look-up."""

    def __init__(self, words: Kinds) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, entity: type[Entity]) -> Kind:
        kind = self[entity] = self._words[entity.KIND]
        return kind


class Caches(dict[str, Any]):
    """Rebuildable caches of concerns by name, and for each kind of entity those that follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.following: dict[str, tuple[Any, ...]] = {}

    def __setitem__(self, name: str, cache: Any) -> None:
        super().__setitem__(name, cache)
        self.following.clear()

    def of(self, kind: str) -> tuple[Any, ...]:
        """The caches that want to hear of this kind: those that name it in `follows`, and those that name nothing."""
        caches = tuple(cache for cache in self.values() if kind in getattr(cache, "follows", (kind,)))
        self.following[kind] = caches
        return caches


class AreaState:
    """All entities of one area that a decision may look at, indexed by kind, id and incident.

    `get` and `apply` run dozens of times for every report: they are written without helpers for that reason.
    """

    __slots__ = (
        "_classes",
        "_journal",
        "_loose",
        "_tables",
        "_visitors",
        "_writes",
        "area",
        "chain",
        "derived",
        "now",
        "seq",
    )

    def __init__(self, area: str, now: datetime) -> None:
        self.area = area
        self.now = now
        self.seq = 0
        self.chain = b""
        self._tables = Kinds((kind, Kind()) for kind in ENTITIES)
        self._classes = Classes(self._tables)
        self._journal: dict[Key, Entity | None] = {}
        self._visitors: set[str] = set()
        self._writes = 0
        self._loose: list[Entity] = []
        self.derived = Caches()
        """Rebuildable caches of concerns (the allocation index): never stored; keyed by the concern's name. Each must
        implement `on_change(old, new)`; with an attribute `follows` it is told of these kinds only. See `apply`."""

    def of(self, kind: type[E]) -> dict[str, E]:
        """All entities of a kind by id. Read only: change state by events."""
        return self._classes[kind]  # type: ignore[return-value]

    def tables(self, kind: str) -> dict[str, Entity]:
        """Entities of a kind given by its table word."""
        return self._tables.get(kind) or {}

    def get(self, kind: type[E], id: str | None) -> E | None:
        """The entity, or None when absent or `id` is None."""
        return self._classes[kind].get(id)  # type: ignore[return-value, arg-type]

    def of_incident(self, kind: type[E], incident: str) -> Iterator[E]:
        """Entities of a kind that belong to an incident, in the order of their ids."""
        table = self._classes[kind]
        for id in tuple(table.children.get(incident, ())):
            yield table[id]  # type: ignore[misc]

    def count_of_incident(self, kind: type[Entity], incident: str) -> int:
        """How many entities of a kind belong to an incident."""
        return len(self._classes[kind].children.get(incident, ()))

    def revision(self, kind: type[Entity], incident: str | None = None) -> int:
        """Changes with every write to the entities of a kind that belong to an incident, or to none; never returns."""
        return self._classes[kind].revisions.get(incident, 0)

    def apply(self, changes: Iterable[Change]) -> None:
        """Write what an event means, remembering what stood there before the batch."""
        journal = self._journal
        for change in changes:
            entity: Entity | None
            if isinstance(change, Put):
                entity = change.entity
                kind, id = entity.KIND, entity.id
            else:
                kind, id, entity = change.kind, change.id, None
            table = self._tables[kind]
            before = table.get(id)
            key = (kind, id)
            if key not in journal:
                journal[key] = before
            self._set(table, kind, id, before, entity)

    def _set(self, table: Kind, kind: str, id: str, before: Entity | None, entity: Entity | None) -> None:
        self._writes += 1
        if before is not None and entity is not None and before.incident == entity.incident:
            table[id] = entity  # a successor in its place, which is nearly every write: nothing to sort in
            table.revisions[entity.incident] = self._writes
        else:
            self._move(table, id, before, entity)
        caches = self.derived.following.get(kind)
        for cache in self.derived.of(kind) if caches is None else caches:
            cache.on_change(before, entity)

    def _move(self, table: Kind, id: str, before: Entity | None, entity: Entity | None) -> None:
        """Put or remove an id, and with it its place among the children of its incident."""
        left = before.incident if before is not None else None
        joined = entity.incident if entity is not None else None
        for incident in (left,) if entity is None else (joined,) if before is None else (left, joined):
            table.revisions[incident] = self._writes
        if left is not None and left != joined:
            children = table.children[left]
            children.remove(id)
            if not children:
                del table.children[left]
        if entity is None:
            table.remove(id)
            return
        table.put(id, entity, known=before is not None)
        if joined is not None and left != joined:
            if joined not in table.children:
                table.children[joined] = Table()
            table.children[joined].put(id, None, known=False)

    def load(self, entities: Iterable[Entity], visitors: Iterable[str] = ()) -> None:
        """Bring stored entities in without journalling them; `visitors` are closed incidents that leave at `settle`."""
        self._visitors.update(visitors)
        for entity in entities:
            table = self._tables[entity.KIND]
            if entity.id not in table:
                self._set(table, entity.KIND, entity.id, None, entity)
                if entity.incident is None and not entity.resident():
                    self._loose.append(entity)

    def changed(self) -> Iterator[tuple[Key, Entity | None]]:
        """What the batch changed: (kind, id) and the entity as it is now, None when gone."""
        for kind, id in self._journal:
            yield (kind, id), self._tables[kind].get(id)

    def settle(self) -> None:
        """The batch is committed: forget its journal, and evict what no decision needs without being told its id.

        What belongs to an open incident stays as long as the incident does; when it closes, its cluster goes as one.
        """
        suspects = {
            entity.id if kind == "incident" else entity.incident
            for kind, id in self._journal
            if (entity := self._tables[kind].get(id)) is not None
        } | self._visitors
        loose = [
            entity
            for kind, id in (*self._journal, *((entity.KIND, entity.id) for entity in self._loose))
            if (entity := self._tables[kind].get(id)) is not None and entity.incident is None and not entity.resident()
        ]
        self._loose.clear()
        self._journal.clear()
        self._visitors.clear()
        self.evict(loose)
        for incident in suspects:
            if incident is not None and not self.incident_open(incident):
                self.evict(tuple(entity for entity in self._cluster(incident) if not entity.resident()))

    def incident_open(self, incident: str) -> bool:
        """Whether the incident is here and not closed."""
        entity = self.tables("incident").get(incident)
        return entity is not None and entity.resident()

    def _cluster(self, incident: str) -> Iterator[Entity]:
        head = self.tables("incident").get(incident)
        if head is not None:
            yield head
        for table in tuple(self._tables.values()):
            for id in tuple(table.children.get(incident, ())):
                yield table[id]

    def evict(self, entities: Iterable[Entity]) -> None:
        """Forget entities that can be loaded again."""
        for entity in entities:
            table = self._tables[entity.KIND]
            if table.get(entity.id) is entity:
                self._set(table, entity.KIND, entity.id, entity, None)

    def undo(self) -> None:
        """The batch failed: everything stands as before it."""
        for (kind, id), before in self._journal.items():
            table = self._tables[kind]
            self._set(table, kind, id, table.get(id), before)
        self._journal.clear()

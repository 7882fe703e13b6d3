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


class AreaState:
    """All entities of one area that a decision may look at, indexed by kind, id and incident."""

    __slots__ = ("_by_incident", "_journal", "_loose", "_tables", "_visitors", "area", "chain", "derived", "now", "seq")

    def __init__(self, area: str, now: datetime) -> None:
        self.area = area
        self.now = now
        self.seq = 0
        self.chain = b""
        self._tables: dict[str, Table[Entity]] = {kind: Table() for kind in ENTITIES}
        self._by_incident: dict[Key, Table[None]] = {}
        self._journal: dict[Key, Entity | None] = {}
        self._visitors: set[str] = set()
        self._loose: list[Entity] = []
        self.derived: dict[str, Any] = {}
        """Rebuildable caches of concerns (the allocation index): never stored; keyed by the concern's name. Each must
        implement `on_change(old, new)`; see `apply`."""

    def of(self, kind: type[E]) -> dict[str, E]:
        """All entities of a kind by id. Read only: change state by events."""
        table = self._tables.get(kind.KIND)
        if table is None:
            table = self._tables[kind.KIND] = Table()
        return table  # type: ignore[return-value]

    def _table(self, kind: str) -> Table[Entity]:
        table = self._tables.get(kind)
        if table is None:
            table = self._tables[kind] = Table()
        return table

    def _children(self, kind: str, incident: str) -> Table[None]:
        children = self._by_incident.get((kind, incident))
        if children is None:
            children = self._by_incident[kind, incident] = Table()
        return children

    def tables(self, kind: str) -> dict[str, Entity]:
        """Entities of a kind given by its table word."""
        return self._tables.get(kind) or {}

    def get(self, kind: type[E], id: str | None) -> E | None:
        """The entity, or None when absent or `id` is None."""
        table = self._tables.get(kind.KIND)
        return table.get(id) if table is not None and id is not None else None  # type: ignore[return-value]

    def of_incident(self, kind: type[E], incident: str) -> Iterator[E]:
        """Entities of a kind that belong to an incident, in the order of their ids."""
        table = self.of(kind)
        for id in tuple(self._by_incident.get((kind.KIND, incident), ())):
            yield table[id]

    def count_of_incident(self, kind: type[Entity], incident: str) -> int:
        """How many entities of a kind belong to an incident."""
        return len(self._by_incident.get((kind.KIND, incident), ()))

    def apply(self, changes: Iterable[Change]) -> None:
        """Write what an event means, remembering what stood there before the batch."""
        for change in changes:
            if isinstance(change, Put):
                self._write(change.entity.KIND, change.entity.id, change.entity)
            else:
                self._write(change.kind, change.id, None)

    def _write(self, kind: str, id: str, entity: Entity | None) -> None:
        table = self._table(kind)
        before = table.get(id)
        self._journal.setdefault((kind, id), before)
        self._set(table, kind, id, before, entity)

    def _set(self, table: Table[Entity], kind: str, id: str, before: Entity | None, entity: Entity | None) -> None:
        if (
            before is not None
            and before.incident is not None
            and (entity is None or entity.incident != before.incident)
        ):
            children = self._by_incident[kind, before.incident]
            children.remove(id)
            if not children:
                del self._by_incident[kind, before.incident]
        if entity is None:
            table.remove(id)
        else:
            table.put(id, entity, known=before is not None)
            if entity.incident is not None and (before is None or before.incident != entity.incident):
                self._children(kind, entity.incident).put(id, None, known=False)
        for cache in self.derived.values():
            cache.on_change(before, entity)

    def load(self, entities: Iterable[Entity], visitors: Iterable[str] = ()) -> None:
        """Bring stored entities in without journalling them; `visitors` are closed incidents that leave at `settle`."""
        self._visitors.update(visitors)
        for entity in entities:
            table = self._table(entity.KIND)
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
        for kind, table in self._tables.items():
            for id in tuple(self._by_incident.get((kind, incident), ())):
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

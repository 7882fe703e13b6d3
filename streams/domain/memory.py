"""One area in memory: its working state, and everything it ever stored, as the database would keep it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from streams.domain.autonomy.lookups import held_lookups
from streams.domain.core import Timer
from streams.domain.state import AreaState, Drop, Entity, Key


@dataclass
class AreaMemory:
    """What a worker and its database know of one area."""

    state: AreaState
    store: dict[Key, Entity] = field(default_factory=dict)
    clusters: dict[str, set[Key]] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    positions: dict[str, tuple[float, float, datetime]] = field(default_factory=dict)
    """Telemetry that no decision has used yet is no state."""

    def recall(self, lookups: Iterable[Key]) -> None:
        """Load what a trigger refers to and the working state has let go; closed incidents come as one."""
        closed: set[str] = set()
        for key in sorted({*lookups, *held_lookups(self.state)}):
            entity = self.store.get(key)
            if entity is None:
                continue
            incident = entity.id if entity.KIND == "incident" else entity.incident
            if incident is None or self.state.incident_open(incident):
                self.state.load([entity])
            else:
                closed.add(incident)
        for incident in sorted(closed):
            keys = self.clusters.get(incident, set()) | {("incident", incident)}
            cluster = [self.store[key] for key in sorted(keys) if key in self.store]
            self.state.load([one for one in cluster if incident in {one.id, one.incident}], visitors=(incident,))

    def commit(self) -> None:
        """Store what changed and let go of what no decision needs unasked."""
        for key, entity in self.state.changed():
            if key[0] == Timer.KIND:
                self.timers.pop(key[1], None)
            if entity is None:
                self.store.pop(key, None)
                continue
            self.store[key] = entity
            if isinstance(entity, Timer):
                self.timers[entity.id] = entity
            if entity.incident is not None:
                self.clusters.setdefault(entity.incident, set()).add(key)
        self.state.settle()

    def drop_timer(self, timer: str) -> None:
        """A timer whose decision failed does not fire again."""
        self.state.apply([Drop(Timer, timer)])
        self.commit()

    def next_due(self, before: datetime) -> Timer | None:
        """The timer that is due first, before the instant."""
        due = (timer for timer in self.timers.values() if timer.due < before)
        return min(due, key=lambda timer: (timer.due, timer.id), default=None)

"""Counts commitments as a console would, from the events alone: nothing is ever promised twice."""

from schemas.base import OutputEvent
from schemas.outputs.aid_events import ResourceBorrowed, ResourceGivenBack
from schemas.outputs.allocation_events import CommitmentChanged, ResourceCommitted
from schemas.outputs.catalogue_events import ResourceCatalogued, ResourceCounted
from tests.faults.findings import Findings

BINDING = frozenset(
    {"committed", "reserved", "ordered", "accepted", "en_route", "on_scene", "occupied", "shipped", "delivered"}
)


class Commitments:
    """Per resource: what is on hand, and what of it is promised."""

    def __init__(self, area: str, findings: Findings) -> None:
        self._area = area
        self._findings = findings
        self._on_hand: dict[str, int] = {}
        self._promised: dict[str, int] = {}
        self._units: set[str] = set()
        self._bound: dict[str, set[str]] = {}

    def take(self, event: OutputEvent) -> None:
        """One event, in order."""
        if isinstance(event, (ResourceCatalogued, ResourceBorrowed)):
            self._on_hand[event.entry.resource] = event.quantity
            if event.entry.form == "unit":
                self._units.add(event.entry.resource)
        elif isinstance(event, ResourceGivenBack):
            self._on_hand[event.resource] = 0
        elif isinstance(event, ResourceCounted):
            self._on_hand[event.resource] = event.quantity
        elif isinstance(event, ResourceCommitted):
            self._commit(event)
        elif isinstance(event, CommitmentChanged):
            self._change(event)

    def _commit(self, event: ResourceCommitted) -> None:
        self._findings.count("commitments")
        promised = self._promised.get(event.resource, 0) + event.quantity
        self._promised[event.resource] = promised
        bound = self._bound.setdefault(event.resource, set())
        bound.add(event.commitment)
        if promised > self._on_hand.get(event.resource, 0):
            has = self._on_hand.get(event.resource, 0)
            self._findings.wrong("overcommitted", f"{self._area} {event.resource} has {has}, promised {promised}")
        elif event.resource in self._units and len(bound) > 1:
            self._findings.wrong("overcommitted", f"{self._area} unit {event.resource} serves {sorted(bound)}")

    def _change(self, event: CommitmentChanged) -> None:
        self._on_hand[event.resource] = self._on_hand.get(event.resource, 0) + event.on_hand
        self._promised[event.resource] = self._promised.get(event.resource, 0) - event.freed
        if event.stage not in BINDING:
            self._bound.setdefault(event.resource, set()).discard(event.commitment)

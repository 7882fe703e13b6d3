"""A node's log: what its recorder holds, told in the words in which a city merges it (AU-1).

The log begins with what the node took in since it was last under command, and ends when it reaches its superiors.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, get_args

from schemas.base import InputEvent, OutputEvent
from schemas.inputs import nodes as log
from schemas.inputs.reports import IncidentReported
from schemas.inputs.requests import RequestLine
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.outputs import allocation_events as alloc
from schemas.outputs import autonomy_events as out
from schemas.outputs import response_events as response
from schemas.outputs.bed_events import BedTierClosed, BedTierOpened
from schemas.outputs.catalogue_events import ResourceCounted, ResourceStatusChanged
from schemas.outputs.incident_events import ReportAttached
from schemas.outputs.notification_events import TaskOpened

STEPS = (
    alloc.CommitmentAdvanced,
    alloc.CommitmentDeclined,
    alloc.CommitmentUnanswered,
    alloc.CommitmentDisplaced,
    alloc.CommitmentPreempted,
    alloc.CommitmentEnded,
)
MEASURES = (response.ResponseStarted, response.ResponseChanged, response.ResponseEnded)
_STATUSES = get_args(ResourceStatusReported.model_fields["status"].annotation)
_STAGE_STATUSES = ("ready", "busy", "rest")


class Recorded(NamedTuple):
    """An event of the node's recorder: its sequence, the node's time, and the input it follows from."""

    sequence: int
    at: datetime
    event: OutputEvent
    cause: InputEvent | None


def entries_of(node: str, area: str, recorded: Iterable[Recorded]) -> Iterator[log.LogEntry]:
    """The node's log, sealed and chained, of what its recorder holds in the recorder's order."""
    telling = _Telling(area)
    waiting: list[tuple[Recorded, log.Happening]] = []
    previous: log.LogEntry | None = None
    cut_off = False
    for one in recorded:
        told = telling.told(one)
        if told is None:
            continue
        waiting.append((one, told))
        cut_off = cut_off or isinstance(told, log.AutonomyBegun)
        if not cut_off:
            continue
        for since, happening in waiting:
            previous = log.sealed(
                node,
                log.LogEntry(
                    sequence=since.sequence,
                    previous=previous.sequence if previous is not None else None,
                    previous_digest=previous.digest if previous is not None else None,
                    logged_at=since.at,
                    entry=happening,
                ),
            )
            yield previous
        waiting.clear()
        cut_off = not isinstance(told, log.AutonomyOver)


class _Telling:
    """Tells event after event; remembers what later ones refer to."""

    def __init__(self, area: str) -> None:
        self._area = area
        self._refs: dict[str, str] = {}
        self._lines: dict[str, tuple[int, ...]] = {}

    def told(self, one: Recorded) -> log.Happening | None:
        """The entry that an event makes; None for what is nobody else's business."""
        event = one.event
        if isinstance(event, ReportAttached):
            self._refs.setdefault(event.incident, f"{event.source}|{event.external_id}")
            return log.ReportTaken(report=one.cause) if isinstance(one.cause, IncidentReported) else None
        if isinstance(event, alloc.RequestAdmitted):
            return self._request(event)
        if isinstance(event, alloc.RequestWithdrawn):
            none = dict.fromkeys(self._lines.get(event.request, (1,)), 0)
            return log.RequestChangedThere(request=event.request, quantities=none, reason=event.reason)
        if isinstance(event, ResourceStatusChanged | ResourceCounted):
            return self._of_owner(event)
        tell = TELLINGS.get(type(event))
        return tell(event) if tell is not None else None

    def _request(self, event: alloc.RequestAdmitted) -> log.RequestTaken:
        self._lines[event.request] = tuple(line.line for line in event.lines)
        return log.RequestTaken(
            request=event.request,
            about=self._refs.get(event.incident or ""),
            unit=event.unit,
            department=event.department,
            place=event.place,
            lines=tuple(
                RequestLine(
                    line=line.line,
                    kind=line.kind,
                    quantity=line.quantity,
                    requires=line.requires,
                    prefers=line.prefers,
                    minimum_type=line.minimum_type,
                    urgency=line.urgency,
                )
                for line in event.lines
            ),
        )

    def _of_owner(self, event: ResourceStatusChanged | ResourceCounted) -> log.Happening | None:
        told = {"area": self._area, "resource": event.resource, "observed_at": event.observed_at}
        told["reason"] = event.reason
        if isinstance(event, ResourceCounted):
            return log.QuantitySeen(
                quantity=ResourceQuantityReported.model_validate({**told, "quantity": event.quantity})
            )
        if event.status not in _STATUSES:
            return None
        return log.StatusSeen(status=ResourceStatusReported.model_validate({**told, "status": event.status}))


def _begun(event: out.AutonomyEntered) -> log.Happening | None:
    return log.AutonomyBegun(reason=event.reason, since=event.since) if event.here else None


def _over(event: out.AutonomyExited) -> log.Happening | None:
    return log.AutonomyOver(reason=event.reason, until=event.until) if event.here else None


def _committed(event: alloc.ResourceCommitted) -> log.Happening:
    return log.CommittedThere(
        commitment=event.commitment,
        request=event.request,
        line=event.line,
        resource=event.resource,
        quantity=event.quantity,
        eta_ms=event.eta_ms,
        reason=event.reason,
    )


def _step(event: alloc.CommitmentChanged) -> log.Happening:
    status = event.resource_status if event.resource_status in _STAGE_STATUSES else None
    told = {"commitment": event.commitment, "resource": event.resource, "stage": event.stage, "reason": event.reason}
    means = {"freed": event.freed, "on_hand": event.on_hand, "reopened": event.reopened, "excluded": event.excluded}
    return log.SteppedThere.model_validate(
        {**told, **means, "observed_at": event.observed_at, "resource_status": status}
    )


def _opened(event: BedTierOpened) -> log.Happening:
    request, _, line = event.line.rpartition("/")
    return log.TierMoved(
        owner_unit=event.owner_unit, bed_kind=event.kind, tier=event.tier, request=request, line=int(line)
    )


def _closed(event: BedTierClosed) -> log.Happening:
    return log.TierMoved(owner_unit=event.owner_unit, bed_kind=event.kind, tier=event.tier, open=False)


TELLINGS: dict[type[OutputEvent], Callable[[Any], log.Happening | None]] = {
    out.AutonomyEntered: _begun,
    out.AutonomyExited: _over,
    out.ReportEscalatedPast: lambda e: log.LinkSkipped(unit=e.unit, past=e.past, to=e.to),
    alloc.RequestChanged: lambda e: log.RequestChangedThere(
        request=e.request, quantities=e.quantities, reason=e.reason
    ),
    alloc.ResourceCommitted: _committed,
    **dict.fromkeys(STEPS, _step),
    BedTierOpened: _opened,
    BedTierClosed: _closed,
    TaskOpened: lambda e: log.MeasureTaken(measure=e.kind, unit=e.unit, text=e.task),
    **dict.fromkeys(MEASURES, lambda e: log.MeasureTaken(measure=e.TYPE, text=e.model_dump_json())),
}
"""How each event that needs no memory is told."""
TOLD: tuple[type[OutputEvent], ...] = (
    *TELLINGS, ReportAttached, alloc.RequestAdmitted, alloc.RequestWithdrawn, ResourceStatusChanged, ResourceCounted,
)  # fmt: skip
"""Events of which the log consists."""

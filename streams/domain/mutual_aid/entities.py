"""What a mutual-aid saga leaves in the state of either city."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Literal

from schemas.base import Model, Utc
from schemas.inputs.aid import AidStatus, BackItem
from schemas.inputs.resources import ResourceRegistered
from schemas.outputs.aid_events import AidOutcome, AidRequested
from streams.domain.core import Agreement
from streams.domain.state import AreaState, Entity

ASK = "mutual_aid.ask"
"""Timer of the borrower; its ref is the saga."""
LEND = "mutual_aid.lend"
"""Timer of the home; its ref is the saga."""


class Borrowed(Model):
    """A resource that the home lent under a saga, and what became of it here."""

    resource: str
    back: BackItem | None = None
    """None while it is ours to use."""


class Aid(Entity):
    """A saga as its borrower sees it; `id` is `<area>-MA<number>`, the same in both cities."""

    KIND: ClassVar[str] = "aid"

    question: AidRequested
    status: Literal["asked", "confirming", "borrowed", "returning", "ended"] = "asked"
    until: Utc | None = None
    """When it stops repeating what nobody answers; None: it does not."""
    reason: str = ""
    items: tuple[Borrowed, ...] = ()
    outcome: AidOutcome | None = None

    @property
    def line(self) -> str:
        """The line that it serves."""
        return f"{self.question.request}/{self.question.line}"

    @property
    def partner(self) -> str:
        """The city that is asked."""
        return self.question.area

    @property
    def back(self) -> tuple[BackItem, ...]:
        """Everything that has come back so far."""
        return tuple(item.back for item in self.items if item.back is not None)

    def in_use(self) -> tuple[str, ...]:
        """Resources that are ours to use."""
        return tuple(item.resource for item in self.items if item.back is None)

    def resident(self) -> bool:
        return self.status != "ended"


class Loan(Entity):
    """A saga as the home sees it; what it keeps for the borrower are commitments of the request of the same id."""

    KIND: ClassVar[str] = "aid_loan"

    borrower: str
    agreement: str | None
    kind: str | None
    status: AidStatus
    code: str | None = None
    expires_at: Utc | None = None

    @property
    def open(self) -> bool:
        """Whether something is held or lent."""
        return self.status in ("held", "lent")

    def resident(self) -> bool:
        return self.open


def ours(aid: str, entry: ResourceRegistered) -> str:
    """The id of a lent resource in the borrower's catalogue: a unit's own; a part of a lot is named after its saga."""
    return entry.resource if entry.form == "unit" else f"{entry.resource}@{aid}"


def theirs(aid: str, resource: str) -> str:
    """The home's id of a borrowed resource."""
    return resource.removesuffix(f"@{aid}")


def agreements(
    state: AreaState, partner: str | None, kind: str, now: datetime, way: Literal["ask", "lend"]
) -> Iterator[Agreement]:
    """Agreements in force for a kind, with one partner or with any."""
    for agreement in state.of(Agreement).values():
        entry = agreement.entry
        if (
            partner in (None, entry.partner)
            and kind in entry.kinds
            and entry.direction in ("both", way)
            and entry.valid_from <= now
            and (entry.valid_to is None or now <= entry.valid_to)
        ):
            yield agreement

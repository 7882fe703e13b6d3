"""A commitment's step: of something lent, its borrower is told; of something borrowed, it may go back."""

from collections.abc import Iterable

from schemas.base import OutputEvent
from schemas.outputs.allocation_events import CommitmentChanged
from streams.domain.allocation.entities import Resource
from streams.domain.context import Context
from streams.domain.mutual_aid.borrowing import react_freed
from streams.domain.mutual_aid.entities import Loan
from streams.domain.mutual_aid.lending import react_lost
from streams.domain.state import AreaState


def react_changed(state: AreaState, event: CommitmentChanged, context: Context) -> Iterable[OutputEvent]:
    """Nothing for nearly every commitment: most cities neither lend nor borrow at the moment."""
    if event.request in state.of(Loan):
        return react_lost(state, event, context)
    resource = state.get(Resource, event.resource)
    if resource is not None and resource.aid is not None:
        return react_freed(state, event, context)
    return ()

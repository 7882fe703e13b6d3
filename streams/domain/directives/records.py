"""What accepted and refused directives leave behind."""

from collections.abc import Iterator

from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.refusals import CommandRefused
from streams.domain.directives.entities import Directive
from streams.domain.state import AreaState, Change, Put


def evolve_accepted(state: AreaState, event: DirectiveAccepted) -> Iterator[Change]:
    """Its id is used. A refused one may come again: ids that nobody authenticated must not block those of others."""
    yield Put(
        Directive(
            id=event.directive,
            issuer=event.issuer,
            office=event.office,
            action=event.command.action,
            issued_at=event.issued_at,
        )
    )


def evolve_refused(state: AreaState, event: CommandRefused) -> Iterator[Change]:
    """A refusal changes nothing."""
    yield from ()

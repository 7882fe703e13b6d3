"""How a command is refused: machine code, words, details, to the sender of the trigger."""

from dataclasses import dataclass, field
from typing import Any

from schemas.inputs.directives import DirectiveIssued
from schemas.outputs.refusals import CommandRefused
from streams.domain.context import Context, Received


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something that somebody wants may not be."""

    code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)


def refused(context: Context, refusal: Refusal, incident: str | None = None) -> CommandRefused:
    """The refusal of the command that the cascade decides on."""
    trigger = context.trigger
    received = trigger if isinstance(trigger, Received) else None
    event = received.event if received else None
    directive = event if isinstance(event, DirectiveIssued) else None
    return CommandRefused(
        incident=incident,
        command=event.TYPE if event else "",
        source=received.source if received else "",
        input_id=received.id if received else "",
        code=refusal.code,
        message=refusal.message,
        details=refusal.details,
        directive=directive.directive if directive else None,
        issuer=directive.issuer if directive else None,
        office=directive.office if directive else None,
        action=directive.command.action if directive else None,
    )

"""refusals: commands that the rules forbid, told to their sender."""

from typing import Any, ClassVar

from schemas.base import Id, OutputEvent, Text
from schemas.topics import REFUSALS


class CommandRefused(OutputEvent):
    """A request or directive without effect: machine code, words for people, and what would be needed instead."""

    TYPE: ClassVar[str] = "command.refused.v1"
    TOPIC: ClassVar[str] = REFUSALS

    command: str
    """CloudEvents type of the input."""
    source: Text
    input_id: Text
    code: str
    """Upper-case machine code, e.g. NOT_AUTHORISED, EXPIRED, INCUBATION_NOT_PASSED."""
    message: Text
    details: dict[str, Any] = {}
    directive: Id | None = None
    """The refused directive, where it is one: who claimed to issue it stands in `issuer` and `office`."""
    issuer: Id | None = None
    office: Id | None = None
    action: str | None = None

    def subject(self) -> str:
        return self.input_id

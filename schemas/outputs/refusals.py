"""refusals: commands that the rules forbid, told to their sender."""

from typing import Any, ClassVar

from schemas.base import OutputEvent, Text
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

    def subject(self) -> str:
        return self.input_id

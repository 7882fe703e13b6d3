"""Expert opinions on record (EX-2, EX-5)."""

from collections.abc import Iterator

from schemas.base import OutputEvent
from schemas.inputs.directives import ExpertOpinion
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.response_events import OpinionRecorded
from streams.domain.context import Context
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.escalation.entities import Opinion
from streams.domain.state import AreaState, Change, Put


def record_opinion(
    state: AreaState, event: DirectiveAccepted, command: ExpertOpinion, context: Context
) -> Iterator[OutputEvent]:
    """Keep the opinion with author and time; what its flags mean for grades is intake's business."""
    if state.get(Opinion, command.opinion) is not None:
        details = {"opinion": command.opinion}
        yield refused(
            context, Refusal("OPINION_EXISTS", "an opinion with this id is on record", details), event.incident
        )
        return
    yield OpinionRecorded(
        incident=event.incident,
        opinion=command.opinion,
        expert=event.issuer,
        office=event.office,
        directive=event.directive,
        at=context.now,
        text=command.text,
    )


def evolve_opinion(state: AreaState, event: OpinionRecorded) -> Iterator[Change]:
    """The opinion may now be cited."""
    yield Put(
        Opinion(
            id=event.opinion,
            incident=event.incident,
            expert=event.expert,
            office=event.office,
            directive=event.directive,
            at=event.at,
        )
    )

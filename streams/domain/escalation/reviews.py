"""Evaluations that are opened when something ended (JA-3, DR-9)."""

from datetime import timedelta
from typing import Literal

from schemas.outputs.response_events import ReviewOpened
from streams.domain.context import Context
from streams.domain.directives.days import law
from streams.domain.state import AreaState


def review_of(
    state: AreaState,
    kind: Literal["joint_mechanism", "after_action"],
    about: str,
    incident: str | None,
    context: Context,
) -> ReviewOpened | None:
    """The evaluation that the policy asks for after the end of `about`; None where it asks for none."""
    rule = law(state, context.policy.responses, context.now).reviews.get(kind)
    if rule is None:
        return None
    return ReviewOpened(
        incident=incident,
        review=f"{about}/{kind}",
        kind=kind,
        about=about,
        due=context.now + timedelta(days=rule.days),
        dimensions=rule.dimensions,
    )

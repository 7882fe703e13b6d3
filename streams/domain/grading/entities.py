"""What assessment leaves in the state besides the incident's grades."""

from typing import ClassVar, Literal

from schemas.base import Utc
from streams.domain.intake.entities import Detail


class Assessment(Detail):
    """What was concluded about an incident and must not be concluded again; `id` is the incident."""

    KIND: ClassVar[str] = "assessment"

    thresholds: tuple[str, ...] = ()
    """Rules of the reporting table that have held."""
    replaced: tuple[str, ...] = ()
    """Initial determinations that a re-assessment has replaced."""


class TrendState(Detail):
    """The computed trend of a count as last assessed; `id` is `incident|fact`."""

    KIND: ClassVar[str] = "trend"

    rule: str
    fact: str
    trend: Literal["stable", "worsening"]
    count: int
    count_as_of: Utc

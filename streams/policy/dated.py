"""What every policy entry has: an id, a source, a jurisdiction and the days on which it is in force (design rule 6)."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

NATIONAL = "CN"
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^(CN|[0-9]{6})$")]
"""`CN`, or the GB/T 2260 code of a province or city: the entry holds there and goes before the wider one."""
EntryId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
"""Id of a policy entry. Defined in one file only; the key `id` is for definitions, references use other keys."""
Source = Annotated[str, StringConstraints(min_length=3, pattern=r"\S")]
"""Where the entry stands: statute and article, plan and section, or `[P] <reason>` for a choice of ours."""
Mark = Literal["S", "L", "W", "K", "P"]
"""Confidence mark of domain.md 0.2."""


class Strict(BaseModel):
    """Base of all policy models: frozen, strict, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Entry(Strict):
    """One dated policy entry. `effective_to` is the last day on which it is in force; null leaves it open."""

    id: EntryId
    source: Source
    jurisdiction: Jurisdiction
    effective_from: date
    effective_to: date | None = None
    mark: Mark | None = None
    note: str = ""

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to is before effective_from")
        return self

    def in_force(self, day: date) -> bool:
        """Whether the entry is law on this (local) day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


E = TypeVar("E", bound=Entry)


class Bilingual(Strict):
    """Words for people: Chinese first, English beside it."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


@lru_cache(maxsize=4096)
def jurisdictions(area: str, province: str | None = None) -> tuple[str, str, str]:
    """The jurisdictions whose entries hold in a city, the narrowest first: city, province, nation."""
    return (area, province or f"{area[:2]}0000", NATIONAL)


def in_force(entries: Iterable[E], day: date, within: tuple[str, ...]) -> tuple[E, ...]:
    """The entries in force on a day: of several with one id, the one of the narrowest jurisdiction."""
    best: dict[str, E] = {}
    for entry in entries:
        if entry.jurisdiction in within and entry.in_force(day):
            known = best.get(entry.id)
            if known is None or within.index(entry.jurisdiction) < within.index(known.jurisdiction):
                best[entry.id] = entry
    return tuple(best.values())


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    return ZoneInfo(name)


def local_day(instant: datetime, timezone: str) -> date:
    """The calendar day of an instant in the area's own time: laws come into force at local midnight."""
    return instant.astimezone(zone(timezone)).date()

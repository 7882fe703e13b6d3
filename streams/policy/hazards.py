"""Section `hazards`: hazard kinds, the families and department they belong to, their incubation periods."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from pydantic import ConfigDict, Field

from schemas.base import Department
from streams.policy.dated import Entry, Strict, in_force
from streams.policy.reader import Documents, error_at, read

FILE = "hazards.yaml"
REMEMBERED_DAYS = 400
"""Size at which the cache of kinds by day starts anew."""
Group = Literal["natural_disaster", "accident", "public_health", "medical_rescue"]


class Hazard(Entry):
    """One hazard kind 事件类别."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    group: Group
    families: tuple[str, ...]
    """Grading families that are evaluated where a report states this kind."""
    department: Department | None = None
    codes: tuple[str, ...] = ()
    mean_incubation_days: int | None = Field(default=None, ge=1)
    longest_incubation_days: int | None = Field(default=None, ge=1)
    """Days without a new case after which a response may end (domain.md 2.5)."""


class Stated(NamedTuple):
    """What a report's hazard kinds mean: kinds of the policy, and what the policy does not know."""

    kinds: tuple[str, ...]
    unknown: tuple[str, ...]


class Hazards(Strict):
    """All hazard kinds."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    hazards: tuple[Hazard, ...] = ()

    @cached_property
    def _books(self) -> dict[tuple[date, tuple[str, ...]], Mapping[str, Hazard]]:
        return {}

    @cached_property
    def _readings(self) -> dict[tuple[tuple[str, ...], date, tuple[str, ...]], "Stated"]:
        return {}

    def kinds(self, day: date, within: tuple[str, ...]) -> Mapping[str, Hazard]:
        """The kinds in force on a day in these jurisdictions, by id."""
        book = self._books.get((day, within))
        if book is None:
            if len(self._books) > REMEMBERED_DAYS:
                self._books.clear()
            book = self._books[day, within] = {hazard.id: hazard for hazard in in_force(self.hazards, day, within)}
        return book

    def stated(self, words: tuple[str, ...], day: date, within: tuple[str, ...]) -> Stated:
        """Kinds for what a report states, be it ids or taxonomy codes; unknown words are kept as they are."""
        key = (words, day, within)
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) > REMEMBERED_DAYS:
                self._readings.clear()
            reading = self._readings[key] = self._stated(words, day, within)
        return reading

    def _stated(self, words: tuple[str, ...], day: date, within: tuple[str, ...]) -> Stated:
        known = self.kinds(day, within)
        by_code = {code: hazard.id for hazard in known.values() for code in hazard.codes}
        kinds = tuple(dict.fromkeys(by_code.get(word, word) for word in words))
        return Stated(kinds, tuple(kind for kind in kinds if kind not in known))


def load(documents: Documents) -> Hazards:
    """The hazard kinds.

    Raises:
        PolicyError: the document is wrong, or one code means two kinds.
    """
    if FILE not in documents:
        return read(documents, FILE, Hazards)
    return _loaded(documents[FILE])


@lru_cache(maxsize=16)
def _loaded(text: str) -> Hazards:
    documents = {FILE: text}
    section = read(documents, FILE, Hazards)
    owners: dict[str, str] = {}
    for index, hazard in enumerate(section.hazards):
        for code in hazard.codes:
            owner = owners.setdefault(code, hazard.id)
            if owner != hazard.id:
                raise error_at(documents, FILE, ("hazards", index, "codes"), f"{code} already means {owner}")
    return section

"""Short names of a scenario: districts, areas, units, people, resources, and incidents by external id."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

CITY = "city"
"""How a file names the zone that is the whole commanding city."""


@dataclass
class Names:
    """What a scenario calls things, and what they are called on the wire."""

    area: str = ""
    districts: dict[str, str] = field(default_factory=dict)
    """Short name -> six-digit code."""
    areas: dict[str, str] = field(default_factory=dict)
    """Short name of another city -> area code."""
    homes: dict[str, str] = field(default_factory=dict)
    """Person id -> area code of the city in whose register the person stands."""
    units: dict[str, str] = field(default_factory=dict)
    """Unit id -> unit kind."""
    people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Person id -> offices."""
    resources: dict[str, str] = field(default_factory=dict)
    """Resource id -> district code."""
    incidents: dict[str, str] = field(default_factory=dict)
    """External id -> the source that reported it first."""
    requests: dict[str, str] = field(default_factory=dict)
    """Request id -> external id of its incident, empty where it names none."""

    def codes(self) -> dict[str, str]:
        """Every short name of a place with its code."""
        return {**self.areas, CITY: self.area, **self.districts}

    def place(self, text: str) -> str | None:
        """The code of a district, partner city or the city itself; codes stand for themselves."""
        codes = self.codes()
        return codes.get(text) or (text if text in codes.values() else None)

    def short(self, code: str) -> str:
        """The short name of a code, or the code."""
        return next((name for name, known in self.districts.items() if known == code), code)


def misspelt(word: str, known: Iterable[str]) -> str:
    """The known word that this one is a slip of, or nothing: a word that is simply unknown may be meant."""
    names = list(known)
    close = [] if word in names else get_close_matches(word, names, n=1, cutoff=0.8)
    return close[0] if close else ""


def nearest(word: str, known: object) -> str:
    """A hint for a word nobody knows: ` (did you mean ...?)`, or nothing."""
    candidates = [str(item) for item in known] if isinstance(known, dict | list | tuple | set | frozenset) else []
    close = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""

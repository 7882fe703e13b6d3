"""Where a report contradicts what was said before. Both are kept; the rule for figures decides (design rule 4)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from schemas.inputs.reports import FactValue, Verification
from streams.domain.intake.entities import Figure, Source, Verdicts

Reason = Literal["same_instant", "verified_otherwise", "verified_twice"]
Contradictions = tuple[tuple[str, Reason], ...]


def contradictions(
    sources: Iterable[Source],
    verdicts: Verdicts | None,
    key: str,
    stated: Mapping[str, FactValue],
    as_of: datetime,
    how: Verification,
) -> Contradictions:
    """Facts that a report states otherwise, before it is attached.

    `same_instant`: the sender itself said otherwise for the same instant. `verified_otherwise`: a verified value of
    an equal or later instant differs from this unverified one. `verified_twice`: two verified values of one instant.
    """
    found: list[tuple[str, Reason]] = []
    source: Source | None = None
    others: list[Source] = []
    for known in sources:
        if known.id == key:
            source = known
        else:
            others.append(known)
    for name, value in stated.items():
        own = source.figures.get(name) if source is not None else None
        if own is not None and own.as_of == as_of and own.value != value:
            found.append((name, "same_instant"))
            continue
        for figure in _verified(others, verdicts, name):
            if figure.value == value:
                continue
            if how == "verified" and figure.as_of == as_of:
                found.append((name, "verified_twice"))
                break
            if how == "unverified" and figure.as_of >= as_of:
                found.append((name, "verified_otherwise"))
                break
    return tuple(found)


def _verified(sources: Iterable[Source], verdicts: Verdicts | None, name: str) -> tuple[Figure, ...]:
    stated = [source.figures[name] for source in sources if name in source.figures]
    if verdicts is not None and name in verdicts.verified:
        stated.append(verdicts.verified[name])
    return tuple(figure for figure in stated if figure.verification == "verified")

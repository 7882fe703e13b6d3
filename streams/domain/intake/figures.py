"""Which figure counts (domain.md 3.0 "Figures").

Per fact a verified value beats unverified ones of equal or older as-of time; otherwise the greatest of the sources'
newest values counts (of judgements and words the newest). An authority's verification beats everything of equal or
older as-of time. Order of arrival never matters for statements of different instants.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from schemas.inputs.reports import FactValue, Verification
from streams.domain.intake.entities import Figure, Source, Verdicts
from streams.policy.facts import Fact

_figure = tuple.__new__
"""Makes a named tuple in a third of the time that calling its class takes: reports are full of figures."""


def statements(stated: Mapping[str, FactValue], as_of: datetime, how: Verification) -> dict[str, Figure]:
    """What is stated, each as a figure of this instant."""
    return {name: _figure(Figure, (value, as_of, how)) for name, value in stated.items()}


def newer(
    known: Mapping[str, Figure], stated: Mapping[str, FactValue], as_of: datetime, how: Verification
) -> dict[str, Figure]:
    """The newest statements after one more; of two of the same instant the verified, then the greater one stands."""
    result = dict(known)
    for name, value in stated.items():
        old = known.get(name)
        if old is None or old.as_of < as_of:
            result[name] = Figure(value, as_of, how)
        elif old.as_of == as_of and _rank(old) < _rank(figure := Figure(value, as_of, how)):
            result[name] = figure
    return result


def verified_beside(
    source: Source, stated: Mapping[str, FactValue], as_of: datetime, how: Verification
) -> dict[str, Figure]:
    """The newest verified statement of each fact whose newest one is unverified, after one more report."""
    known = source.figures
    if how == "verified":
        passed = {
            name: Figure(value, as_of, how) for name, value in stated.items() if _newer_stands(known, name, as_of)
        }
    else:
        passed = {
            name: known[name]
            for name in stated
            if name in known and known[name].verification == "verified" and known[name].as_of < as_of
        }
    if not passed:
        return source.verified
    kept = source.verified
    return {**kept, **{name: figure for name, figure in passed.items() if not _newer_stands(kept, name, figure.as_of)}}


def _newer_stands(known: Mapping[str, Figure], name: str, as_of: datetime) -> bool:
    figure = known.get(name)
    return figure is not None and figure.as_of > as_of


def _rank(figure: Figure) -> tuple[bool, str, str]:
    value = figure.value
    text = f"{value:020.6f}" if isinstance(value, int | float) else value
    return (figure.verification == "verified", type(value).__name__, text)


def counting(fact: Fact | None, name: str, sources: Iterable[Source], verdicts: Verdicts | None) -> Figure | None:
    """The statement of a fact that counts; None where no valid one is left."""
    if fact is not None and fact.expert:
        return _judgement(name, sources, verdicts)
    newest: list[Figure] = []
    verified: list[Figure] = []
    for source in sources:
        known = source.figures.get(name)
        if known is not None and _valid(known, name, source, verdicts):
            newest.append(known)
        checked = known if known is not None and known.verification == "verified" else source.verified.get(name)
        if checked is not None and _valid(checked, name, source, verdicts):
            verified.append(checked)
    decided = verdicts.verified.get(name) if verdicts is not None else None
    if decided is not None:
        newest.append(decided)
        verified.append(decided)
    if verified:
        checked_at = max(figure.as_of for figure in verified)
        newest = [figure for figure in newest if figure.verification == "verified" or figure.as_of > checked_at]
        newest = newest or verified
    return _chosen(fact, newest)


def _chosen(fact: Fact | None, figures: list[Figure]) -> Figure | None:
    if not figures:
        return None
    if len(figures) == 1:
        return figures[0]
    by_time = fact.combined == "newest" if fact is not None else not all(_is_number(f.value) for f in figures)
    if by_time:
        return max(figures, key=lambda figure: (figure.as_of, _rank(figure)))
    return max(figures, key=lambda figure: (figure.value, figure.verification == "verified", figure.as_of))


def _is_number(value: FactValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _valid(figure: Figure, name: str, source: Source, verdicts: Verdicts | None) -> bool:
    if figure.verification == "refuted" or (source.refuted_at is not None and figure.as_of <= source.refuted_at):
        return False
    if verdicts is None:
        return True
    decided, refuted = verdicts.verified.get(name), verdicts.refuted.get(name)
    if decided is not None and figure.as_of <= decided.as_of:
        return False
    return refuted is None or figure.as_of > refuted.as_of or figure.value != refuted.value


def _judgement(name: str, sources: Iterable[Source], verdicts: Verdicts | None) -> Figure | None:
    """An expert's newest word; a verified report has an author and a time too (2.2 note 4)."""
    words = list(_judgements(name, sources, verdicts))
    return max(words, key=lambda figure: (figure.as_of, _rank(figure)), default=None)


def _judgements(name: str, sources: Iterable[Source], verdicts: Verdicts | None) -> Iterator[Figure]:
    if verdicts is not None and name in verdicts.flags:
        yield verdicts.flags[name]
    for source in sources:
        for figure in (source.figures.get(name), source.verified.get(name)):
            if figure is not None and figure.verification == "verified" and _valid(figure, name, source, verdicts):
                yield figure

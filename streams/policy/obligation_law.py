"""Obligations as they hold on one day in one city, and for one combination of hazard kinds: what decisions look at."""

from collections.abc import Mapping, Sequence

from streams.policy.evaluation import Predicate
from streams.policy.hazards import Hazard
from streams.policy.obligation_rules import Clause, Rule, Share, Stranger, Term, Trigger, When

Tests = tuple[tuple[When, Predicate | None], ...]
"""Alternatives with their conditions on facts as functions."""


def bound(alternatives: tuple[When, ...], predicates: Mapping[str, Predicate]) -> Tests:
    """The alternatives with their conditions on facts as functions."""
    return tuple((when, predicates[when.facts] if when.facts else None) for when in alternatives)


class BoundClause:
    """A clause with its rule and its compiled conditions."""

    __slots__ = ("clause", "rule", "source", "tests")

    def __init__(self, rule: Rule, clause: Clause, predicates: Mapping[str, Predicate]) -> None:
        self.rule = rule.id
        self.source = rule.source
        self.clause = clause
        self.tests = bound(clause.when, predicates)


class BoundShare:
    """A share type with its compiled conditions."""

    __slots__ = ("share", "tests")

    def __init__(self, share: Share, predicates: Mapping[str, Predicate]) -> None:
        self.share = share
        self.tests = bound(share.when, predicates)


class ObligationLaw:
    """What holds on one day in one city, for all hazard kinds or for those of one incident."""

    def __init__(
        self,
        clauses: Sequence[BoundClause],
        shares: Sequence[BoundShare],
        terms: Sequence[Term],
        strangers: Sequence[Stranger],
    ) -> None:
        self.clauses = {(one.rule, one.clause.label): one for one in clauses}
        self.shares = tuple(shares)
        self.unasked = tuple(one for one in shares if one.share.unasked)
        self.by_trigger: dict[Trigger, tuple[BoundClause, ...]] = {}
        for one in clauses:
            trigger = one.clause.trigger
            self.by_trigger[trigger] = (*self.by_trigger.get(trigger, ()), one)
        self._terms = terms
        self._strangers = strangers
        self._minutes = {term.id: term.minutes for term in terms}
        self.strangers = {one.reporter_kind: (one.kind, one.tier) for one in strangers}
        self._learned: dict[tuple[str, str], tuple[BoundClause, ...]] = {}
        self._of_kinds: dict[tuple[str, ...], ObligationLaw] = {}

    def of_kinds(self, kinds: tuple[str, ...], book: Mapping[str, Hazard]) -> "ObligationLaw":
        """What of it concerns an incident of these hazard kinds; `book` is the same for all calls."""
        found = self._of_kinds.get(kinds)
        if found is None:
            if len(self._of_kinds) > REMEMBERED_KINDS:
                self._of_kinds.clear()
            groups = frozenset(book[kind].group for kind in kinds if kind in book)
            found = self._of_kinds[kinds] = ObligationLaw(
                [one for one in self.clauses.values() if _applies(one.clause, groups, kinds)],
                [one for one in self.shares if _applies(one.share, groups, kinds)],
                self._terms,
                self._strangers,
            )
        return found

    def owed_by(self, kind: str, tier: str) -> tuple[BoundClause, ...]:
        """Clauses that a unit of this kind and tier owes once it has learned."""
        found = self._learned.get((kind, tier))
        if found is None:
            found = self._learned[kind, tier] = tuple(
                one
                for one in self.by_trigger.get("learned", ())
                if kind in one.clause.debtor.kinds and (not one.clause.debtor.tiers or tier in one.clause.debtor.tiers)
            )
        return found

    def minutes(self, due: str | int) -> int:
        """A term in minutes; `daily` has none of its own and uses `promptly` where it is resumed."""
        if isinstance(due, int):
            return due
        return 0 if due == "instant" else self._minutes["promptly" if due == "daily" else due]


def _applies(one: Clause | Share, groups: frozenset[str], kinds: tuple[str, ...]) -> bool:
    """Whether an incident of these kinds has a hazard group or kind that is named; any incident where none is."""
    if not one.groups and not one.kinds:
        return True
    return any(group in groups for group in one.groups) or any(kind in kinds for kind in one.kinds)


REMEMBERED_KINDS = 4096
"""Size at which the cache of laws by hazard kinds starts anew."""

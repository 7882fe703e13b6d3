"""Section `obligations`: who must tell whom, by when, once what has happened (domain.md 2.6, OB-01 to OB-40)."""

from datetime import date

from pydantic import PrivateAttr

from streams.policy.conditions import ConditionError, parse
from streams.policy.dated import Strict, in_force
from streams.policy.evaluation import Predicate, compiled
from streams.policy.facts import load as load_facts
from streams.policy.grading import load as load_grading
from streams.policy.hazards import load as load_hazards
from streams.policy.obligation_law import BoundClause, BoundShare, ObligationLaw
from streams.policy.obligation_rules import Rule, Share, Stranger, Term, When
from streams.policy.reader import Documents, Path, error_at, read

FILE = "obligations.yaml"


class Obligations(Strict):
    """The section `obligations`."""

    terms: tuple[Term, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    shares: tuple[Share, ...] = ()
    rules: tuple[Rule, ...] = ()
    _predicates: dict[str, Predicate] = PrivateAttr(default_factory=dict)
    _laws: dict[tuple[date, tuple[str, ...]], ObligationLaw] = PrivateAttr(default_factory=dict)

    @property
    def predicates(self) -> dict[str, Predicate]:
        """Compiled conditions on facts, by their text; filled at load."""
        return self._predicates

    def at(self, day: date, within: tuple[str, ...]) -> ObligationLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            if len(self._laws) > REMEMBERED_DAYS:
                self._laws.clear()
            law = self._laws[day, within] = self._law(day, within)
        return law

    def _law(self, day: date, within: tuple[str, ...]) -> ObligationLaw:
        rules = in_force(self.rules, day, within)
        return ObligationLaw(
            [BoundClause(rule, clause, self.predicates) for rule in rules for clause in rule.clauses],
            [BoundShare(share, self.predicates) for share in in_force(self.shares, day, within)],
            in_force(self.terms, day, within),
            in_force(self.strangers, day, within),
        )


REMEMBERED_DAYS = 400
"""Size at which the cache of laws by day starts anew."""


def load(documents: Documents) -> Obligations:
    """The obligations.

    Raises:
        PolicyError: the document is wrong, a condition does not read, or a rule or term is named that does not exist.
    """
    section = read(documents, FILE, Obligations)
    vocabulary = load_facts(documents).vocabulary
    for path, when in _conditions(section):
        if when.facts is not None and when.facts not in section.predicates:
            try:
                section.predicates[when.facts] = compiled(parse(when.facts, vocabulary))
            except ConditionError as error:
                raise error_at(documents, FILE, (*path, "facts"), str(error)) from error
    _check_names(documents, section)
    return section


def _conditions(section: Obligations) -> list[tuple[Path, When]]:
    found: list[tuple[Path, When]] = []
    for r, rule in enumerate(section.rules):
        for c, clause in enumerate(rule.clauses):
            found += [(("rules", r, "clauses", c, "when", w), when) for w, when in enumerate(clause.when)]
    for s, share in enumerate(section.shares):
        found += [(("shares", s, "when", w), when) for w, when in enumerate(share.when)]
    return found


def _check_names(documents: Documents, section: Obligations) -> None:
    _check_hazards(documents, section)
    rules = {rule.id for rule in section.rules}
    terms = {term.id for term in section.terms}
    for r, rule in enumerate(section.rules):
        for c, clause in enumerate(rule.clauses):
            path = ("rules", r, "clauses", c)
            for name in clause.after:
                if name not in rules:
                    raise error_at(documents, FILE, (*path, "after"), f"unknown rule {name}")
            if clause.due in {"at_once", "promptly"} and clause.due not in terms:
                raise error_at(documents, FILE, (*path, "due"), f"no term {clause.due} is defined")


def _check_hazards(documents: Documents, section: Obligations) -> None:
    """Every hazard kind and family that a rule names exists."""
    kinds = {hazard.id for hazard in load_hazards(documents).hazards}
    families = {family.id for family in load_grading(documents).families}
    named: list[tuple[Path, tuple[str, ...], set[str]]] = []
    for r, rule in enumerate(section.rules):
        named += [(("rules", r, "clauses", c, "kinds"), one.kinds, kinds) for c, one in enumerate(rule.clauses)]
    named += [(("shares", s, "kinds"), share.kinds, kinds) for s, share in enumerate(section.shares)]
    for path, when in _conditions(section):
        named += [((*path, "families"), when.families, families), ((*path, "kinds"), when.kinds, kinds)]
    for path, words, known in named:
        for word in words:
            if word not in known:
                raise error_at(documents, FILE, path, f"unknown {path[-1]}: {word}")

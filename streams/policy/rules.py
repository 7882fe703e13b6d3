"""Rules with a condition: their typed text, and the table of them compiled for one day and place.

Both the grading tables and the reporting thresholds are made of these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from schemas.base import RuleHit, Severity
from streams.policy.conditions import ConditionError, Facts, Vocabulary, names, parse
from streams.policy.dated import EntryId, Mark, Source, Strict
from streams.policy.evaluation import Predicate, compiled
from streams.policy.reader import Documents, Path, error_at


class Rule(Strict):
    """One line of a table; jurisdiction and dates are the table's, the source too unless it states its own."""

    id: EntryId
    when: str = Field(min_length=1)
    mark: Mark
    source: Source | None = None
    note: str = ""


class GradeRule(Rule):
    """A rule of a grading table."""

    sev: Severity


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to be asked."""

    id: str
    mark: str
    names: tuple[str, ...]
    test: Predicate
    sev: Severity | None = None

    def hit(self, facts: Facts) -> RuleHit:
        """The hit as it is recorded: the rule, its mark, and the facts it looked at."""
        inputs = {name: facts[name] for name in self.names}
        return RuleHit.model_construct(rule=self.id, inputs=inputs, mark=self.mark)


def compile_rules(
    documents: Documents, file: str, path: Path, rules: Sequence[Rule], vocabulary: Vocabulary
) -> tuple[CompiledRule, ...]:
    """The rules of one table.

    Raises:
        PolicyError: a condition names an unknown fact or compares what cannot be compared.
    """
    done = []
    for index, rule in enumerate(rules):
        try:
            tree = parse(rule.when, vocabulary)
        except ConditionError as error:
            raise error_at(documents, file, (*path, index, "when"), f"{rule.id}: {error}") from error
        severity = rule.sev if isinstance(rule, GradeRule) else None
        done.append(CompiledRule(rule.id, rule.mark, names(tree), compiled(tree), severity))
    return tuple(done)


def most_severe(rules: Iterable[CompiledRule], facts: Facts) -> tuple[CompiledRule, ...]:
    """All rules that hold at the lowest severity number at which any holds. `rules` come in order of severity."""
    hits: list[CompiledRule] = []
    for rule in rules:
        if hits and rule.sev != hits[0].sev:
            break
        if rule.test(facts):
            hits.append(rule)
    return tuple(hits)

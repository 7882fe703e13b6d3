"""When the joint mechanism is activated, and when it ends (domain.md 1.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from pydantic import ConfigDict, PrivateAttr

from schemas.inputs.reports import FactValue
from streams.policy import facts
from streams.policy.conditions import Condition, ConditionError, Kind, Vocabulary, leaves, names, parse
from streams.policy.dated import Entry, EntryId, Strict, in_force
from streams.policy.evaluation import Predicate, compiled
from streams.policy.laws import Laws
from streams.policy.reader import Documents, error_at, read
from streams.policy.truths import Truths

FILE = "activation.yaml"
UNGRADED = 5
"""What `phe` and `composite` are for an incident without a grade: less severe than any."""
HURT = "hurt"
"""The word for the greatest count of people who came to harm: a figure, though the catalogue does not have it."""
TRENDS = ("stable", "worsening", "spreading")
_OWN: dict[str, Kind] = {
    "phe": "number",
    "composite": "number",
    "response_running": "flag",
    "trend": "text",
    "hurt": "number",
    "need_medical": "flag",
    "need_sanitation": "flag",
    "need_psychosocial": "flag",
    "only_phe_kinds": "flag",
}
"""What conditions may say besides the facts of the catalogue (meanings: activation.yaml)."""


def hurt(catalogue: facts.Facts, figures: Mapping[str, FactValue]) -> int:
    """The greatest count of people who came to harm."""
    counts = (figures.get(name, 0) for name in catalogue.casualty_facts)
    return max((count for count in counts if isinstance(count, int)), default=0)


class ActivationRule(Entry):
    """A reason for the joint mechanism: automatic, proposed to somebody, or only ever ordered."""

    when: str | None = None
    decision: Literal["automatic", "proposal", "directive"]
    template: EntryId | None = None
    """Task-force template that it adds (D3: forward)."""
    superseded_by: tuple[EntryId, ...] = ()
    """Rules whose hit settles an open proposal of this one."""


class StandDownRule(Entry):
    """What ends the joint mechanism without a directive of its own."""

    on: Literal["last_response_ended", "incident_closed"]


@dataclass(frozen=True, slots=True)
class Conditional:
    """A rule with its condition as a function, and the facts that it looks at: the inputs of its hit."""

    rule: ActivationRule
    holds: Predicate
    looks_at: tuple[str, ...]
    tree: Condition


class ActivationLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "Activation", day: date, within: tuple[str, ...]) -> None:
        self.rules = {rule.id: rule for rule in in_force(section.rules, day, within)}
        self.conditional = tuple(section.conditional(rule) for rule in self.rules.values() if rule.when is not None)
        self.truths = section.truths(self.conditional)
        """Which statements about figures hold, of those that the conditions are made of."""
        self.by_directive = next((rule for rule in self.rules.values() if rule.decision == "directive"), None)
        self.stand_down = {rule.on: rule for rule in in_force(section.stand_down, day, within)}


class Activation(Strict):
    """The section `activation`."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    rules: tuple[ActivationRule, ...] = ()
    stand_down: tuple[StandDownRule, ...] = ()
    _catalogue: facts.Facts = PrivateAttr(default_factory=facts.Facts)
    _vocabulary: Vocabulary = PrivateAttr(default=Vocabulary(kinds={}, words={}))

    @cached_property
    def laws(self) -> Laws[ActivationLaw]:
        """What holds on the days that were asked for."""
        return Laws(lambda day, within: ActivationLaw(self, day, within))

    def at(self, day: date, within: tuple[str, ...]) -> ActivationLaw:
        """What holds on this local day in these jurisdictions."""
        return self.laws.at(day, within)

    def speak(self, catalogue: facts.Facts, vocabulary: Vocabulary) -> None:
        """What the conditions may say; told once, at load."""
        self._catalogue = catalogue
        self._vocabulary = vocabulary

    def conditional(self, rule: ActivationRule) -> Conditional:
        """The rule's condition, ready for use.

        Raises:
            ConditionError: the condition cannot be read.
        """
        tree = parse(rule.when or "", self._vocabulary)
        return Conditional(rule, compiled(tree), names(tree), tree)

    def truths(self, conditionals: tuple[Conditional, ...]) -> Truths:
        """What the conditions say about figures, whoever says it beside what else."""
        stated = dict.fromkeys(
            leaf
            for conditional in conditionals
            for leaf in leaves(conditional.tree)
            if all(name == HURT or name not in _OWN for name in names(leaf))
        )
        asked = dict.fromkeys(name for leaf in stated for name in names(leaf) if name != HURT)
        return Truths((*asked, *self._catalogue.casualty_facts), [compiled(leaf) for leaf in stated], self._complete)

    def _complete(self, figures: Mapping[str, FactValue]) -> dict[str, FactValue]:
        return {**self._catalogue.absent, **figures, HURT: hurt(self._catalogue, figures)}


def load(documents: Documents) -> Activation:
    """The section `activation`.

    Raises:
        PolicyError: the document is wrong, a condition cannot be read or names an unknown fact.
    """
    section = read(documents, FILE, Activation)
    catalogue = facts.load(documents)
    spoken = catalogue.vocabulary
    section.speak(
        catalogue,
        Vocabulary(
            kinds=MappingProxyType({**spoken.kinds, **_OWN}),
            words=MappingProxyType({**spoken.words, "trend": TRENDS}),
        ),
    )
    for index, rule in enumerate(section.rules):
        if (rule.when is None) != (rule.decision == "directive"):
            raise error_at(documents, FILE, ("rules", index), f"{rule.id} needs a condition or a directive, not both")
        if rule.when is not None:
            try:
                section.conditional(rule)
            except ConditionError as error:
                raise error_at(documents, FILE, ("rules", index, "when"), str(error)) from error
    return section

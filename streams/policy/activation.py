"""When the joint mechanism is activated, and when it ends (domain.md 1.5)."""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from streams.policy.conditions import ConditionError, Facts, Kind, Vocabulary, compiled, names, parse
from streams.policy.dated import Entry, EntryId, Strict, in_force
from streams.policy.reader import Documents, error_at, read

FILE = "activation.yaml"
UNGRADED = 5
"""What `phe` and `composite` are for an incident without a grade: less severe than any."""
_KINDS: dict[str, Kind] = {
    "phe": "number",
    "composite": "number",
    "response_running": "flag",
    "trend": "text",
    "deaths": "number",
    "injured": "number",
    "missing": "number",
    "need_medical": "flag",
    "need_sanitation": "flag",
    "need_psychosocial": "flag",
    "only_phe_kinds": "flag",
}
VOCABULARY = Vocabulary(
    kinds=MappingProxyType(_KINDS), words=MappingProxyType({"trend": ("stable", "worsening", "spreading")})
)


def _never(_: Facts) -> bool:
    return False


class ActivationRule(Entry):
    """A reason for the joint mechanism: automatic, proposed to somebody, or only ever ordered."""

    when: str | None = None
    decision: Literal["automatic", "proposal", "directive"]
    template: EntryId | None = None
    """Task-force template that it adds (D3: forward)."""
    superseded_by: tuple[EntryId, ...] = ()
    """Rules whose hit settles an open proposal of this one."""

    @cached_property
    def looks_at(self) -> tuple[str, ...]:
        """The facts that its condition names: they become the inputs of its hit."""
        return names(parse(self.when, VOCABULARY)) if self.when else ()

    @cached_property
    def holds(self) -> Callable[[Facts], bool]:
        """Its condition as a function of complete facts."""
        return compiled(parse(self.when, VOCABULARY)) if self.when else _never


class StandDownRule(Entry):
    """What ends the joint mechanism without a directive of its own."""

    on: Literal["last_response_ended", "incident_closed"]


class ActivationLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "Activation", day: date, within: tuple[str, ...]) -> None:
        self.rules = {rule.id: rule for rule in in_force(section.rules, day, within)}
        self.conditional = tuple(rule for rule in self.rules.values() if rule.when is not None)
        self.by_directive = next((rule for rule in self.rules.values() if rule.decision == "directive"), None)
        self.stand_down = {rule.on: rule for rule in in_force(section.stand_down, day, within)}


class Activation(Strict):
    """The section `activation`."""

    rules: tuple[ActivationRule, ...] = Field(default=())
    stand_down: tuple[StandDownRule, ...] = ()
    _laws: dict[Any, ActivationLaw] = PrivateAttr(default_factory=dict)

    def at(self, day: date, within: tuple[str, ...]) -> ActivationLaw:
        """What holds on this local day in these jurisdictions."""
        law = self._laws.get((day, within))
        if law is None:
            law = self._laws[day, within] = ActivationLaw(self, day, within)
        return law


def load(documents: Documents) -> Activation:
    """The section `activation`.

    Raises:
        PolicyError: the document is wrong, a condition cannot be read or names an unknown fact.
    """
    section = read(documents, FILE, Activation)
    for index, rule in enumerate(section.rules):
        if (rule.when is None) != (rule.decision == "directive"):
            raise error_at(documents, FILE, ("rules", index), f"{rule.id} needs a condition or a directive, not both")
        if rule.when is not None:
            try:
                parse(rule.when, VOCABULARY)
            except ConditionError as error:
                raise error_at(documents, FILE, ("rules", index, "when"), str(error)) from error
    return section

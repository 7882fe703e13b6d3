"""Section `facts`: the catalogue of facts. Names, types and words of everything that rules can be about."""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.inputs.reports import FactValue
from streams.policy.conditions import ConditionError, Kind, Vocabulary, names, parse_sum
from streams.policy.dated import Source, Strict
from streams.policy.evaluation import value_of
from streams.policy.reader import Documents, error_at, read

FILE = "facts.yaml"
FactType = Literal["count", "amount", "ratio", "flag", "text"]
Combine = Literal["greatest", "newest"]
Status = Literal["suspected", "confirmed"]

_KINDS: Mapping[FactType, Kind] = {
    "count": "number",
    "amount": "number",
    "ratio": "number",
    "flag": "flag",
    "text": "text",
}
_ABSENT: Mapping[FactType, FactValue] = {"count": 0, "amount": 0, "ratio": 0, "flag": False, "text": ""}


class LineListCount(Strict):
    """How a count comes out of a line list; official incidence counts confirmed cases, not suspected ones."""

    days: int | Literal["mean_incubation"] | None = None
    """Local days back from the day of the newest figures, that day included; None: all cases."""
    over: Literal["incident", "city", "county_max"]
    statuses: tuple[Status, ...] = ("confirmed",)


class FirstUrban(Strict):
    """What counts as the first occurrence in the urban area: none before it in the look-back [P]."""

    lookback: Literal["calendar_year"] | int
    """The calendar year of the occurrence, or a number of days before it."""
    of: tuple[str, ...] = Field(min_length=1)
    """Facts of which one above zero means that the kind has occurred."""


class Fact(Strict):
    """One entry of the catalogue."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: FactType
    unit: str = ""
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    source: Source
    words: tuple[str, ...] = ()
    combine: Combine | None = None
    formula: str | None = None
    otherwise: str | None = None
    expert: bool = False
    casualty: bool = False
    line_list: LineListCount | None = None
    districts: Literal["county", "prefecture", "province"] | None = None
    first_urban: FirstUrban | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.words and self.type != "text":
            raise ValueError("only a text has words")
        if self.formula and self.otherwise:
            raise ValueError("formula and otherwise exclude each other")
        return self

    @property
    def absent(self) -> FactValue:
        """What a rule sees where nobody has stated the fact."""
        return _ABSENT[self.type]

    @property
    def combined(self) -> Combine:
        """How several sources' statements become one: judgements and words by the newest, numbers by the greatest."""
        return self.combine or ("newest" if self.type in {"flag", "text"} else "greatest")

    def accepts(self, value: FactValue) -> bool:
        """Whether a stated value has the fact's type, range and words."""
        kind = type(value)
        if self.type == "flag":
            return kind is bool
        if self.type == "text":
            return kind is str and (not self.words or value in self.words)
        if kind is int:
            return self.type == "ratio" or value >= 0  # type: ignore[operator]
        return kind is float and (self.type == "ratio" or (self.type == "amount" and value >= 0))  # type: ignore[operator]


_WHOLE = frozenset({int})
_NEGATIVE: Callable[[Any], object] = (0).__gt__


class Facts(Strict):
    """The catalogue. Conditions are checked against it at load."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    facts: tuple[Fact, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Fact]:
        """The catalogue by name."""
        return {fact.name: fact for fact in self.facts}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What conditions may say."""
        return Vocabulary(
            kinds={fact.name: _KINDS[fact.type] for fact in self.facts},
            words={fact.name: fact.words for fact in self.facts if fact.words},
        )

    @cached_property
    def absent(self) -> dict[str, FactValue]:
        """Every fact's value where nobody has stated it."""
        return {fact.name: fact.absent for fact in self.facts}

    @cached_property
    def _formulas(self) -> tuple[tuple[str, bool, object], ...]:
        return tuple(
            (fact.name, fact.formula is not None, value_of(parse_sum(text, self.vocabulary)))
            for fact in self.facts
            if (text := fact.formula or fact.otherwise)
        )

    @cached_property
    def components(self) -> Mapping[str, tuple[str, ...]]:
        """Facts that a computed fact is made of."""
        return {
            fact.name: names(parse_sum(text, self.vocabulary))
            for fact in self.facts
            if (text := fact.formula or fact.otherwise)
        }

    def complete(self, stated: Mapping[str, FactValue]) -> dict[str, FactValue]:
        """Stated facts with everything that rules may ask for: formulas computed, the absent as nothing."""
        facts = self.absent.copy()
        facts.update(stated)
        for name, always, value in self._formulas:
            computed = value(facts)  # type: ignore[operator]
            facts[name] = computed if always or name not in stated else max(facts[name], computed)
        return facts

    @cached_property
    def derived(self) -> tuple[Fact, ...]:
        """Facts that may come out of line lists, districts or history."""
        return tuple(fact for fact in self.facts if fact.line_list or fact.districts or fact.first_urban)

    @cached_property
    def derivable(self) -> frozenset[str]:
        """Their names."""
        return frozenset(fact.name for fact in self.derived)

    @cached_property
    def stated_numbers(self) -> frozenset[str]:
        """Facts that somebody may state and that any whole number from zero on fits."""
        return frozenset(fact.name for fact in self.facts if not fact.formula and _KINDS[fact.type] == "number")

    def counts(self, stated: Mapping[str, FactValue]) -> bool:
        """Whether all that is stated are plain counts of the catalogue: nearly always, and quickly seen."""
        values = stated.values()
        whole = stated.keys() <= self.stated_numbers and _WHOLE.issuperset(map(type, values))
        return whole and not any(map(_NEGATIVE, values))

    def reads(self, name: str, value: FactValue) -> bool:
        """Whether the catalogue knows the fact as one that is stated, and the value fits it."""
        fact = self.by_name.get(name)
        return fact is not None and not fact.formula and fact.accepts(value)

    @cached_property
    def expert_facts(self) -> frozenset[str]:
        """Judgements that count from experts and from verified reports only."""
        return frozenset(fact.name for fact in self.facts if fact.expert)

    @cached_property
    def casualty_facts(self) -> tuple[str, ...]:
        """Facts that count dead, injured or missing people (W2's health need)."""
        return tuple(fact.name for fact in self.facts if fact.casualty)


def load(documents: Documents) -> Facts:
    """The catalogue.

    Raises:
        PolicyError: the document is wrong, a name occurs twice, or a formula does.
    """
    if FILE not in documents:
        return read(documents, FILE, Facts)
    return _loaded(documents[FILE])


@lru_cache(maxsize=16)
def _loaded(text: str) -> Facts:
    documents = {FILE: text}
    catalogue = read(documents, FILE, Facts)
    seen: set[str] = set()
    for index, fact in enumerate(catalogue.facts):
        if fact.name in seen:
            raise error_at(documents, FILE, ("facts", index, "name"), f"{fact.name} is defined twice")
        seen.add(fact.name)
    for index, fact in enumerate(catalogue.facts):
        for key in ("formula", "otherwise"):
            text = getattr(fact, key)
            if text is not None:
                _check_formula(documents, catalogue, index, key, text)
    return catalogue


def _check_formula(documents: Documents, catalogue: Facts, index: int, key: str, text: str) -> None:
    path = ("facts", index, key)
    try:
        parts = names(parse_sum(text, catalogue.vocabulary))
    except ConditionError as error:
        raise error_at(documents, FILE, path, str(error)) from error
    for part in parts:
        if catalogue.by_name[part].formula or catalogue.by_name[part].otherwise:
            raise error_at(documents, FILE, path, f"{part} is itself computed: formulas are made of stated facts")

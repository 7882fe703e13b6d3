"""The language of rules: a `when` text becomes a typed tree at load.

    when: "(density=='dense' and magnitude>=6.0) or 30<=cases<=99"

Names are facts of the catalogue; numbers, quoted texts, `+`, comparisons (also chained), `and`, `or`, `not` and
brackets. Whatever the catalogue does not know, or whatever compares what cannot be compared, is an error at load and
never a surprise at night. Nothing of the text is ever executed: evaluation.py builds closures from this tree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from schemas.inputs.reports import FactValue

Facts = Mapping[str, FactValue]
"""Facts by name, complete: every name of the catalogue has a value."""
Kind = Literal["number", "flag", "text"]
Operator = Literal["<=", ">=", "==", "!=", "<", ">"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z][a-z0-9_]*)|'(?P<text>[^']*)'|(?P<sign><=|>=|==|!=|[<>()+]))"
)


class ConditionError(ValueError):
    """A condition is not in the language, names an unknown fact, or compares what cannot be compared."""


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a fact."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a quoted text."""

    value: int | float | str

    @property
    def kind(self) -> Kind:
        """What it can be compared with."""
        return "text" if isinstance(self.value, str) else "number"


@dataclass(frozen=True, slots=True)
class Sum:
    """Numbers added."""

    terms: tuple[Name | Constant, ...]
    kind: Kind = "number"


Operand = Name | Constant | Sum


@dataclass(frozen=True, slots=True)
class Compare:
    """`first op operand op operand ...`: every neighbouring pair must hold."""

    first: Operand
    rest: tuple[tuple[Operator, Operand], ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    item: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """All of them (`and`)."""

    items: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of them (`or`)."""

    items: tuple["Condition", ...]


Condition = Name | Compare | Not | Every | Some


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a condition may say: the kind of every fact, and the words that a text fact may be (empty: any)."""

    kinds: Mapping[str, Kind]
    words: Mapping[str, tuple[str, ...]]


def parse(text: str, vocabulary: Vocabulary) -> Condition:
    """The tree of a condition.

    Raises:
        ConditionError: with the place in the text and what is wrong there.
    """
    return _Parser(text, vocabulary).condition()


def parse_sum(text: str, vocabulary: Vocabulary) -> Sum:
    """The tree of a formula such as `deaths + critical`.

    Raises:
        ConditionError: as `parse`.
    """
    return _Parser(text, vocabulary).formula()


def names(node: Condition | Operand) -> tuple[str, ...]:
    """The facts a tree looks at, in the order of its text, each once."""
    return tuple(dict.fromkeys(_names(node)))


def leaves(node: Condition) -> tuple["Name | Compare", ...]:
    """The single statements that a condition is made of; it depends on nothing but whether each of them holds."""
    match node:
        case Name() | Compare():
            return (node,)
        case Not():
            return leaves(node.item)
        case Every() | Some():
            return tuple(leaf for item in node.items for leaf in leaves(item))
        case _:
            assert_never(node)


def _names(node: Condition | Operand) -> list[str]:
    match node:
        case Name():
            return [node.name]
        case Constant():
            return []
        case Sum():
            return [name for term in node.terms for name in _names(term)]
        case Compare():
            return [name for operand in (node.first, *(right for _, right in node.rest)) for name in _names(operand)]
        case Not():
            return _names(node.item)
        case Every() | Some():
            return [name for item in node.items for name in _names(item)]
        case _:
            assert_never(node)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = self._scan()
        self._at = 0

    def condition(self) -> Condition:
        tree = self._some()
        self._end()
        return tree

    def formula(self) -> Sum:
        tree = self._sum()
        self._end()
        if tree.kind != "number":
            raise ConditionError(f"{self._text!r} is not a number")
        return tree if isinstance(tree, Sum) else Sum((tree,))

    def _scan(self) -> list[tuple[str, str, int]]:
        tokens, at = [], 0
        stripped = self._text.rstrip()
        while at < len(stripped):
            match = _TOKEN.match(stripped, at)
            if match is None:
                raise ConditionError(f"cannot read {stripped[at:]!r}")
            kind = match.lastgroup or ""
            tokens.append((kind, match.group(kind), at))
            at = match.end()
        return tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at][:2] if self._at < len(self._tokens) else ("end", "")

    def _take(self, *words: str) -> str | None:
        kind, word = self._peek()
        if kind in {"sign", "name"} and word in words:
            self._at += 1
            return word
        return None

    def _fail(self, wanted: str) -> ConditionError:
        kind, word = self._peek()
        return ConditionError(f"{wanted} expected, not {word!r}" if kind != "end" else f"{wanted} expected at the end")

    def _end(self) -> None:
        if self._peek()[0] != "end":
            raise self._fail("'and', 'or' or the end")

    def _some(self) -> Condition:
        items = [self._every()]
        while self._take("or"):
            items.append(self._every())
        return items[0] if len(items) == 1 else Some(tuple(items))

    def _every(self) -> Condition:
        items = [self._not()]
        while self._take("and"):
            items.append(self._not())
        return items[0] if len(items) == 1 else Every(tuple(items))

    def _not(self) -> Condition:
        if self._take("not"):
            return Not(self._not())
        if self._take("("):
            inner = self._some()
            if not self._take(")"):
                raise self._fail("')'")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        first = self._sum()
        rest: list[tuple[Operator, Operand]] = []
        left = first
        while (sign := self._sign()) is not None:
            right = self._sum()
            self._check(left, sign, right)
            rest.append((sign, right))
            left = right
        if rest:
            return Compare(first, tuple(rest))
        if isinstance(first, Name) and first.kind == "flag":
            return first
        raise ConditionError(f"{self._text!r}: {_told(first)} is a {first.kind}, not a condition by itself")

    def _sign(self) -> Operator | None:
        kind, word = self._peek()
        for sign in ("<=", ">=", "==", "!=", "<", ">"):
            if kind == "sign" and word == sign:
                self._at += 1
                return sign
        return None

    def _check(self, left: Operand, sign: Operator, right: Operand) -> None:
        if left.kind != right.kind or left.kind == "flag":
            raise ConditionError(f"cannot compare {_told(left)} ({left.kind}) with {_told(right)} ({right.kind})")
        if left.kind == "text" and sign not in {"==", "!="}:
            raise ConditionError(f"texts are equal or not: {_told(left)} {sign} {_told(right)}")
        for fact, other in ((left, right), (right, left)):
            if isinstance(fact, Name) and isinstance(other, Constant):
                words = self._vocabulary.words.get(fact.name, ())
                if words and other.value not in words:
                    raise ConditionError(f"{fact.name} is never {other.value!r}; it is one of {', '.join(words)}")

    def _sum(self) -> Operand:
        terms = [self._atom()]
        while self._take("+"):
            terms.append(self._atom())
        if len(terms) == 1:
            return terms[0]
        for term in terms:
            if term.kind != "number":
                raise ConditionError(f"cannot add {_told(term)} ({term.kind})")
        return Sum(tuple(terms))

    def _atom(self) -> Name | Constant:
        kind, word = self._peek()
        if kind == "number":
            self._at += 1
            return Constant(float(word) if "." in word else int(word))
        if kind == "text":
            self._at += 1
            return Constant(word)
        if kind == "name" and word not in {"and", "or", "not"}:
            self._at += 1
            fact = self._vocabulary.kinds.get(word)
            if fact is None:
                raise ConditionError(f"unknown fact {word!r}")
            return Name(word, fact)
        raise self._fail("a fact, a number or a quoted text")


def _told(node: Operand) -> str:
    match node:
        case Name():
            return node.name
        case Constant():
            return repr(node.value)
        case Sum():
            return " + ".join(_told(term) for term in node.terms)
        case _:
            assert_never(node)

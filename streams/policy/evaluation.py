"""From the tree of a condition to a fast function of the facts: closures, built once at load."""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any, assert_never

from schemas.inputs.reports import FactValue
from streams.policy.conditions import Compare, Condition, Constant, Every, Facts, Name, Not, Operand, Some, Sum, names

Predicate = Callable[[Facts], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def compiled(node: Condition) -> Predicate:
    """The tree as a function of complete facts."""
    match node:
        case Name():
            name = node.name
            return lambda facts: facts[name] is True
        case Compare():
            return _compare(node)
        case Not():
            inner = compiled(node.item)
            return lambda facts: not inner(facts)
        case Every():
            return _joined(tuple(compiled(item) for item in node.items), stop=False)
        case Some():
            return _joined(tuple(compiled(item) for item in node.items), stop=True)
        case _:
            assert_never(node)


def _joined(items: tuple[Predicate, ...], *, stop: bool) -> Predicate:
    if len(items) == 2:  # noqa: PLR2004 - pairs are most conditions, and a plain `and` is twice as fast as a loop
        one, two = items
        return (lambda facts: one(facts) or two(facts)) if stop else (lambda facts: one(facts) and two(facts))

    def joined(facts: Facts) -> bool:
        for item in items:
            if item(facts) is stop:
                return stop
        return not stop

    return joined


def _compare(node: Compare) -> Predicate:
    pairs: list[Predicate] = []
    left = node.first
    for sign, right in node.rest:
        pairs.append(_pair(left, _OPERATORS[sign], right))
        left = right
    return pairs[0] if len(pairs) == 1 else _joined(tuple(pairs), stop=False)


def _pair(left: Operand, test: Callable[[Any, Any], bool], right: Operand) -> Predicate:
    if isinstance(left, Name) and isinstance(right, Constant):
        name, constant = left.name, right.value
        return lambda facts: test(facts[name], constant)
    one, two = value_of(left), value_of(right)
    return lambda facts: test(one(facts), two(facts))


def value_of(node: Operand) -> Callable[[Facts], FactValue]:
    """An operand as a function of complete facts."""
    match node:
        case Name():
            return operator.itemgetter(node.name)
        case Constant():
            constant = node.value
            return lambda _: constant
        case Sum():
            if len(node.terms) == 2 and all(isinstance(term, Name) for term in node.terms):  # noqa: PLR2004 - as in _joined
                both = operator.itemgetter(*names(node))
                return lambda facts: operator.add(*both(facts))
            terms = tuple(value_of(term) for term in node.terms)
            return lambda facts: reduce(operator.add, [term(facts) for term in terms])
        case _:
            assert_never(node)

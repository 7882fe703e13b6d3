"""Models from values that are known to be right: what deciders and evolves make out of models.

Validation belongs to the edge. Inside the core the values come from validated models, and building an event of twenty
fields without asking again is ten times faster. Tests validate everything that the core emits.
"""

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
_set = object.__setattr__
_new = object.__new__


@cache
def _template(model: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
    """Defaults in the order of the fields (the order of the JSON), and the fields' names."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}
    return defaults, set(model.model_fields)


def made(model: type[M], /, **values: Any) -> M:
    """A model of these values and its defaults, unvalidated. Every field without a default must be given."""
    defaults, names = _template(model)
    fields = defaults.copy()
    fields.update(values)
    return _born(model, fields, names)


def changed(old: M, /, **values: Any) -> M:
    """The successor of a frozen model: the same with these values, unvalidated."""
    return _born(type(old), {**old.__dict__, **values}, old.__pydantic_fields_set__)


def _born(model: type[M], fields: dict[str, Any], names: set[str]) -> M:
    new = _new(model)
    _set(new, "__dict__", fields)
    _set(new, "__pydantic_fields_set__", names)
    _set(new, "__pydantic_extra__", None)
    _set(new, "__pydantic_private__", None)
    return new

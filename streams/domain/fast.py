"""Models from values that are known to be right: what deciders and evolves make out of models.

Validation belongs to the edge. Inside the core the values come from validated models, and building an event of twenty
fields without asking again is ten times faster. Tests validate everything that the core emits.
"""

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
_new = object.__new__
_set_fields, _set_names, _set_extra, _set_private = (
    BaseModel.__dict__[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)
"""Set the slots that a model is made of: anything more general takes twice as long."""


@cache
def _template(model: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
    """Defaults in the order of the fields (the order of the JSON), and the fields' names."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()}
    return defaults, set(model.model_fields)


def made(model: type[M], /, **values: Any) -> M:
    """A model of these values and its defaults, unvalidated. Every field without a default must be given."""
    defaults, names = _template(model)
    new = _new(model)
    _set_fields(new, {**defaults, **values})
    _set_names(new, names)
    _set_extra(new, None)
    _set_private(new, None)
    return new


def whole(model: type[M], fields: dict[str, Any]) -> M:
    """A model of all its fields in their own order, unvalidated: for the few events of which every report makes one."""
    new = _new(model)
    _set_fields(new, fields)
    _set_names(new, _template(model)[1])
    _set_extra(new, None)
    _set_private(new, None)
    return new


def changed(old: M, /, **values: Any) -> M:
    """The successor of a frozen model: the same with these values, unvalidated."""
    new = _new(type(old))
    _set_fields(new, {**old.__dict__, **values})
    _set_names(new, old.__pydantic_fields_set__)
    _set_extra(new, None)
    _set_private(new, None)
    return new

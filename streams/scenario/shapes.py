"""YAML data laid against the JSON schema of an event type: short names and times resolved, every error placed."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import ValidationError

from schemas.base import InputEvent
from schemas.envelope import stamp
from streams.scenario.late import PLACEHOLDER, Late, bind
from streams.scenario.names import Names, misspelt, nearest
from streams.scenario.times import Calendar, TimeError
from streams.scenario.tree import List, Map, Place, Problems, Scalar, Tree
from streams.scenario.words import words_of

Schema = dict[str, Any]
DISTRICT = r"^[0-9]{6}$"
AREA = r"^[0-9]{4}00$"
INCIDENT_FIELDS = frozenset({"incident", "other"})
FOREIGN_FIELDS = frozenset({"province"})
"""Codes that no fixture registers."""
FACT_FIELDS = frozenset({"figures", "flags"})
HAZARD_FIELDS = frozenset({"hazard_kinds", "hazard_kind"})
UNIT_FIELDS = frozenset(
    {"reporter_unit", "received_by", "unit", "from_unit", "to_units", "to_unit", "by_unit", "owner_unit", "superior"}
)
STRANGER = "reporter who need not be registered"
LATE_KEYS = {"seen", "data", "field"}


@cache
def schema_of(cls: type[InputEvent]) -> Schema:
    """The JSON schema of an input type."""
    return cls.model_json_schema()


@dataclass
class Shaper:
    """Resolves the data of one scenario's records."""

    names: Names
    calendar: Calendar
    problems: Problems

    def shape(self, cls: type[InputEvent], data: Map, base: datetime) -> dict[str, Any]:
        """The payload of an event, with `Late` parts still open. `base` is what `+10m` counts from."""
        before = len(self.problems)
        walk = _Walk(self, schema_of(cls), base)
        value = walk.value(data, schema_of(cls), "")
        if not isinstance(value, dict):
            return {}
        value.setdefault("area", self.names.area)
        if len(self.problems) == before:
            self._validate(cls, data, value)
        return value

    def _validate(self, cls: type[InputEvent], data: Map, value: dict[str, Any]) -> None:
        complete = bind(value, lambda late: late.fallback or PLACEHOLDER)
        try:
            cls.model_validate_json(json.dumps(complete, ensure_ascii=False))
        except ValidationError as error:
            for found in error.errors(include_url=False, include_context=False, include_input=False):
                path = ".".join(map(str, found["loc"]))
                self.problems.add(_where(data, found["loc"]), f"{cls.TYPE}: {path}: {found['msg']}")
        except ValueError as error:
            self.problems.add(data.place, f"{cls.TYPE}: {error}")


def _where(data: Map, path: tuple[int | str, ...]) -> Place:
    """The place of a field, or of the nearest thing around it that the file spells out."""
    tree: Tree = data
    place = data.place
    for step in path:
        if isinstance(tree, Map) and isinstance(step, str) and step in tree.items:
            place, tree = tree.at(step), tree.items[step]
        elif isinstance(tree, List) and isinstance(step, int) and step < len(tree.items):
            tree = tree.items[step]
            place = tree.place
    return place


def _only_list(options: list[Schema]) -> Schema | None:
    """The schema of the items where nothing but a list fits: then one value alone is a list of one."""
    kinds = [option for option in options if option.get("type") != "null"]
    if len(kinds) == 1 and kinds[0].get("type") == "array":
        items: Schema = kinds[0].get("items", {})
        return items
    return None


@dataclass
class _Walk:
    shaper: Shaper
    root: Schema
    base: datetime

    def deref(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def variants(self, schema: Schema) -> list[Schema]:
        schema = self.deref(schema)
        if "anyOf" in schema:
            return [inner for option in schema["anyOf"] for inner in self.variants(option)]
        return [schema]

    def value(self, node: Tree, schema: Schema, name: str) -> Any:
        if isinstance(node, Map) and "seen" in node.items:
            return self.late(node)
        if isinstance(node, Map):
            return self.mapping(node, self.chosen(node, schema), name)
        if isinstance(node, List):
            items: Schema = next((option.get("items", {}) for option in self.variants(schema) if "items" in option), {})
            return [self.value(item, items, name) for item in node.items]
        alone = _only_list(self.variants(schema))
        if alone is not None and node.value is not None:
            return [self.value(node, alone, name)]
        return self.scalar(node, self.variants(schema), name)

    def chosen(self, node: Map, schema: Schema) -> Schema:
        """The alternative of a union that this mapping is meant to be."""
        schema = self.deref(schema)
        mark = schema.get("discriminator")
        if mark:
            key = mark["propertyName"]
            said = node.items.get(key)
            word = str(said.plain()) if said is not None else ""
            if word in mark["mapping"]:
                return self.deref({"$ref": mark["mapping"][word]})
            where = said.place if said is not None else node.place
            self.shaper.problems.add(where, f"unknown {key} {word!r}{nearest(word, mark['mapping'])}")
            return {}
        options = self.variants(schema)
        return next((option for option in options if "properties" in option or "additionalProperties" in option), {})

    def mapping(self, node: Map, schema: Schema, name: str) -> dict[str, Any]:
        known = schema.get("properties")
        result: dict[str, Any] = {}
        for key, item in node.items.items():
            if known is not None and key not in known and schema.get("additionalProperties", False) is False:
                title = schema.get("title", name or "this")
                self.shaper.problems.add(node.at(key), f"{title} has no field {key!r}{nearest(key, known)}")
                continue
            inner = (known or {}).get(key, schema.get("additionalProperties", {}))
            word = key if known is not None else self.shaper.names.districts.get(key, key)
            if name in FACT_FIELDS and known is None:
                self.slip(key, words_of("facts.yaml", "facts"), node.at(key))
            called = key if known is not None else name
            if called == "reporter_unit" and "reporter_kind" in node.items:
                called = STRANGER
            result[word] = self.value(item, inner if isinstance(inner, dict) else {}, called)
        return result

    def scalar(self, node: Scalar, options: list[Schema], name: str) -> Any:
        value = node.value
        formats = {option.get("format") for option in options}
        if "date-time" in formats and isinstance(value, str):
            return self.instant(value, node.place)
        patterns = {option.get("pattern") for option in options}
        wants_text = any(option.get("type") == "string" for option in options)
        only_text = all(option.get("type") in {"string", "null"} for option in options)
        if isinstance(value, int | float) and not isinstance(value, bool) and wants_text and only_text:
            value = str(value)
        if not isinstance(value, str):
            return value
        if DISTRICT in patterns or AREA in patterns or name == "zone":
            return value if name in FOREIGN_FIELDS else self.code(value, node.place)
        if name in INCIDENT_FIELDS:
            return self.incident(value, node.place)
        if name == "proposal":
            return self.proposal(value, node.place)
        if name in HAZARD_FIELDS:
            self.slip(value, words_of("hazards.yaml", "hazards"), node.place)
        if name in UNIT_FIELDS and value not in self.shaper.names.units:
            self.shaper.problems.add(node.place, f"unknown unit {value!r}{nearest(value, self.shaper.names.units)}")
        return value

    def slip(self, word: str, known: Iterable[str], place: Place) -> None:
        """A word that is nearly one of the policy's is a slip; another one may be meant: policies differ."""
        close = misspelt(word, known)
        if close:
            self.shaper.problems.add(place, f"{word!r} is not known to the policy: did you mean {close}?")

    def instant(self, text: str, place: Place) -> str:
        try:
            return stamp(self.shaper.calendar.instant(text, self.base))
        except TimeError as error:
            self.shaper.problems.add(place, str(error))
            return stamp(self.base)

    def code(self, text: str, place: Place) -> str:
        found = self.shaper.names.place(text)
        if found is None:
            self.shaper.problems.add(place, f"unknown district {text!r}{nearest(text, self.shaper.names.codes())}")
        return found or text

    def incident(self, text: str, place: Place) -> Late | str:
        """External ids name incidents; `source|external id` and real ids stand for themselves."""
        source = self.shaper.names.incidents.get(text)
        if source is None and "|" not in text and not text.startswith("INC"):
            hint = nearest(text, self.shaper.names.incidents)
            self.shaper.problems.add(place, f"unknown incident {text!r}: no report has this external id{hint}")
        if source is not None and self.root["title"] == "DirectiveIssued":
            return f"{source}|{text}"
        return Late("incident", text, place, fallback=f"{source}|{text}" if source else text)

    def proposal(self, text: str, place: Place) -> str:
        """`W2 of PLANT`, or `W2` where the scenario has one incident only; proposal ids stand for themselves."""
        rule, said, incident = text.partition(" of ")
        incidents = self.shaper.names.incidents
        if not said:
            if "@" in text or not re.fullmatch(r"[A-Za-z0-9_-]+(:[1-4])?", text):
                return text
            if len(incidents) != 1:
                self.shaper.problems.add(place, f"{text!r} of which incident? write `{text} of <external id>`")
                return text
            incident = next(iter(incidents))
        if incident in incidents:
            return f"{rule}@{incidents[incident]}|{incident}"
        zone = self.shaper.names.place(incident)
        return f"{rule}@{zone or incident}"

    def late(self, node: Map) -> Late:
        for key in node.items.keys() - LATE_KEYS:
            self.shaper.problems.add(node.at(key), f"a looked-up value has no key {key!r}: seen, data, field")
        seen, data, field = (node.items.get(key) for key in ("seen", "data", "field"))
        if not isinstance(seen, Scalar) or not isinstance(field, Scalar):
            self.shaper.problems.add(node.place, "a looked-up value says `seen: <event type>` and `field: <name>`")
        wanted = tuple(data.plain().items()) if isinstance(data, Map) else ()
        type_ = str(seen.plain()) if seen is not None else ""
        return Late("field", type_, node.place, wanted, str(field.plain()) if field is not None else "")

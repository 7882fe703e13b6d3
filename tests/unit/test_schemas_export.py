"""The published contract: complete, true to what is sent, up to date, and no change slips in that breaks a peer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from schemas import compat, export
from schemas.base import INPUTS, OUTPUTS
from schemas.topics import CATALOGUE, DEAD_LETTERS
from streams.scenario.compile import record_of
from streams.scenario.core_play import play
from streams.scenario.late import is_late
from streams.scenario.parse import load

if TYPE_CHECKING:
    from collections.abc import Callable

SC_1 = Path(__file__).parents[1] / "scenarios" / "sc_1.yaml"
RENDERED = export.render()
DOCUMENT = json.loads(RENDERED["asyncapi.json"])
Schema = dict[str, Any]


def published(path: str) -> Schema:
    found: Schema = json.loads(RENDERED[path])
    return found


# ---- complete


def test_what_is_published_is_what_the_models_say() -> None:
    assert export.drift() == [], "run `liandong schemas export`"


def test_every_type_has_a_schema_and_a_message_on_its_topic() -> None:
    """NS-8: one canonical schema for every department."""
    files = set(RENDERED) - {"asyncapi.json"}
    assert files == {f"inputs/{name}.json" for name in INPUTS} | {f"outputs/{name}.json" for name in OUTPUTS}
    for name, cls in (*INPUTS.items(), *OUTPUTS.items()):
        assert name in DOCUMENT["components"]["messages"]
        assert name in DOCUMENT["channels"][cls.TOPIC]["messages"]


def test_every_topic_is_a_channel_with_the_operations_of_its_direction() -> None:
    wanted = set()
    for topic in CATALOGUE:
        wanted |= {f"receive.{topic.name}"} if topic.direction in {"in", "both"} else set()
        wanted |= {f"send.{topic.name}"} if topic.direction in {"out", "both"} else set()
        assert DOCUMENT["channels"][topic.name]["address"] == f"{{prefix}}{topic.name}"
    assert set(DOCUMENT["operations"]) == wanted


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """AsyncAPI 3: local pointers, and files beside the document."""

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(target := node.get("$ref"), str):
                if target.startswith("./"):
                    assert target[2:] in RENDERED
                else:
                    found = DOCUMENT
                    for step in target.removeprefix("#/").split("/"):
                        found = found[step]
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(DOCUMENT)


def test_the_document_has_the_form_of_asyncapi_3() -> None:
    """The parts that AsyncAPI 3.0.0 demands; its own JSON Schema accepted the document when this was written."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT["info"]) >= {"title", "version"}
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"].rpartition("/")[2]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"#/channels/{channel}/messages/"), name
        assert operation["messages"] or channel == DEAD_LETTERS
    for message in DOCUMENT["components"]["messages"].values():
        assert set(message) >= {"name", "contentType", "headers"}


@pytest.mark.parametrize("path", sorted(set(RENDERED) - {"asyncapi.json"}))
def test_every_schema_is_a_json_schema_with_words(path: str) -> None:
    schema = published(path)
    Draft202012Validator.check_schema(schema)
    assert schema["description"]
    assert schema["$id"] == f"urn:liandong:{schema['title']}"


# ---- true


def test_what_is_sent_and_emitted_in_sc_1_fits_the_published_schemas() -> None:
    scenario = load(SC_1)[0]
    seen = play(scenario).observed
    outputs = {name: Draft202012Validator(published(f"outputs/{name}.json")) for name in {one.type for one in seen}}
    for one in seen:
        outputs[one.type].validate(one.data)
    counted = Counter(one.type for one in seen)
    assert counted["resource.committed.v1"] > 10
    inputs = {name: Draft202012Validator(published(f"inputs/{name}.json")) for name in INPUTS}
    for send in (*scenario.fixture, *(step.send for step in scenario.steps if step.send)):
        if not is_late(send.data):
            value = json.loads(record_of(send, scenario.start, lambda late: None).value)
            inputs[send.type].validate(value)


# ---- compatible


def changed(path: str, change: Callable[[Schema], object]) -> list[str]:
    """Breaks that a change of one published schema makes."""
    new = published(path)
    change(new)
    return compat.breaks({path: RENDERED[path]}, {path: json.dumps(new)})


REQUESTED = "inputs/resource.requested.v1.json"
COMMITTED = "outputs/resource.committed.v1.json"
DIRECTIVE = "inputs/directive.issued.v1.json"


def _field(schema: Schema, name: str) -> Schema:
    found: Schema = schema["properties"][name]
    return found


def _def(schema: Schema, name: str) -> Schema:
    found: Schema = schema["$defs"][name]
    return found


def _renamed(schema: Schema) -> None:
    schema["properties"]["needed_until"] = schema["properties"].pop("needed_by")


BREAKING: dict[str, tuple[str, Callable[[Schema], object], str]] = {
    "a field is removed": (REQUESTED, lambda s: s["properties"].pop("text"), "$.text: removed or renamed"),
    "a field is renamed": (REQUESTED, _renamed, "$.needed_by: removed or renamed"),
    "a nested field is removed": (
        REQUESTED,
        lambda s: _def(s, "RequestLine")["properties"].pop("requires"),
        "$.lines[].requires: removed or renamed",
    ),
    "a new input field is required": (
        REQUESTED,
        lambda s: (s["properties"].update(extra={"type": "string"}), s["required"].append("extra")),
        "$.extra: required now: senders leave it out",
    ),
    "an optional field becomes required": (
        REQUESTED,
        lambda s: s["required"].append("needed_by"),
        "$.needed_by: required",
    ),
    "a new output field has no default": (
        COMMITTED,
        lambda s: (s["properties"].update(extra={"type": "string"}), s["required"].append("extra")),
        "recorded events lack it",
    ),
    "text becomes shorter": (REQUESTED, lambda s: _field(s, "text").update(maxLength=10), "maxLength was 8000, is 10"),
    "a list gets a minimum": (REQUESTED, lambda s: _field(s, "lines").update(minItems=2), "minItems was 1, is 2"),
    "a number gets narrower": (
        REQUESTED,
        lambda s: _def(s, "RequestLine")["properties"]["quantity"].update(maximum=5),
        "$.lines[].quantity: maximum",
    ),
    "a pattern changes": (REQUESTED, lambda s: _field(s, "unit").update(pattern="^X"), "$.unit: pattern was"),
    "a type changes": (REQUESTED, lambda s: _field(s, "text").update(type="integer"), "$.text: was Text, is Text"),
    "an enum member goes": (
        COMMITTED,
        lambda s: _field(s, "owner_department").update(enum=["health"]),
        "no longer emergency_management",
    ),
    "null is refused": (
        REQUESTED,
        lambda s: _field(s, "needed_by").update(anyOf=[{"type": "string", "format": "date-time"}]),
        "$.needed_by: was null",
    ),
    "an output may be null": (
        COMMITTED,
        lambda s: _field(s, "quantity").update({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        "$.quantity: may be null now",
    ),
    "a command's action goes": (
        DIRECTIVE,
        lambda s: _field(s, "command").update(oneOf=_field(s, "command")["oneOf"][1:]),
        "$.command",
    ),
    "an action's field goes": (
        DIRECTIVE,
        lambda s: _def(s, "WaiveFloor")["properties"].pop("kinds"),
        "$.command.kinds: removed or renamed",
    ),
    "the topic changes": (
        REQUESTED,
        lambda s: s.update({"x-topic": "alerts"}),
        "moved from resource.requests to alerts",
    ),
}
HARMLESS: dict[str, tuple[str, Callable[[Schema], object]]] = {
    "nothing": (DIRECTIVE, lambda s: None),
    "words": (REQUESTED, lambda s: s.update(description="other words")),
    "a new optional field": (REQUESTED, lambda s: s["properties"].update(extra={"type": "string", "default": ""})),
    "a required input field becomes optional": (REQUESTED, lambda s: s["required"].remove("unit")),
    "an input takes more": (REQUESTED, lambda s: _field(s, "text").update(maxLength=9000)),
    "an input may be null": (
        REQUESTED,
        lambda s: _field(s, "text").update({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ),
    "an output gets an enum member": (COMMITTED, lambda s: _field(s, "stage")["enum"].append("parked")),
    "an input gets another action": (
        DIRECTIVE,
        lambda s: _field(s, "command")["oneOf"].append({"type": "object", "title": "Salute", "properties": {}}),
    ),
}


@pytest.mark.parametrize("what", sorted(BREAKING))
def test_a_break_is_named_with_its_field(what: str) -> None:
    path, change, says = BREAKING[what]
    found = changed(path, change)
    assert any(says in one for one in found), (what, found)


@pytest.mark.parametrize("what", sorted(HARMLESS))
def test_what_no_peer_notices_is_no_break(what: str) -> None:
    path, change = HARMLESS[what]
    assert changed(path, change) == []


def test_a_type_that_is_gone_is_a_break_and_a_new_one_is_none() -> None:
    assert compat.breaks({REQUESTED: RENDERED[REQUESTED]}, {}) == [
        "resource.requested.v1: the type is gone: keep it, and add a new version beside it"
    ]
    assert compat.breaks({}, RENDERED) == []


def test_files_that_drift_are_named_and_export_mends_them(tmp_path: Path) -> None:
    export.write(tmp_path)
    assert export.drift(tmp_path) == []
    (tmp_path / REQUESTED).write_text("{}")
    (tmp_path / COMMITTED).unlink()
    (tmp_path / "inputs" / "made.up.v1.json").write_text("{}")
    assert export.drift(tmp_path) == [
        f"{COMMITTED}: is not published",
        "inputs/made.up.v1.json: is published, but there is no such type",
        f"{REQUESTED}: is out of date",
    ]
    assert len(export.write(tmp_path)) == 3
    assert export.drift(tmp_path) == []


def test_the_whole_contract_is_compatible_with_itself() -> None:
    assert compat.breaks(dict(RENDERED), RENDERED) == []

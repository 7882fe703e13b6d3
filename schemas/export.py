"""The published contract: one AsyncAPI 3 document and one JSON Schema per event type, generated from the models.

`render` gives every file of `schemas/published/` as text; `drift` says which files are not as generated.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import cleandoc
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas import inputs, outputs
from schemas.base import INPUTS, OUTPUTS, Event, InputEvent
from schemas.topics import CATALOGUE, DEAD_LETTERS, Topic

Json = dict[str, Any]
PUBLISHED = Path(__file__).parent / "published"
CONTRACT_VERSION = "1.0.0"
"""Raised by hand: the middle number for additions, the first for breaks."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT = "application/schema+json;version=draft-2020-12"
ABOUT = (
    "Incident command 联动 of a city: CloudEvents 1.0, Kafka binary mode, key: GB/T 2260 code of the commanding city. "
    "Inputs are observations (never refused) and commands (refused with a reason code on `refusals`). Consumers "
    "drop every record whose `sequence` is not above the last they saw of its area on that topic, and tolerate fields "
    "and enum members that they do not know."
)
INPUT_HEADERS = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "Unique within the source: `source` and `id` are the deduplication key",
    "ce_source": "The sending system",
    "ce_type": "Event type, versioned",
    "ce_time": "When it happened, RFC 3339",
    "ce_subject": "Entity it is about",
    "ce_traceparent": "W3C trace context",
    "ce_actor": "Who caused it",
    "ce_signature": "Directives: detached JWS (RFC 7515 appendix F, Ed25519) over the value's bytes",
    "ce_virtualtime": "Exercise realms: virtual time, RFC 3339",
    "content-type": "application/json",
}
OUTPUT_HEADERS = {
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "uuid5 of realm, area, cause and place: the same when it is sent again",
    "ce_source": "liandong/<realm>/<area>",
    "ce_type": "Event type, versioned",
    "ce_time": "The area's instant at which it was decided",
    "ce_subject": "Entity that changed",
    "ce_correlationid": "Incident",
    "ce_causationid": "`source id` of the input that caused it",
    "ce_sequence": "Gapless per area over all output topics",
    "ce_recordedtime": "When it was recorded",
    "ce_actor": "Who caused it",
    "ce_traceparent": "W3C trace context of the input",
    "ce_chain": "Head of the area's hash chain, hex",
    "content-type": "application/json",
}
LETTER_HEADERS = {
    "dl_code": "Machine code, e.g. BAD_JSON, SCHEMA, UNKNOWN_AREA, QUARANTINED",
    "dl_category": "unreadable, fault or conflict",
    "dl_path": "Field or header",
    "dl_message": "What is wrong",
    "dl_topic": "Where it came from",
    "dl_partition": "Where it came from",
    "dl_offset": "Where it came from",
    "dl_timestamp": "Kafka timestamp of the record, ms",
}
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type")


def schema_of(cls: type[Event]) -> Json:
    """JSON Schema of an event's value: what is accepted of inputs, what is written of outputs."""
    is_input = issubclass(cls, InputEvent)
    schema = cls.model_json_schema(mode="validation" if is_input else "serialization")
    words = {
        "$schema": DIALECT,
        "$id": f"urn:liandong:{cls.TYPE}",
        "title": cls.TYPE,
        "description": cleandoc(cls.__doc__ or ""),
    }
    marks = {"x-topic": cls.TOPIC, **({"x-command": cls.COMMAND} if issubclass(cls, InputEvent) else {})}
    return {**words, **marks, **{key: value for key, value in schema.items() if key not in words}}


def file_of(cls: type[Event]) -> str:
    """Where the schema of a type is published."""
    return f"{'inputs' if issubclass(cls, InputEvent) else 'outputs'}/{cls.TYPE}.json"


def types() -> Iterator[type[Event]]:
    """Every event type, inputs first, by name."""
    inputs.load()
    outputs.load()
    yield from (INPUTS[name] for name in sorted(INPUTS))
    yield from (OUTPUTS[name] for name in sorted(OUTPUTS))


def asyncapi() -> Json:
    """The AsyncAPI 3 document."""
    everything = list(types())
    return {
        "asyncapi": "3.0.0",
        "id": "urn:liandong",
        "info": {
            "title": "Liandong 联动",
            "version": CONTRACT_VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{broker}",
                "protocol": "kafka",
                "variables": {"broker": {"default": "127.0.0.1:9092", "description": "Bootstrap server"}},
            }
        },
        "channels": {topic.name: _channel(topic, everything) for topic in CATALOGUE},
        "operations": dict(_operations(everything)),
        "components": {
            "schemas": {
                "InputHeaders": _headers(INPUT_HEADERS, REQUIRED),
                "OutputHeaders": _headers(OUTPUT_HEADERS, (*REQUIRED, "ce_sequence", "ce_causationid", "ce_chain")),
                "DeadLetterHeaders": _headers(LETTER_HEADERS, ("dl_code", "dl_topic", "dl_partition", "dl_offset")),
            },
            "parameters": {
                "prefix": {
                    "default": "",
                    "description": "Empty in the actual realm, `exercise.<id>.` in an exercise; before it a deployment",
                }
            },
            "messages": {**{cls.TYPE: _message(cls) for cls in everything}, "dead.letter": _letter()},
        },
    }


def _headers(known: dict[str, str], required: tuple[str, ...]) -> Json:
    properties = {name: {"type": "string", "description": words} for name, words in known.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def _message(cls: type[Event]) -> Json:
    is_input = issubclass(cls, InputEvent)
    headers = "InputHeaders" if is_input else "OutputHeaders"
    text = cleandoc(cls.__doc__ or "")
    return {
        "name": cls.TYPE,
        "title": cls.__name__,
        "summary": text.split("\n", 1)[0],
        "description": text,
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": f"#/components/schemas/{headers}"},
                {"type": "object", "properties": {"ce_type": {"const": cls.TYPE}}},
            ]
        },
        "payload": {"schemaFormat": FORMAT, "schema": {"$ref": f"./{file_of(cls)}"}},
        "bindings": {"kafka": {"key": {"type": "string", "pattern": "^[0-9]{4}00$"}, "bindingVersion": "0.5.0"}},
    }


def _letter() -> Json:
    return {
        "name": "dead.letter",
        "title": "DeadLetter",
        "summary": "The original key, bytes and headers of a record that could not be applied.",
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
    }


def _channel(topic: Topic, everything: list[type[Event]]) -> Json:
    names = [cls.TYPE for cls in everything if topic.name == cls.TOPIC]
    if topic.name == DEAD_LETTERS:
        names = ["dead.letter"]
    return {
        "address": f"{{prefix}}{topic.name}",
        "title": topic.name,
        "description": topic.doc,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "parameters": {"prefix": {"$ref": "#/components/parameters/prefix"}},
        "bindings": {
            "kafka": {"topicConfiguration": {"max.message.bytes": topic.max_bytes}, "bindingVersion": "0.5.0"},
        },
    }


def _operations(everything: list[type[Event]]) -> Iterator[tuple[str, Json]]:
    """Liandong receives inputs and sends outputs; mutual aid it does both."""
    for topic in CATALOGUE:
        for action, directions, root in (("receive", ("in", "both"), True), ("send", ("out", "both"), False)):
            if topic.direction not in directions:
                continue
            names = [c.TYPE for c in everything if topic.name == c.TOPIC and issubclass(c, InputEvent) is root]
            if topic.name == DEAD_LETTERS:
                names = ["dead.letter"]
            yield (
                f"{action}.{topic.name}",
                {
                    "action": action,
                    "summary": topic.doc,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names],
                },
            )


@cache
def render() -> Mapping[str, str]:
    """Every published file by its path inside `published/`."""
    documents = {file_of(cls): schema_of(cls) for cls in types()}
    documents["asyncapi.json"] = asyncapi()
    texts = {name: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for name, document in documents.items()}
    return MappingProxyType(texts)


def stored(folder: Path = PUBLISHED) -> dict[str, str]:
    """The published files as they are."""
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.json"))}


def drift(folder: Path = PUBLISHED) -> list[str]:
    """How the published files differ from what the models say; empty when they do not."""
    wanted, found = render(), stored(folder)
    return [
        *(f"{name}: is not published" for name in sorted(wanted.keys() - found.keys())),
        *(f"{name}: is published, but there is no such type" for name in sorted(found.keys() - wanted.keys())),
        *(f"{name}: is out of date" for name in sorted(wanted.keys() & found.keys()) if wanted[name] != found[name]),
    ]


def write(folder: Path = PUBLISHED) -> list[str]:
    """Write what differs and remove what is no more; returns the changed paths."""
    wanted, found = render(), stored(folder)
    changed = [name for name in sorted(wanted) if found.get(name) != wanted[name]]
    for name in changed:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    gone = sorted(found.keys() - wanted.keys())
    for name in gone:
        (folder / name).unlink()
    return changed + gone

"""From a step to a record: late parts looked up, bytes made, signed, headers written."""

import json
from dataclasses import dataclass
from datetime import datetime

from schemas.base import INPUTS
from schemas.codec import encode
from schemas.envelope import stamp, write
from schemas.inputs.nodes import NodeLogSynced
from streams.scenario import keys
from streams.scenario.late import Binder, bind
from streams.scenario.model import Send
from streams.scenario.node_logs import sealed_log

STRANGER = "somebody-else"
"""Whose key signs where a file says `sign: wrong`."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it goes to Kafka: topic without prefix, key, value, headers; `at` is its virtual time."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    at: datetime
    step: str
    """Envelope id."""
    area: str


def record_of(send: Send, at: datetime, binder: Binder) -> Record:
    """The record of a step. Raises LookupError where a late part was never emitted."""
    cls = INPUTS[send.type]
    data = bind(send.data, binder)
    event = cls.model_validate_json(json.dumps(data, ensure_ascii=False))
    value = encode(sealed_log(event) if isinstance(event, NodeLogSynced) else event)
    signature = None
    if send.signer is not None and send.signature != "none":
        signer = send.signer if send.signature == "right" else STRANGER
        signature = keys.sign(signer, value, kid=keys.key_of(send.signer).kid)
    attributes = {
        "id": send.id,
        "source": send.source,
        "type": send.type,
        "time": stamp(at),
        "actor": send.signer,
        "signature": signature,
        "virtualtime": stamp(at),
    }
    return Record(cls.TOPIC, send.area.encode(), value, tuple(write(attributes)), at, send.id, send.area)

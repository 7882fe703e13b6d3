"""Seeded bad records of every kind, made from good ones: what must come of each is known, or that something must."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from schemas.codec import encode
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import INPUT_TOPICS
from tests.support import alarm, poison
from tests.support.messages import Message, changed

NUMBER = "x-test-n"
"""Header by which a bad record is found again."""
ANY = "any"
"""A dead letter, a refusal, or an acceptance: some mutations leave a record good."""
ACCEPTED = "accepted"
MIB = 1024 * 1024
Key = bytes | None


@dataclass(frozen=True, slots=True)
class Bad:
    """A record as it is sent. `expect`: dead-letter codes of which one must come, or ANY, or ACCEPTED."""

    number: int
    kind: str
    message: Message
    key: Key
    expect: frozenset[str]


def _text(message: Message) -> str:
    return (message.value or b"{}").decode()


def _with(message: Message, value: bytes | None) -> Message:
    return replace(message, value=value)


def _tree(message: Message) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(message.value or b"{}")
    return tree


def flipped(chance: Random, message: Message) -> Message:
    """Some bytes changed."""
    raw = bytearray(message.value or b"{}")
    for _ in range(chance.randrange(1, 6)):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return _with(message, bytes(raw))


def cut(chance: Random, message: Message) -> Message:
    """Some bytes missing, doubled, or strange ones put in between."""
    raw = message.value or b"{}"
    at, to = sorted((chance.randrange(len(raw)), chance.randrange(len(raw))))
    middle = chance.choice((b"", raw[at:to] * 2, bytes(chance.randrange(256) for _ in range(9)), b"\xed\xa0\x80"))
    return _with(message, raw[:at] + middle + raw[to:])


STRANGE = (
    None, True, -1, 0, 1.5, "", "x", "\u202e", [], {}, [[]], "9999-99-99T99:99:99Z", "0001-01-01T00:00:00+14:00",
    10**30, -(10**400), 1e308, "420100" * 4000, {"a": {"b": {}}}, "2026-01-01T00:00:00", "9999-12-31T23:59:59Z",
)  # fmt: skip


def mistyped(chance: Random, message: Message) -> Message:
    """One field, at any depth, holds something else."""
    tree = _tree(message)
    node: Any = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return _with(message, json.dumps(tree).encode())
        at = chance.choice(keys)
        if isinstance(node[at], dict | list) and node[at] and chance.random() < 0.7:
            node = node[at]
            continue
        node[at] = chance.choice(STRANGE)
        return _with(message, json.dumps(tree).encode())


def shortened(chance: Random, message: Message) -> Message:
    """A field is missing, or called something else."""
    tree = _tree(message)
    lost = tree.pop(chance.choice(list(tree)))
    if chance.random() < 0.5:
        tree[f"x{chance.random()}"] = lost
    return _with(message, json.dumps(tree).encode())


def headless(chance: Random, message: Message) -> Message:
    """A header is missing, empty, null, there twice, binary, or too long."""
    name, value = chance.choice([pair for pair in message.headers if pair[0].startswith("ce_")])
    bad = chance.choice((b"", None, b"\xff\xfe", b"a\x00b", b"x" * 5000, b" ", "雪".encode() * 200))
    if chance.random() < 0.3:
        return replace(message, headers=(*message.headers, (name, value)))
    rest = tuple(pair for pair in message.headers if pair[0] != name)
    return replace(message, headers=rest if chance.random() < 0.3 else (*rest, (name, bad)))


def crowded(chance: Random, message: Message) -> Message:
    """Hundreds of headers, with odd names."""
    names = ("h", "ce_x", "\\u0000", "雪", "", "nul\x00", "dl_code")
    more = tuple((f"{chance.choice(names)}{n}", chance.randbytes(chance.randrange(300))) for n in range(70, 400))
    return replace(message, headers=(*message.headers, *more))


def _retopic(chance: Random, message: Message) -> Message:
    return replace(message, topic=chance.choice([topic for topic in INPUT_TOPICS if topic != message.topic]))


def _nest(chance: Random, message: Message) -> Message:
    depth = chance.choice((65, 100, 1000, 100_000))
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}")))
    inner = opening * depth + "1" + closing * depth
    return _with(message, (_text(message)[:-1] + f',"deep":{inner}}}').encode())


def _large(chance: Random, message: Message) -> Message:
    size = 5 * MIB - 4096 if chance.random() < 0.15 else chance.randrange(MIB, MIB + 4096)
    return _with(message, (_text(message)[:-1] + ',"pad":"' + "x" * size + '"}').encode())


def _literal(chance: Random, message: Message) -> Message:
    bad = chance.choice(("NaN", "Infinity", "-Infinity", '"\\ud800"', '"\\udfff\\ud800"', "9" * 5000, "01"))
    return _with(message, (_text(message)[:-1] + f',"odd":{bad}}}').encode())


def _nul(chance: Random, message: Message) -> Message:
    odd = chance.choice(({"text": "a\x00b"}, {"a\x00b": 1}, {"deep": [{"x": ["\x00"]}]}))
    return _with(message, changed(message.value, **odd))


def _area(chance: Random, message: Message) -> Message:
    wrong = (("UNKNOWN_AREA", "659900"), ("SCHEMA", "420101"), ("SCHEMA", "42010"), ("SCHEMA", None))
    code, area = chance.choice(wrong)
    return _with(message, changed(message.value, area=area)).expecting(code)


def _reserved(chance: Random, message: Message) -> Message:
    return message.header("ce_source", chance.choice((b"liandong/shell", b"liandong/timer", b"a b", b"\t")))


def _empty(chance: Random, message: Message) -> Message:
    return _with(message, chance.choice((b"", b" ", b"null", b"[]", b'"x"', b"{}{}", b"\xef\xbb\xbf{}")))


def _other(type: str, topic: str, value: bytes) -> Callable[[Random, Message], Message]:
    def make(chance: Random, message: Message) -> Message:
        return replace(message, topic=topic, value=value.replace(b"AREA", message.area.encode())).header(
            "ce_type", type.encode()
        )

    return make


def _tripped(chance: Random, message: Message) -> Message:
    how = chance.choice(("raise", "lookup", "recursion", "evolve", "constraint", "unencodable", "endless"))
    value = encode(alarm.Tripped(area=message.area, how=how))
    return _other(alarm.Tripped.TYPE, alarm.Tripped.TOPIC, value)(chance, message)


MAKERS: dict[str, tuple[int, Callable[[Random, Message], Message], str]] = {
    "flipped": (330, flipped, ANY),
    "cut": (200, cut, ANY),
    "mistyped": (350, mistyped, ANY),
    "shortened": (200, shortened, ANY),
    "headless": (200, headless, ANY),
    "crowded": (60, crowded, "TOO_MANY_HEADERS"),
    "retopic": (60, _retopic, "WRONG_TOPIC"),
    "nested": (60, _nest, "TOO_DEEP BAD_JSON"),
    "large": (30, _large, "TOO_LARGE"),
    "literal": (100, _literal, "BAD_JSON BAD_UTF8"),
    "nul": (60, _nul, "NUL"),
    "area": (60, _area, "UNKNOWN_AREA SCHEMA"),
    "reserved": (30, _reserved, "BAD_HEADER MISSING_HEADER"),
    "empty": (40, _empty, "BAD_JSON"),
    "clock": (
        10,
        _other(ClockAdvanced.TYPE, ClockAdvanced.TOPIC, b'{"area":"AREA","to":"2026-01-01T00:00:00Z"}'),
        "WRONG_REALM",
    ),
    "tripped": (40, _tripped, "QUARANTINED"),
    "conflict": (60, lambda _, message: poison.conflicting(message), "ID_CONFLICT"),
    "foreign key": (60, lambda _, message: message, ACCEPTED),
    "poison": (50, lambda _, message: poison.poisoned(message), "poison"),
}
"""Name -> how many of 2,000, how it is made, what must come of it."""
FOREIGN_KEYS: tuple[Key, ...] = (None, b"", b"110000", b"\xff\xfe", b"x" * 300, b"420100\x00", b"999900")


def bad_inputs(seed: int, good: list[Message], count: int) -> list[Bad]:
    """So many bad records, made from good ones that were or will be sent themselves."""
    chance = Random(seed)
    whole = sum(share for share, _, _ in MAKERS.values())
    kinds = [kind for kind, (share, _, _) in MAKERS.items() for _ in range(max(1, share * count // whole))]
    chance.shuffle(kinds)
    return [_bad(chance, number, kind, good) for number, kind in enumerate(kinds)]


def _bad(chance: Random, number: int, kind: str, good: list[Message]) -> Bad:
    _, make, expect = MAKERS[kind]
    base = chance.choice(good)
    if kind != "conflict":
        base = base.header("ce_id", f"bad-{number}".encode())
    message = make(chance, base)
    codes = message.expect if kind in {"area", "poison"} else expect
    key: Key = message.area.encode()
    if kind == "foreign key" or (kind == "mistyped" and chance.random() < 0.2):
        key = chance.choice(FOREIGN_KEYS)
    marked = replace(message, headers=((NUMBER, str(number).encode()), *message.headers))
    return Bad(number, kind, marked, key, frozenset(codes.split()))

"""Short forms of steps: one word for an event type, keys as people say them, and what may be left out.

Every short form becomes the event's full data; FORMAT.md documents each key and default.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schemas.base import INPUTS
from streams.scenario.fixture import department_of
from streams.scenario.names import Names
from streams.scenario.node_logs import expand_log
from streams.scenario.tree import List, Map, Scalar, Tree, made

WORDS: dict[str, str] = {
    "report": "incident.reported.v1",
    "upward": "report.upward_noticed.v1",
    "request": "resource.requested.v1",
    "amend": "resource.request_amended.v1",
    "cancel": "resource.request_cancelled.v1",
    "directive": "directive.issued.v1",
    "alert": "alert.issued.v1",
    "signal": "signal.raised.v1",
    "signal_step": "signal.progressed.v1",
    "call": "ems.call_progressed.v1",
    "deployment": "resource.deployment_reported.v1",
    "status": "resource.status_reported.v1",
    "quantity": "resource.quantity_reported.v1",
    "position": "resource.positioned.v1",
    "resource": "resource.registered.v1",
    "heartbeat": "duty.heartbeat_received.v1",
    "receipt": "duty.notice_receipted.v1",
    "ack": "duty.notice_acknowledged.v1",
    "liaison": "duty.liaison_registered.v1",
    "roster": "duty.roster_registered.v1",
    "link": "node.link_tried.v1",
    "node_log": "node.log_synced.v1",
}
INSTANTS = (
    "observed_at", "issued_at", "raised_at", "reported_at", "occurred_at", "detected_at", "drafted_at",
)  # fmt: skip
"""Required instants that are the step's own where the file does not state them."""
DEFAULT_SOURCE = "cad"
DIRECTIVE_KEYS = ("by", "as", "id", "issued_at", "expires_at", "realm", "legal_basis", "sign")
RENAMED: dict[str, dict[str, str]] = {
    "amend": {"id": "request", "by": "unit"},
    "cancel": {"id": "request", "by": "unit"},
    "alert": {"id": "alert", "by": "issued_by", "level": "alert_level"},
    "signal": {"id": "signal"},
    "signal_step": {"id": "signal", "by": "by_unit"},
    "link": {"by": "unit", "to": "to_unit"},
}
"""Short forms that only rename keys."""
OWN_KINDS = ("enterprise", "township")
"""Kinds of units that reporters are too."""
REPORT_NAMES = {"incident": "external_id", "by": "reporter_unit", "to": "received_by", "kinds": "hazard_kinds"}
CARRIED = ("source", "hazard_kinds", "place", "occurred_at", "setting", "channel")
"""What a report takes from the report before it of the same incident."""


@dataclass
class Story:
    """What earlier steps said, so that later ones need not say it again."""

    names: Names
    reports: dict[str, dict[str, Tree]] = field(default_factory=dict)
    """External id -> carried fields of its last report."""

    def remember(self, data: Map, occurred_at: object) -> None:
        """Take notice of a report; `occurred_at` as an instant, for it may be written relative to its step."""
        external = data.get("external_id")
        if not isinstance(external, Scalar):
            return
        key = str(external.value)
        source = data.get("source")
        self.names.incidents.setdefault(key, str(source.plain()) if source else DEFAULT_SOURCE)
        carried = self.reports.setdefault(key, {})
        carried.update({name: data.items[name] for name in CARRIED if name in data.items})
        carried["occurred_at"] = made(occurred_at, data.place)


def expand(word: str, node: Map, story: Story) -> Map:
    """The full data of a short form."""
    special = _SPECIAL.get(word)
    return special(node, story) if special else _renamed(node, RENAMED.get(word, {}))


def complete(type_: str, data: Map) -> Map:
    """The data with the step's own instant where a required one is not stated."""
    missing: dict[str, Any] = {}
    for name, info in INPUTS[type_].model_fields.items():
        if name in INSTANTS and info.is_required() and name not in data.items:
            missing[name] = "+0s"
    return _over(data, missing)


def _over(data: Map, base: dict[str, Any]) -> Map:
    tree = made({key: value for key, value in base.items() if value is not None}, data.place)
    return data.over(tree) if isinstance(tree, Map) else data


def _renamed(node: Map, names: dict[str, str]) -> Map:
    items = {names.get(key, key): value for key, value in node.items.items()}
    places = {names.get(key, key): place for key, place in node.key_places.items()}
    return Map(items, node.place, places)


def _place(node: Map, key: str) -> Map:
    """`district: B` (or a whole `place:`) as the event's place."""
    district = node.get(key)
    if district is None or "place" in node.items:
        return node
    place = Map({"district": district}, district.place)
    return Map({**node.without(key).items, "place": place}, node.place, node.key_places)


def _report(node: Map, story: Story) -> Map:
    data = _place(_renamed(node, REPORT_NAMES), "district")
    external = data.get("external_id")
    key = str(external.plain()) if external else ""
    earlier = story.reports.get(key)
    kind = story.names.units.get(_word(data, "reporter_unit"))
    base: dict[str, Any] = {
        "source": story.names.incidents.get(key, DEFAULT_SOURCE),
        "channel": "phone",
        **({"reporter_kind": kind if kind in OWN_KINDS else "institution"} if kind is not None else {}),
        **(earlier or {}),
        "series": "follow_up" if earlier is not None else "initial",
        "received_at": "+0s" if "received_by" in data.items else None,
    }
    if earlier is None:
        base["occurred_at"] = "+0s"
    return _over(data, base)


def _request(node: Map, story: Story) -> Map:
    data = _place(_renamed(node, {"id": "request", "by": "unit"}), "district")
    incident = data.get("incident")
    base: dict[str, Any] = {"department": department_of(story.names.units.get(_word(data, "unit"), ""))}
    key = str(incident.plain()) if incident is not None else ""
    if key in story.names.incidents:
        data = _renamed(data, {"incident": "external_id"})
        base |= {"source": story.names.incidents[key], "place": story.reports.get(key, {}).get("place")}
    lines = data.get("lines")
    if isinstance(lines, Map):
        base["lines"] = None
        data = Map({**data.items, "lines": _lines(lines)}, data.place, data.key_places)
    elif isinstance(lines, List):
        data = Map({**data.items, "lines": _numbered(lines)}, data.place, data.key_places)
    return _over(data, base)


def _numbered(lines: List) -> List:
    """A written-out list of lines, numbered where it does not number them itself."""
    items = enumerate(lines.items, start=1)
    return List(tuple(_over(one, {"line": i}) if isinstance(one, Map) else one for i, one in items), lines.place)


def _lines(node: Map) -> List:
    """`{ambulance: 9, icu_bed: {quantity: 9, prefers: [trauma]}}` as numbered lines."""
    lines: list[Tree] = []
    for number, (kind, value) in enumerate(node.items.items(), start=1):
        place = node.at(kind)
        entry = value if isinstance(value, Map) else Map({"quantity": value}, place)
        lines.append(_over(entry, {"line": number, "kind": kind}))
    return List(tuple(lines), node.place)


def _directive(node: Map, story: Story) -> Map:
    claims = Map({k: v for k, v in node.items.items() if k in DIRECTIVE_KEYS}, node.place, node.key_places)
    command = node.without(*DIRECTIVE_KEYS)
    notice = command.get("notice")
    if isinstance(notice, Scalar):
        spelled = made({"matter": notice, "expected_until": "+1d", "measures": [notice]}, notice.place)
        command = Map({**command.items, "notice": spelled}, command.place, command.key_places)
    offices = story.names.people.get(_word(claims, "by"), ())
    data = _renamed(claims.without("sign"), {"by": "issuer", "as": "office", "id": "directive"})
    data = Map({**data.items, "command": command}, node.place, data.key_places)
    base = {"office": offices[0] if len(offices) == 1 else None, "issued_at": "+0s", "expires_at": "+1h"}
    return _over(data, base)


def _upward(node: Map, story: Story) -> Map:
    data = _renamed(node, {"by": "from_unit", "to": "to_units"})
    incident = data.get("incident")
    key = str(incident.plain()) if incident is not None else ""
    if key in story.names.incidents:
        data = _renamed(data, {"incident": "external_id"})
    to = data.get("to_units")
    if isinstance(to, Scalar):
        data = Map({**data.items, "to_units": List((to,), to.place)}, data.place, data.key_places)
    department = department_of(story.names.units.get(_word(data, "from_unit"), ""))
    return _over(data, {"source": story.names.incidents.get(key, DEFAULT_SOURCE), "department": department})


def _node_log(node: Map, story: Story) -> Map:
    return expand_log(node, lambda body: _report(body, story), lambda body: _request(body, story), story.names.area)


def _word(node: Map, key: str) -> str:
    found = node.get(key)
    return str(found.plain()) if isinstance(found, Scalar) else ""


_SPECIAL: dict[str, Callable[[Map, Story], Map]] = {
    "report": _report,
    "request": _request,
    "directive": _directive,
    "upward": _upward,
    "node_log": _node_log,
}

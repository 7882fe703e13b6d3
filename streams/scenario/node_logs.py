"""The short form `node_log`: a piece of a cut-off node's log, its entries written as steps are.

`{node: D-NODE, entries: [{n: 3, at: "03:25", request: {...}}]}`: `n` is the sequence, `at` the node's local time, the
third key says what happened. What precedes an entry is the one numbered one less, where it does not say so.
"""

from collections.abc import Callable

from schemas.inputs import nodes
from schemas.inputs.nodes import UNSEALED, NodeLogSynced, sealed
from streams.scenario.tree import List, Map, Scalar, Tree

Expand = Callable[[Map], Map]
KEYS = ("n", "at", "after", "digest", "previous_digest")
NESTED = {"status": "status", "quantity": "quantity"}
"""Entries that hold a whole input of a resource's owner."""


def expand_log(node: Map, report: Expand, request: Expand, area: str) -> Map:
    """The full data; `report` and `request` expand those short forms."""
    entries = node.get("entries")
    if not isinstance(entries, List):
        return node
    items = tuple(_entry(one, report, request, area) if isinstance(one, Map) else one for one in entries.items)
    return Map({**node.items, "entries": List(items, entries.place)}, node.place, node.key_places)


def _entry(node: Map, report: Expand, request: Expand, area: str) -> Map:
    words = [key for key in node.items if key not in KEYS]
    number, at = node.get("n"), node.get("at")
    if len(words) != 1 or number is None or at is None:
        return node
    word, said = words[0], node.items[words[0]]
    body = said if isinstance(said, Map) else Map({}, node.place)
    if word == "report":
        what = _over({"report": report(_dated(body, at, area))}, body)
    elif word == "request":
        what = _requested(request(body))
    elif word in NESTED:
        what = _over({NESTED[word]: _set(body, {"area": Scalar(area, node.place), "observed_at": at})}, body)
    else:
        what = _plain(word, body, at)
    told: dict[str, Tree] = {"sequence": number, "logged_at": at, "entry": _set(what, {"what": Scalar(word, at.place)})}
    before = node.get("after") or _before(number)
    told |= {"previous": before} if before is not None else {}
    told |= {key: node.items[key] for key in ("digest", "previous_digest") if key in node.items}
    return _over(told, node)


def _before(number: Tree) -> Tree | None:
    value = number.plain()
    return Scalar(value - 1, number.place) if isinstance(value, int) and value > 1 else None


def _plain(word: str, body: Map, at: Tree) -> Map:
    """An entry with its own fields; an instant that it does not state is the entry's."""
    fields = nodes.WORDS[word].model_fields if word in nodes.WORDS else {}
    instants: dict[str, Tree] = {name: at for name in ("since", "until", "observed_at") if name in fields}
    commitment = body.get("id")
    if commitment is None:
        return _set(body, instants)
    named: dict[str, Tree] = {"commitment": commitment}
    if word == "commitment":
        request, _, rest = str(commitment.plain()).partition("/")
        line = rest.partition("/")[0]
        named["request"] = Scalar(request, commitment.place)
        named["line"] = Scalar(int(line) if line.isdigit() else 1, commitment.place)
    return _set(body.without("id"), {**named, **instants})


def _dated(body: Map, at: Tree, area: str) -> Map:
    """A report: known, received and true at the entry's time."""
    base: dict[str, Tree] = {"area": Scalar(area, body.place), "as_of": at, "occurred_at": at}
    if "to" in body.items or "received_by" in body.items:
        base["received_at"] = at
    return _set(body, base)


def _requested(body: Map) -> Map:
    """A request of an incident, which is named by a report of it: the node's own number of it says nothing here."""
    source, external = body.get("source"), body.get("external_id")
    kept = body.without("source", "external_id", "incident", "for_task_force", "needed_by", "text")
    if source is None or external is None:
        return kept
    return _set(kept, {"about": Scalar(f"{source.plain()}|{external.plain()}", external.place)})


def _set(body: Map, base: dict[str, Tree]) -> Map:
    """The mapping with these where it does not say otherwise."""
    return Map({**base, **body.items}, body.place, body.key_places)


def _over(items: dict[str, Tree], beside: Map) -> Map:
    return Map(items, beside.place, beside.key_places)


def sealed_log(event: NodeLogSynced) -> NodeLogSynced:
    """The piece with its entries sealed, as a node would; a file that states a digest gets that one."""
    entries = tuple(sealed(event.node, one) if one.digest == UNSEALED else one for one in event.entries)
    return event.model_copy(update={"entries": entries})

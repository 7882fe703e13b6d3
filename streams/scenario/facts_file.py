"""A facts file (a list, like scenarios_open.yaml) as scenarios: cumulative verified facts and the grades they make.

Each entry becomes a scenario of one incident in a small world of its own; a step with `fresh: true` starts the entry
anew and becomes a variant.
"""

from collections.abc import Iterator

from streams.scenario.reading import instant, items, mapping, only, text
from streams.scenario.times import Calendar
from streams.scenario.tree import List, Map, Place, Problems, Scalar, made

ENTRY = ("id", "title", "steps")
STEP = ("at", "note", "fresh", "kinds", "facts", "expect")
INCIDENT = "FACTS"
WORLD = {
    "area": {"code": "990100", "name": "J"},
    "districts": {"A": {"code": "990101", "urban": True}, "B": {"code": "990102"}},
    "units": {"REPORTER": {"kind": "hospital", "tier": "unit", "district": "B"}},
}
"""One urban and one rural district; what is not stated (`counties`, `first_in_city_urban`) stays at its smallest."""


def documents(entries: List, calendar: Calendar, problems: Problems) -> Iterator[tuple[Map, str | None]]:
    """Scenario documents in place of the entries, with the name of the variant."""
    for node in entries.items:
        entry = mapping(node, "an entry", node.place, problems)
        only(entry, ENTRY, "an entry", problems)
        steps = [mapping(one, "a step", one.place, problems) for one in items(entry.get("steps"))]
        fresh = [one for one in steps if _is_fresh(one)]
        told = [one for one in steps if not _is_fresh(one)]
        if told:
            yield _document(entry, told, calendar, problems), None
        for one in fresh:
            yield _document(entry, [one], calendar, problems), text(one, "note", problems, f"line {one.place.line}")


def _is_fresh(step: Map) -> bool:
    mark = step.get("fresh")
    return isinstance(mark, Scalar) and mark.value is True


def _document(entry: Map, steps: list[Map], calendar: Calendar, problems: Problems) -> Map:
    first = instant(steps[0].items.get("at", steps[0]), calendar, None, problems)
    day = first.astimezone(calendar.zone).date() if first is not None else calendar.day
    head = {
        "id": text(entry, "id", problems),
        "title": text(entry, "title", problems, ""),
        "date": day.isoformat(),
        "fixture": WORLD,
        "steps": [_step(one, problems) for one in steps],
    }
    return _map(head, entry.place)


def _step(step: Map, problems: Problems) -> Map:
    only(step, STEP, "a step", problems)
    report = {
        "incident": INCIDENT,
        "by": "REPORTER",
        "district": "B",
        "verification": "verified",
        "kinds": step.items.get("kinds", List((), step.place)),
        "figures": mapping(step.get("facts"), "facts", step.place, problems),
    }
    grade = mapping(step.get("expect"), "expect", step.place, problems)
    items_ = {"composite" if key == "overall" else key: value for key, value in grade.items.items()}
    renamed = Map(items_, grade.place, grade.key_places)
    expect = _map({"grade": renamed.over(_map({"incident": INCIDENT}, grade.place))}, grade.place)
    kept: dict[str, object] = {key: step.items[key] for key in ("at", "note") if key in step.items}
    return _map({**kept, "report": report, "expect": [expect]}, step.place)


def _map(value: object, place: Place) -> Map:
    tree = made(value, place)
    return tree if isinstance(tree, Map) else Map({}, place)

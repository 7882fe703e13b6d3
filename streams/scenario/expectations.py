"""Expectations of a scenario file: event, state and sum forms, and the short forms that become one of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from schemas.base import OUTPUTS
from schemas.outputs.refusal_codes import REFUSAL_CODES
from streams.domain.contents import CONCERNS
from streams.domain.state import ENTITIES
from streams.scenario.expect_short import SHORT, Said, Short
from streams.scenario.model import AnyExpectation, EventExpected, StateExpected, SumExpected, Window
from streams.scenario.names import Names, nearest
from streams.scenario.reading import instant, items, mapping, only, span, text
from streams.scenario.times import Calendar
from streams.scenario.tree import Map, Problems, Scalar, Tree

KINDS = ENTITIES if CONCERNS else {}
"""Entity kinds: importing the concerns has declared them."""
WINDOW_KEYS = ("at", "from", "after", "by", "before", "within", "anytime")
IN_WORDS = "in words only"
COMMON = ("pending", "note", *WINDOW_KEYS)
EVENT_KEYS = ("event", "never", "incident", "data", "count")
STATE_KEYS = ("state", "absent", "incident", "id", "match", "fields", "count")
SUM_KEYS = ("sum", "of", "by_field", "match", "equals")
FORMS = ("event", "never", "refused", "state", "absent", "sum", *SHORT)


@dataclass
class ExpectationReader:
    """Reads the expectations of one run."""

    calendar: Calendar
    names: Names
    end: datetime
    problems: Problems

    def of_step(self, node: Map, at: datetime, step: str) -> list[AnyExpectation]:
        """What a step expects: at its own instant unless an expectation says otherwise."""
        own = [self._one(item, at, step) for item in items(node.get("expect"))]
        never = [self._one(_never(item), at, step) for item in items(node.get("never"))]
        found = list(chain.from_iterable(own + never))
        pending = text(node, "pending", self.problems, "")
        if not pending:
            return found
        word = EventExpected(node.place, pending, text(node, "note", self.problems, "step"), label=IN_WORDS)
        return [word, *(replace(one, pending=one.pending or pending) for one in found)]

    def of_run(self, node: Map) -> list[AnyExpectation]:
        """What the whole run expects: at any time for events, at its end for states."""
        own = [self._one(item, None, None) for item in items(node.get("expect"))]
        never = [self._one(_never(item), None, None) for item in items(node.get("never"))]
        waiting = [self._pending(item) for item in items(node.get("pending"))]
        return list(chain.from_iterable(own + never + waiting))

    def _pending(self, node: Tree) -> list[AnyExpectation]:
        entry = mapping(node, "a pending expectation", node.place, self.problems)
        if not any(form in entry.items for form in FORMS):
            only(entry, ("what", "reason"), "a pending expectation without a form", self.problems)
            reason = text(entry, "reason", self.problems)
            return [EventExpected(node.place, reason, text(entry, "what", self.problems), label=IN_WORDS)]
        if "reason" not in entry.items:
            self.problems.add(node.place, "a pending expectation says `reason:`")
        items_ = {**entry.without("reason").items, "pending": entry.items.get("reason", entry)}
        return self._one(Map(items_, entry.place, entry.key_places), None, None)

    def _one(self, node: Tree, at: datetime | None, step: str | None) -> list[AnyExpectation]:
        entry = mapping(node, "an expectation", node.place, self.problems)
        forms = [form for form in FORMS if form in entry.items]
        if len(forms) != 1:
            told = f"{' and '.join(forms)} are two" if forms else f"none of {', '.join(FORMS)} is there"
            self.problems.add(entry.place, f"an expectation has one form: {told}")
            return []
        form = forms[0]
        if form in SHORT:
            return self._short(SHORT[form], entry, form, at)
        if form == "refused":
            return [self._refused(entry, at, step)]
        if form in {"event", "never"}:
            return [self._event(entry, form, at)]
        return [self._sum(entry, at) if form == "sum" else self._state(entry, form, at)]

    def _notes(self, entry: Map) -> dict[str, Any]:
        pending = text(entry, "pending", self.problems, "") or None
        return {"place": entry.place, "pending": pending, "note": text(entry, "note", self.problems, "")}

    def _event(self, entry: Map, form: str, at: datetime | None) -> EventExpected:
        only(entry, (*EVENT_KEYS, *COMMON), f"the form `{form}`", self.problems)
        type_ = text(entry, form, self.problems)
        if type_ not in OUTPUTS:
            self.problems.add(entry.at(form), f"unknown output event type {type_!r}{nearest(type_, OUTPUTS)}")
        data = mapping(entry.get("data"), "data", entry.place, self.problems)
        if type_ in OUTPUTS:
            self._fields(data, OUTPUTS[type_].model_fields, type_)
        pattern = {**({"incident": self._incident(entry)} if "incident" in entry.items else {}), **data.plain()}
        count = 0 if form == "never" else _plain(entry.get("count"))
        window = self._window(entry, at)
        return EventExpected(**self._notes(entry), type=type_, data=pattern, count=count, window=window)

    def _refused(self, entry: Map, at: datetime | None, step: str | None) -> EventExpected:
        only(entry, ("refused", "data", *COMMON), "the form `refused`", self.problems)
        said = entry.items["refused"]
        code = said.plain() if isinstance(said, Map) else text(entry, "refused", self.problems)
        if isinstance(code, str) and code not in REFUSAL_CODES:
            self.problems.add(entry.at("refused"), f"unknown refusal code {code!r}{nearest(code, REFUSAL_CODES)}")
        data = mapping(entry.get("data"), "data", entry.place, self.problems)
        self._fields(data, OUTPUTS["command.refused.v1"].model_fields, "command.refused.v1")
        if step is None:
            self.problems.add(entry.place, "`refused` belongs to the step whose command is refused")
        pattern = {"code": code, **data.plain()}
        window = self._window(entry, at)
        return EventExpected(**self._notes(entry), type="command.refused.v1", data=pattern, window=window, step=step)

    def _state(self, entry: Map, form: str, at: datetime | None) -> StateExpected:
        only(entry, (*STATE_KEYS, *COMMON), f"the form `{form}`", self.problems)
        kind = text(entry, form, self.problems)
        if kind not in KINDS:
            self.problems.add(entry.at(form), f"unknown entity kind {kind!r}{nearest(kind, KINDS)}")
        match, fields = (mapping(entry.get(key), key, entry.place, self.problems) for key in ("match", "fields"))
        if kind in KINDS:
            self._fields(match, KINDS[kind].model_fields, kind)
            self._fields(fields, KINDS[kind].model_fields, kind)
        pattern = match.plain()
        if "incident" in entry.items:
            pattern = {"incident" if kind != "incident" else "id": self._incident(entry), **pattern}
        if "id" in entry.items:
            pattern = {"id": entry.items["id"].plain(), **pattern}
        count = 0 if form == "absent" else _plain(entry.get("count"))
        notes, when = self._notes(entry), self._instant(entry, at)
        return StateExpected(**notes, kind=kind, match=pattern, fields=fields.plain(), count=count, at=when)

    def _sum(self, entry: Map, at: datetime | None) -> SumExpected:
        only(entry, (*SUM_KEYS, "incident", *COMMON), "the form `sum`", self.problems)
        kind = text(entry, "sum", self.problems)
        if kind not in KINDS:
            self.problems.add(entry.at("sum"), f"unknown entity kind {kind!r}{nearest(kind, KINDS)}")
        pattern = mapping(entry.get("match"), "match", entry.place, self.problems).plain()
        if "incident" in entry.items:
            pattern = {"incident": self._incident(entry), **pattern}
        equals = entry.get("equals")
        if equals is None:
            self.problems.add(entry.place, "`sum` needs `equals:`")
        return SumExpected(
            **self._notes(entry),
            kind=kind,
            match=pattern,
            of=text(entry, "of", self.problems, "quantity"),
            by=text(entry, "by_field", self.problems, "") or None,
            equals=_plain(equals),
            at=self._instant(entry, at),
        )

    def _short(self, short: Short, entry: Map, form: str, at: datetime | None) -> list[AnyExpectation]:
        only(entry, (form, *COMMON), f"the form `{form}`", self.problems)
        body = entry.items[form]
        if isinstance(body, Map):
            only(body, short.keys, f"`{form}`", self.problems)
            if "incident" in body.items:
                self._incident(body)
        else:
            self.problems.add(body.place, f"`{form}` is a mapping with {', '.join(short.keys)}")
            body = Map({}, body.place)
        window = self._window(entry, at)
        built = short.build(Said(body, self._notes(entry), window, self._instant(entry, at), self.problems))
        return built if isinstance(built, list) else [built]

    def _fields(self, pattern: Map, known: object, what: str) -> None:
        names = list(known) if isinstance(known, dict) else []
        for key in pattern.items:
            if key not in names:
                self.problems.add(pattern.at(key), f"{what} has no field {key!r}{nearest(key, names)}")

    def _incident(self, entry: Map) -> str:
        name = text(entry, "incident", self.problems)
        if name not in self.names.incidents and "|" not in name:
            hint = nearest(name, self.names.incidents)
            self.problems.add(entry.at("incident"), f"unknown incident {name!r}: no report has this external id{hint}")
        return name

    def _instant(self, entry: Map, at: datetime | None) -> datetime:
        window = self._window(entry, at)
        return window.end or at or self.end

    def _window(self, entry: Map, at: datetime | None) -> Window:
        exact = self._time(entry, "at", at)
        if exact is not None:
            return Window(exact, exact)
        within = span(entry.items["within"], self.problems) if "within" in entry.items else None
        if within is not None:
            if at is None:
                self.problems.add(entry.at("within"), "`within` counts from a step; here there is none")
                return Window()
            return Window(at, at + within)
        start, after = self._time(entry, "from", at), self._time(entry, "after", at)
        end, before = self._time(entry, "by", at), self._time(entry, "before", at)
        if any(bound is not None for bound in (start, after, end, before)):
            own = at if at is not None and start is None and after is None and before is None else None
            first, last = start or after or own, end or before
            if first is not None and last is not None and first > last:
                told = "impossible time: ends before it begins (in a step, `by` counts from it)"
                self.problems.add(entry.place, told)
            return Window(first, last, after is not None, before is not None)
        if at is None or "anytime" in entry.items:
            return Window()
        return Window(at, at)

    def _time(self, entry: Map, key: str, at: datetime | None) -> datetime | None:
        return instant(entry.items[key], self.calendar, at, self.problems) if key in entry.items else None


def _never(node: Tree) -> Tree:
    """`never: [joint.activated.v1]` and `never: [{event: ...}]` say the same."""
    if isinstance(node, Scalar):
        return Map({"never": node}, node.place)
    if isinstance(node, Map) and "event" in node.items:
        items_ = {"never" if key == "event" else key: value for key, value in node.items.items()}
        return Map(items_, node.place, node.key_places)
    return node


def _plain(node: Tree | None) -> Any:
    return None if node is None else node.plain()


def instants_of(expectations: list[AnyExpectation]) -> list[datetime]:
    """Every instant that the clock must reach for these to be judged."""
    found: list[datetime] = []
    for one in expectations:
        if isinstance(one, EventExpected):
            found += [bound for bound in (one.window.start, one.window.end) if bound is not None]
        else:
            found.append(one.at)
    return found

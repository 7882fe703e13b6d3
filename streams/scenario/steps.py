"""Steps: what happens when, as records to send."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.base import INPUTS
from schemas.inputs.directives import DirectiveIssued
from schemas.inputs.reports import IncidentReported
from streams.scenario.model import Send, Signature, Step
from streams.scenario.names import nearest
from streams.scenario.reading import instant, mapping, only, text
from streams.scenario.shapes import Shaper
from streams.scenario.shortforms import WORDS, Story, complete, expand
from streams.scenario.tree import Map, Place, Problems, Scalar, Tree

STEP_KEYS = ("at", "id", "note", "pending", "city", "expect", "never", "event", "data", "from_source", "again", *WORDS)
SIGNATURES: tuple[Signature, ...] = ("right", "none", "wrong")


@dataclass
class StepCompiler:
    """Reads steps in file order; an instant before the one above it is an error."""

    realm: str
    shaper: Shaper
    story: Story
    problems: Problems
    start: datetime
    now: datetime = field(init=False)
    ids: dict[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.start

    def steps(self, nodes: Iterable[Tree]) -> list[tuple[Step, Map]]:
        """The steps, each with its own mapping (for its expectations)."""
        found: list[tuple[Step, Map]] = []
        for number, node in enumerate(nodes, start=1):
            entry = mapping(node, "a step", node.place, self.problems)
            found.append((self._step(entry, number), entry))
        return found

    def _step(self, node: Map, number: int) -> Step:
        only(node, STEP_KEYS, "a step", self.problems)
        id_ = text(node, "id", self.problems, f"step-{number:03d}")
        if id_ in self.ids:
            self.problems.add(node.at("id"), f"step id {id_!r} is already used at line {self.ids[id_].line}")
        self.ids[id_] = node.place
        at = self._instant(node)
        self.now = at
        send = self._send(node, id_)
        pending = text(node, "pending", self.problems, "") or None
        return Step(id_, at, send if pending is None else None, node.place, pending)

    def _instant(self, node: Map) -> datetime:
        written = node.get("at")
        if written is None:
            self.problems.add(node.place, "a step needs `at:`")
            return self.now
        at = instant(written, self.shaper.calendar, self.now, self.problems)
        if at is None:
            return self.now
        if at < self.start:
            begin = self.shaper.calendar.tell(self.start)
            self.problems.add(written.place, f"impossible time: before the scenario starts ({begin})")
        elif at < self.now:
            before = self.shaper.calendar.tell(self.now)
            self.problems.add(
                written.place, f"impossible time: earlier than the step above it ({before}); the next day is `D1 00:10`"
            )
        return max(at, self.now)

    def _send(self, node: Map, id_: str) -> Send | None:
        words = [word for word in ("event", "again", *WORDS) if word in node.items]
        if len(words) > 1:
            self.problems.add(node.at(words[1]), f"a step sends one thing: {' and '.join(words)} are two")
        if not words:
            if "data" in node.items:
                self.problems.add(node.at("data"), "`data` needs `event: <type>`")
            return None
        word = words[0]
        if word == "again":
            return self._again(node, id_)
        if word == "event":
            type_ = text(node, "event", self.problems)
            data = mapping(node.get("data"), "data", node.place, self.problems)
        else:
            if "data" in node.items:
                self.problems.add(node.at("data"), f"`data` goes with `event:`; `{word}:` holds its fields itself")
            type_ = WORDS[word]
            data = expand(word, mapping(node.get(word), word, node.at(word), self.problems), self.story)
        if type_ not in INPUTS:
            self.problems.add(node.at("event"), f"unknown event type {type_!r}{nearest(type_, INPUTS)}")
            return None
        return self._record(node, word, type_, data, id_)

    def _record(self, node: Map, word: str, type_: str, data: Map, id_: str) -> Send:
        data = complete(type_, data)
        signer, signature = None, "right"
        if INPUTS[type_] is DirectiveIssued:
            data, signer, signature = self._directive(node, word, data, id_)
        shaper = self._shaper(node, signer)
        shaped = shaper.shape(INPUTS[type_], data, self.now)
        if INPUTS[type_] is IncidentReported:
            self.story.remember(data, shaped.get("occurred_at"))
        if type_ == "resource.requested.v1":
            self.shaper.names.requests[str(shaped.get("request"))] = str(shaped.get("external_id") or "")
        if type_ == "resource.registered.v1":
            self.shaper.names.resources[str(shaped.get("resource"))] = str(shaped.get("district"))
        source = text(node, "from_source", self.problems, "") or str(shaped.get("source") or signer or "scenario")
        area = str(shaped.get("area", shaper.names.area))
        return Send(type_, shaped, source, id_, area, signer, _signature(signature))

    def _shaper(self, node: Map, signer: str | None) -> Shaper:
        """The shaper of the city that a record goes to: the one that `city` names, the signer's, or the file's."""
        names = self.shaper.names
        home = names.homes.get(signer or "", names.area)
        said = node.get("city")
        if said is not None:
            short = str(said.plain())
            if short not in names.areas:
                self.problems.add(said.place, f"unknown city {short!r}{nearest(short, names.areas)}")
            home = names.areas.get(short, home)
        return self.shaper if home == names.area else replace(self.shaper, names=replace(names, area=home))

    def _directive(self, node: Map, word: str, data: Map, id_: str) -> tuple[Map, str, str]:
        claims: dict[str, Tree] = {"directive": Scalar(id_, data.place), "realm": Scalar(self.realm, data.place)}
        data = data.over(Map(claims, data.place))
        issuer = data.get("issuer")
        signer = str(issuer.plain()) if isinstance(issuer, Scalar) else ""
        people = self.shaper.names.people
        if signer and signer not in people:
            place = issuer.place if issuer is not None else data.place
            self.problems.add(place, f"unknown person {signer!r}{nearest(signer, people)}")
        elif signer and "office" not in data.items:
            held = ", ".join(people[signer]) or "no office"
            self.problems.add(data.place, f"{signer} holds {held}: say `as: <office>`")
        form = mapping(node.get(word), word, node.at(word), self.problems)
        sign = text(form, "sign", self.problems, "right") if word == "directive" else "right"
        if sign not in SIGNATURES:
            self.problems.add(form.at("sign"), f"sign is one of {', '.join(SIGNATURES)}")
        return data, signer, sign

    def _again(self, node: Map, id_: str) -> Send | None:
        of = text(node, "again", self.problems)
        if of not in self.ids or of == id_:
            self.problems.add(node.at("again"), f"no earlier step has the id {of!r}{nearest(of, self.ids)}")
            return None
        return Send("", {}, "", id_, self.shaper.names.area, repeat_of=of)


def _signature(word: str) -> Signature:
    return next((known for known in SIGNATURES if known == word), "right")

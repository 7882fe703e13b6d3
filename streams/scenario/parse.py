"""From a file to runs: the scenario itself and each of its variants, everything resolved, every error placed."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas import inputs, outputs
from streams.scenario.expectations import ExpectationReader, instants_of
from streams.scenario.facts_file import documents
from streams.scenario.fixture import FixtureCompiler, cities_of, names_of
from streams.scenario.model import AFTER_LAST, AnyExpectation, Scenario, Send, Step
from streams.scenario.names import Names
from streams.scenario.reading import instant, items, mapping, only, text
from streams.scenario.shapes import Shaper
from streams.scenario.shortforms import Story
from streams.scenario.steps import StepCompiler
from streams.scenario.times import Calendar, TimeError, parse_date
from streams.scenario.tree import List, Map, Problems, ScenarioError, Tree, read_file

HEAD = ("id", "title", "description", "date", "timezone", "realm", "start", "end", "include", "continues", "fixture")
BODY = ("steps", "expect", "never", "pending")
VARIANT = ("name", "description", "fixture", "date", "end", "until", "without", "change", "add", *BODY)
INCLUDED = ("title", "description", "timezone", "date", "include", "fixture")
ZONE = "Asia/Shanghai"
_SLUG = re.compile(r"[^a-z0-9]+")

inputs.load()
outputs.load()


def load(path: Path) -> list[Scenario]:
    """All runs of a file: the scenario, then its variants. Raises ScenarioError with everything that is wrong."""
    problems = Problems()
    document = read_file(path, problems)
    runs: list[Scenario] = []
    if isinstance(document, Map):
        runs = list(_runs(document, path, problems))
    elif isinstance(document, List):
        calendar = Calendar(date(1970, 1, 1), ZoneInfo(ZONE))
        runs = [_Run(one, path, problems, name).scenario() for one, name in documents(document, calendar, problems)]
    if len(problems):
        raise ScenarioError(problems)
    return runs


def _runs(document: Map, path: Path, problems: Problems) -> Iterator[Scenario]:
    only(document, (*HEAD, *BODY, "variants"), "a scenario", problems)
    whole = _included(document, path, problems, (path.resolve(),))
    whole = _continued(whole, path, problems)
    yield _Run(whole, path, problems, None).scenario()
    seen: set[str] = set()
    for node in items(document.get("variants")):
        variant = mapping(node, "a variant", node.place, problems)
        only(variant, VARIANT, "a variant", problems)
        name = text(variant, "name", problems)
        if name in seen:
            problems.add(variant.at("name"), f"variant {name!r} is there twice")
        seen.add(name)
        yield _Run(_varied(whole, variant, problems), path, problems, name).scenario()


def _included(document: Map, path: Path, problems: Problems, trail: tuple[Path, ...]) -> Map:
    """The document laid over the files it includes, first named lowest."""
    base = Map({}, document.place)
    for node in _files(document.get("include")):
        other = (path.parent / str(node.plain())).resolve()
        if other in trail:
            problems.add(node.place, f"{node.plain()} includes itself")
            continue
        if not other.is_file():
            problems.add(node.place, f"no file {node.plain()} beside this one")
            continue
        inner = read_file(path.parent / str(node.plain()), problems)
        if isinstance(inner, Map):
            only(inner, INCLUDED, "an included file", problems)
            base = _included(inner, other, problems, (*trail, other)).over(base)
    return document.without("include").over(base)


def _files(node: Tree | None) -> tuple[Tree, ...]:
    return () if node is None else node.items if isinstance(node, List) else (node,)


def _continued(document: Map, path: Path, problems: Problems) -> Map:
    """`continues:` puts another file's fixture, date and steps first; what that file expects is judged there."""
    node = document.get("continues")
    if node is None:
        return document
    other = path.parent / str(node.plain())
    earlier = read_file(other, problems) if other.is_file() else None
    if not isinstance(earlier, Map):
        problems.add(node.place, f"no file {node.plain()} beside this one")
        return document
    before = _included(earlier, other, problems, (path.resolve(), other.resolve()))
    kept = Map({key: before.items[key] for key in ("date", "timezone", "fixture") if key in before.items}, before.place)
    steps = [_silent(step) for step in items(before.get("steps"))]
    steps += items(document.get("steps"))
    joined = document.without("continues", "steps").over(kept)
    return Map({**joined.items, "steps": List(tuple(steps), document.at("steps"))}, joined.place, joined.key_places)


def _silent(step: Tree) -> Tree:
    return step.without("expect", "never") if isinstance(step, Map) else step


def _varied(base: Map, variant: Map, problems: Problems) -> Map:
    """The variant as a document: fresh fixture, its own steps or the base's changed, its own expectations."""
    head = base.without(*BODY, "variants", "end")
    kept = {key: value for key, value in variant.items.items() if key in {"fixture", "date", "end", *BODY}}
    own = Map(kept, variant.place, variant.key_places)
    if "steps" not in own.items:
        steps = List(tuple(_changed_steps(base, variant, problems)), variant.place)
        own = Map({**own.items, "steps": steps}, own.place, own.key_places)
    return own.over(head)


def _changed_steps(base: Map, variant: Map, problems: Problems) -> Iterator[Tree]:
    changes = mapping(variant.get("change"), "change", variant.place, problems)
    leave_out = {str(node.plain()): node.place for node in items(variant.get("without"))}
    until = str(node.plain()) if (node := variant.get("until")) is not None else None
    known = [_id_of(step) for step in items(base.get("steps"))]
    for name, place in {**leave_out, **{key: changes.at(key) for key in changes.items}}.items():
        if name not in known:
            problems.add(place, f"no step has the id {name!r}")
    if node is not None and until not in known:
        problems.add(node.place, f"no step has the id {until!r}")
    for step in items(base.get("steps")):
        id_ = _id_of(step)
        change = changes.get(id_) if id_ else None
        if id_ is None or id_ not in leave_out:
            quiet = _silent(step)
            yield change.over(quiet) if isinstance(change, Map) and isinstance(quiet, Map) else quiet
        if until is not None and id_ == until:
            break
    yield from items(variant.get("add"))


def _id_of(step: Tree) -> str | None:
    found = step.get("id") if isinstance(step, Map) else None
    return str(found.plain()) if found is not None else None


class _Run:
    """One document becomes one scenario."""

    def __init__(self, document: Map, path: Path, problems: Problems, variant: str | None) -> None:
        self.document = document
        self.path = path
        self.problems = problems
        self.variant = variant
        self.calendar = self._calendar()

    def _calendar(self) -> Calendar:
        zone = text(self.document, "timezone", self.problems, ZONE)
        try:
            place = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            self.problems.add(self.document.at("timezone"), f"unknown time zone {zone!r}")
            place = ZoneInfo(ZONE)
        try:
            day = parse_date(text(self.document, "date", self.problems))
        except TimeError as error:
            self.problems.add(self.document.at("date"), str(error))
            day = parse_date("2026-01-01")
        return Calendar(day, place)

    def _named(self, key: str, default: datetime) -> datetime:
        node = self.document.get(key)
        found = instant(node, self.calendar, None, self.problems) if node is not None else None
        return found or default

    def scenario(self) -> Scenario:
        """The run, with its problems told."""
        slug = _SLUG.sub("-", self.path.stem.lower()).strip("-") or "scenario"
        id_ = text(self.document, "id", self.problems, slug)
        realm = text(self.document, "realm", self.problems, f"exercise.{slug[:40].strip('-')}")
        if not re.fullmatch(r"exercise\.[a-z0-9][a-z0-9-]{0,40}", realm):
            self.problems.add(self.document.at("realm"), "a realm is `exercise.<small letters, digits, ->`")
        fixture = mapping(self.document.get("fixture"), "fixture", self.document.place, self.problems)
        names = names_of(fixture, self.problems)
        shaper = Shaper(names, self.calendar, self.problems)
        start = self._named("start", self.calendar.start())
        sends = tuple(self._fixture(fixture, names, shaper, start))
        steps, expectations = self._steps(realm, shaper, start)
        last = max([start, *(step.at for step in steps), *instants_of(expectations)])
        end = self._named("end", last) + AFTER_LAST
        if end < last:
            self.problems.add(self.document.at("end"), "impossible time: the scenario ends before its last instant")
        return Scenario(
            id=id_,
            title=text(self.document, "title", self.problems, id_),
            file=str(self.path),
            realm=realm,
            calendar=self.calendar,
            start=start,
            end=end,
            names=names,
            fixture=sends,
            steps=tuple(steps),
            expectations=tuple(expectations),
            variant=self.variant,
        )

    def _fixture(self, fixture: Map, names: Names, shaper: Shaper, start: datetime) -> Iterator[Send]:
        cities = cities_of(fixture, names, self.problems)
        yield from FixtureCompiler(fixture, names, shaper, start, self.problems).sends()
        for own, theirs in cities:
            other = Shaper(theirs, self.calendar, self.problems)
            yield from FixtureCompiler(own, theirs, other, start, self.problems, f"fixture-{theirs.area}").sends()

    def _steps(self, realm: str, shaper: Shaper, start: datetime) -> tuple[list[Step], list[AnyExpectation]]:
        compiler = StepCompiler(realm, shaper, Story(shaper.names), self.problems, start)
        nodes = items(self.document.get("steps"))
        if not nodes:
            self.problems.add(self.document.at("steps"), "a scenario has steps")
        pairs = compiler.steps(nodes)
        reader = ExpectationReader(self.calendar, shaper.names, self._end(pairs, start), self.problems)
        found = [one for step, node in pairs for one in reader.of_step(node, step.at, step.id)]
        return [step for step, _ in pairs], found + reader.of_run(self.document)

    def _end(self, pairs: list[tuple[Step, Map]], start: datetime) -> datetime:
        return self._named("end", pairs[-1][0].at if pairs else start)

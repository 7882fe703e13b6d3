"""`liandong scenario run|check`: play scenario files through topics, or through the core alone."""

from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.common import (
    OK,
    UNMET,
    USAGE,
    AsJson,
    Brokers,
    CommandError,
    Database,
    leave,
    note,
    print_json,
    settings,
)
from streams.cli.local import Broker, broker_kind, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streams.cli.played import Stage
    from streams.scenario.fold import Observed
    from streams.scenario.judge import Verdict
    from streams.scenario.model import Scenario

scenario = typer.Typer(
    no_args_is_help=True, help="Scenario files (情景): play and judge them. Format: tests/scenarios/FORMAT.md."
)
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="Scenario files (.yaml).")
]
Core = Annotated[bool, typer.Option("--core/--topics", help="Through the pure core, or through topics and a worker.")]
Pause = Annotated[float, typer.Option("--pause", metavar="SECONDS", help="Rest between two instants, for an audience.")]


@scenario.command("check")
def check(
    files: Files,
    core: Core = False,
    broker: Broker = "embedded",
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Play files and print each unmet expectation (未满足的预期) with what was seen instead.

    Through topics by default: broker, PostgreSQL and a worker are started for it and thrown away; with --brokers and
    --database the runs use those, in an exercise realm that must be new there. Several runs share one worker: each is
    played in cities with codes of its own (700100, 700200, …).

    Example: liandong scenario check tests/scenarios/sc_1.yaml tests/scenarios/sc_2.yaml --json

    Exit codes: 0 all expectations hold, 1 some are unmet, 2 a file is wrong (with line), 3 something cannot be reached.
    """
    from streams.scenario.check import as_json as json_text
    from streams.scenario.check import as_text
    from streams.scenario.check import check as judged

    _both_or_none(brokers, database)
    show = json_text if as_json else as_text
    if core:
        leave(judged(files, show))
    with judging(files, broker, brokers, database) as verdicts:
        leave(judged(files, show, verdicts))


@scenario.command("run")
def run(
    files: Files,
    core: Core = False,
    broker: Broker = "embedded",
    brokers: Brokers = None,
    database: Database = None,
    pause: Pause = 0.0,
    as_json: AsJson = False,
) -> None:
    """Play files and tell the story as it unfolds (时间线); expectations are judged at the end of each run.

    Example: liandong scenario run tests/scenarios/sc_3.yaml --core

    Exit codes: as `liandong scenario check`.
    """
    _both_or_none(brokers, database)
    if core:
        results = [told(one, partial(in_core, one), quiet=as_json) for one in loaded(files)]
    else:
        with staged(files, broker, brokers, database, pause) as (stage, cast):
            runs = [one for found in cast.values() for one in found]
            results = [told(one, partial(stage.tell, one), quiet=as_json) for one in runs]
    if as_json:
        print_json(results)
    leave(OK if all(result["passed"] for result in results) else UNMET)


def _both_or_none(brokers: str | None, database: str | None) -> None:
    if (brokers is None) != (database is None):
        step = "give both, or none for parts that are started here"
        raise CommandError("--brokers and --database belong together", step, USAGE)


def loaded(files: list[Path]) -> "list[Scenario]":
    """All runs of the files. Raises CommandError with every problem and its line."""
    from streams.scenario.parse import load
    from streams.scenario.tree import ScenarioError

    runs = []
    for path in files:
        try:
            runs += load(path)
        except ScenarioError as error:
            lines = "\n".join(f"{one.place}: {one.message}" for one in error.problems)
            step = "correct these lines (tests/scenarios/FORMAT.md)"
            raise CommandError(f"{path} is wrong\n{lines}", step, USAGE) from error
    return runs


def told(one: "Scenario", play: "Callable[[Callable[[Observed], None]], Verdict]", *, quiet: bool) -> dict[str, Any]:
    """Play one run, with its timeline and its verdict in words unless `quiet`; returns what programs read."""
    seen: list[Observed] = []
    show = teller(one)
    if not quiet:
        print(f"{one.label}: {one.title}")
    verdict = play(seen.append if quiet else show)
    if not quiet:
        _outcome(one, verdict)
    unmet = [{"at": str(u.expectation.place), "reason": u.reason, "seen": list(u.instead)} for u in verdict.unmet]
    names = ("type", "area", "time", "sequence", "data")
    events = [{name: getattr(event, name) for name in names} for event in seen]
    judged = {"passed": verdict.passed, "unmet": unmet, "errors": verdict.errors}
    return {"scenario": one.label, **judged, "events": events}


def _outcome(one: "Scenario", verdict: "Verdict") -> None:
    said = "all expectations hold 全部符合预期" if verdict.passed else "NOT as expected 与预期不符"
    print(f"\n{one.label}: {said} ({verdict.met} met, {len(verdict.unmet)} unmet)")
    for error in verdict.errors:
        print(f"  fault: {error}")
    for unmet in verdict.unmet:
        print(f"  {unmet.expectation.place}: {unmet.reason}")


def in_core(one: "Scenario", watch: "Callable[[Observed], None]") -> "Verdict":
    """Play a run through the pure core, then hand on its events."""
    from streams.scenario.core_play import play
    from streams.scenario.judge import judge

    played = play(one)
    for event in played.observed:
        watch(event)
    return judge(one, played.observed, played.errors)


def teller(one: "Scenario") -> "Callable[[Observed], None]":
    """What prints the timeline of a run, event by event."""
    from rich.console import Console

    from streams.scenario.timeline import Teller

    console = Console(soft_wrap=True, highlight=False)
    story = Teller(one.calendar)

    def show(event: "Observed") -> None:
        for line in story.tell(event):
            console.print(line)

    return show


@contextmanager
def staged(
    files: list[Path], broker: str, brokers: str | None, database: str | None, pause: float = 0.0
) -> "Iterator[tuple[Stage, dict[Path, list[Scenario]]]]":
    """A stage of its own, or on the broker and the database that are named, and the runs as they are played there."""
    from streams.cli.played import cast, given_stage, own_stage

    kind = broker_kind(broker)
    loaded(files)
    runs = cast(files)
    realm = next(one.realm for found in runs.values() for one in found)
    with ExitStack() as held:
        folder = held.enter_context(place(None))
        if brokers is not None:
            stage = held.enter_context(given_stage(settings(brokers=brokers, database=database), realm, folder, pause))
        else:
            note(f"starting {broker} broker, PostgreSQL and a worker …")
            stage = held.enter_context(own_stage(realm, folder, kind, pause))
        yield stage, runs


@contextmanager
def judging(
    files: list[Path], broker: str, brokers: str | None, database: str | None
) -> "Iterator[Callable[[Path], list[Verdict]]]":
    """What judges files whose runs were played together; a file that is wrong raises ScenarioError there."""
    from streams.scenario.parse import load
    from streams.scenario.tree import ScenarioError

    wrong: dict[Path, ScenarioError] = {}
    found: dict[Path, list[Verdict]] = {}
    for path in files:
        try:
            load(path)
        except ScenarioError as error:
            wrong[path] = error
    good = [path for path in files if path not in wrong]
    if good:
        with staged(good, broker, brokers, database) as (stage, cast):
            verdicts = iter(stage.judge_all([one for runs in cast.values() for one in runs]))
            found = {path: [next(verdicts) for _ in runs] for path, runs in cast.items()}

    def judged(path: Path) -> "list[Verdict]":
        if path in wrong:
            raise wrong[path]
        return found[path]

    yield judged

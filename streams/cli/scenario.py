"""`liandong scenario run|check`: play scenario files through topics, or through the core alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import USAGE, AsJson, Brokers, CommandError, Database, leave, note, print_json, settings
from streams.cli.local import Broker, checked, place

if TYPE_CHECKING:
    from streams.cli.played import TopicsPlayer
    from streams.scenario.check import Player
    from streams.scenario.fold import Observed
    from streams.scenario.model import Scenario

scenario = typer.Typer(
    no_args_is_help=True,
    help="Scenario files (情景): play them and judge what comes out. Format: tests/scenarios/FORMAT.md.",
)
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="Scenario files (.yaml).")
]
Core = Annotated[
    bool,
    typer.Option("--core/--topics", help="Through the pure core, in memory; or through Kafka topics and a worker."),
]
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
    --database the runs use those, in an exercise realm that must be new there.

    Example: liandong scenario check tests/scenarios/sc_1.yaml tests/scenarios/sc_2.yaml --json

    Exit codes: 0 all expectations hold, 1 some are unmet, 2 a file is wrong (with line), 3 something cannot be reached.
    """
    from streams.scenario.check import as_json as json_text
    from streams.scenario.check import as_text
    from streams.scenario.check import check as judged

    show = json_text if as_json else as_text
    if core:
        leave(judged(files, show))
    with topics_player(files, broker, brokers, database) as player:
        leave(judged(files, show, player))


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
    from streams.scenario.check import core_player

    with ExitStack() as stack:
        player = core_player if core else stack.enter_context(topics_player(files, broker, brokers, database, pause))
        codes = [told(one, player, as_json) for one in loaded(files)]
    leave(max(codes, default=0))


def loaded(files: list[Path]) -> list["Scenario"]:
    """All runs of the files. Raises CommandError with every problem and its line."""
    from streams.scenario.parse import load
    from streams.scenario.tree import ScenarioError

    runs = []
    for path in files:
        try:
            runs += load(path)
        except ScenarioError as error:
            lines = "\n".join(f"{one.place}: {one.message}" for one in error.problems)
            raise CommandError(
                f"{path} is wrong\n{lines}", "correct these lines (tests/scenarios/FORMAT.md)", USAGE
            ) from error
    return runs


def told(one: "Scenario", player: "Player | TopicsPlayer", as_json: bool) -> int:
    """Play one run with its timeline; returns 0 when everything holds, else 1."""
    from streams.scenario.judge import judge

    show = _nothing if as_json else teller(one)
    if not as_json:
        print(f"{one.label}: {one.title}")
    observed, errors = _played(one, player, show)
    verdict = judge(one, observed, errors)
    if as_json:
        events = [
            {"type": e.type, "area": e.area, "time": e.time.isoformat(), "sequence": e.sequence, "data": e.data}
            for e in observed
        ]
        unmet = [{"at": str(u.expectation.place), "reason": u.reason, "seen": list(u.instead)} for u in verdict.unmet]
        print_json(
            {
                "scenario": one.label,
                "passed": verdict.passed,
                "unmet": unmet,
                "errors": verdict.errors,
                "events": events,
            }
        )
    else:
        outcome(
            one,
            verdict.passed,
            verdict.met,
            [f"{u.expectation.place}: {u.reason}" for u in verdict.unmet],
            verdict.errors,
        )
    return 0 if verdict.passed else 1


def _played(
    one: "Scenario", player: "Player | TopicsPlayer", show: Callable[["Observed"], None]
) -> "tuple[list[Observed], list[str]]":
    from streams.cli.played import TopicsPlayer

    if isinstance(player, TopicsPlayer):
        return player(one, show)
    observed, errors = player(one)
    for event in observed:
        show(event)
    return observed, errors


def outcome(one: "Scenario", passed: bool, met: int, unmet: list[str], errors: list[str]) -> None:
    """Say what the judge found."""
    verdict = "all expectations hold 全部符合预期" if passed else "NOT as expected 与预期不符"
    print(f"\n{one.label}: {verdict} ({met} met, {len(unmet)} unmet)")
    for line in (*(f"fault: {error}" for error in errors), *unmet):
        print(f"  {line}")


def teller(one: "Scenario") -> Callable[["Observed"], None]:
    """What prints the timeline of a run, event by event."""
    from rich.console import Console

    from streams.scenario.timeline import Teller

    console = Console(soft_wrap=True, highlight=False)
    story = Teller(one.calendar)

    def show(event: "Observed") -> None:
        for line in story.tell(event):
            console.print(line)

    return show


def _nothing(event: "Observed") -> None:
    """For output that programs read."""


@contextmanager
def topics_player(
    files: list[Path], broker: str, brokers: str | None, database: str | None, pause: float = 0.0
) -> "Iterator[TopicsPlayer]":
    """A player on a stack of its own, or on the broker and the database that are named."""
    from streams.cli.played import GivenPlace, LocalPlace, TopicsPlayer
    from streams.local.stack import Stack

    runs = loaded(files)
    checked(broker)
    if (brokers is None) != (database is None):
        raise CommandError(
            "--brokers and --database belong together", "give both, or none for parts that are started here", USAGE
        )
    with ExitStack() as held:
        folder = held.enter_context(place(None))
        if brokers is not None:
            given = settings(brokers=brokers, database=database)
            where: GivenPlace | LocalPlace = GivenPlace(given, folder)
        else:
            note(f"starting {broker} broker and PostgreSQL …")
            where = LocalPlace(held.enter_context(Stack(folder, "kafka" if broker == "kafka" else "embedded")))
        yield held.enter_context(TopicsPlayer(where, runs, pause))

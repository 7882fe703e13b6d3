"""`liandong replay`: prove that state and decisions follow from what was recorded."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import (
    OK,
    UNMET,
    USAGE,
    Area,
    AsJson,
    Brokers,
    CommandError,
    Database,
    Realm,
    leave,
    print_json,
    run,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import TaskID

    from streams.replay.run import Mode, Replay, Report

WORDS = {
    "fold": ("fold 折叠", "the recorded events give the stored state"),
    "decide": ("decide 再决策", "deciding every input again gives the same events, byte for byte"),
    "topics": ("topics 主题", "input and output topics give the stored state"),
}


def replay(
    decide: Annotated[
        bool, typer.Option("--decide", help="Decide every recorded input again; compare byte for byte.")
    ] = False,
    topics: Annotated[bool, typer.Option("--topics", help="Fold the topics instead of the recorder.")] = False,
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="DSN", help="Fold into this empty database and leave it there.", show_default=False
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the schema replay_<realm> into which was folded.")
    ] = False,
    area: Area = None,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Fold the flight recorder (飞行记录) into an empty schema and compare the state, entity by entity.

    Every row is checked on the way: sequence gapless, ids and causes right, digests and hash chain unbroken. The
    recorder is read in one snapshot; a running worker may go on. Prints the first difference with area and seq.

    Example: liandong replay --realm exercise.sc-1 --decide --json

    Exit codes: 0 identical, 1 something differs, 2 the target is not empty, 3 database or broker cannot be reached.
    """
    from streams.replay.run import Replay

    chosen = settings(realm=realm, brokers=brokers, database=database)
    modes: tuple[Mode, ...] = (*(("decide",) if decide else ()), *(("topics",) if topics else ()))
    reports = run(replayed(Replay(chosen, area, into, keep), modes or ("fold",), quiet=as_json))
    if as_json:
        print_json([report.data() for report in reports])
    leave(OK if all(report.same for report in reports) else UNMET)


async def replayed(work: "Replay", modes: "Iterable[Mode]", *, quiet: bool = False) -> "list[Report]":
    """Run these replays one after the other, each with a progress bar and its result in one line."""
    from rich.console import Console
    from rich.progress import Progress

    from streams.replay.run import NotEmptyError

    reports = []
    for mode in modes:
        name, says = WORDS[mode]
        with Progress(
            console=Console(file=sys.stderr), transient=True, disable=quiet or not sys.stderr.isatty()
        ) as bar:
            task = bar.add_task(name, total=None)

            def show(done: int, total: int, task: "TaskID" = task, bar: Progress = bar) -> None:
                bar.update(task, completed=done, total=total)

            try:
                report = await work.run(mode, show)
            except NotEmptyError as error:
                raise CommandError(str(error), "name an empty database with --into", USAGE) from error
        reports.append(report)
        if not quiet:
            _tell(report, name, says)
    return reports


def _tell(report: "Report", name: str, says: str) -> None:
    counts = f"{report.areas} areas, {report.events} events" + (
        f", {report.entities} entities" if report.entities else ""
    )
    for note in report.notes:
        print(f"  note: {note}")
    if report.difference is None:
        print(f"  identical 一致  {name}: {counts}: {says}")
        return
    found = report.difference
    print(f"  DIFFERENT 不一致  {name}: area {found['area']}, seq {found['seq']}: {found['what']}")

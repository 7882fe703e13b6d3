"""`liandong doctor`: everything an installation needs, line by line: OK, or what to do."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import (
    OK,
    UNMET,
    UNREACHABLE,
    AsJson,
    Brokers,
    Database,
    Realm,
    leave,
    print_json,
    run,
    settings,
)

if TYPE_CHECKING:
    from streams.cli.checks import Line

MARKS = {"ok": "OK  ", "wrong": "FAIL", "unreachable": "DOWN", "note": "note"}


def doctor(
    worker: Annotated[
        str | None,
        typer.Option(
            "--worker",
            metavar="URL",
            help="A worker's HTTP address; the configured one without.",
            show_default=False,
        ),
    ] = None,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Check configuration, broker, topics, database, policy, clocks, offsets, backlog, dead letters and worker (体检).

    Each line says OK (正常), or what to do. Changes nothing but for one record on its own topic `doctor.clock`, by
    which the broker's clock is read.

    Example: liandong doctor --realm actual --json

    Exit codes: 0 all well, 1 something is wrong (and what to do), 3 broker or database cannot be reached.
    """
    from streams.cli.checks import examine

    chosen = settings(realm=realm, brokers=brokers, database=database)
    lines = run(examine(chosen, worker))
    if as_json:
        print_json([line.data() for line in lines])
    else:
        for line in lines:
            _tell(line)
    states = {line.state for line in lines}
    leave(UNREACHABLE if "unreachable" in states else UNMET if "wrong" in states else OK)


def _tell(line: "Line") -> None:
    print(f"{MARKS[line.state]}  {line.what:<14} {line.said}")
    if line.next_step:
        print(f"      {'':<14} → {line.next_step}")

"""`liandong decisions pending`, `request explain`: what waits for somebody, and why a resource was chosen."""

from typing import Annotated, Any

import typer

from streams.cli.common import (
    USAGE,
    Area,
    AsJson,
    CommandError,
    Database,
    Realm,
    local_time,
    print_json,
    run,
    settings,
    table,
)

decisions = typer.Typer(no_args_is_help=True, help="Decisions (决策): what waits for a named authority.")
request = typer.Typer(no_args_is_help=True, help="Resource requests (资源申请): why this unit, and not the nearer one.")


@decisions.command("pending")
def pending(area: Area = None, realm: Realm = None, database: Database = None, as_json: AsJson = False) -> None:
    """Every decision that waits for somebody: what, who must decide, since when, until when.

    Example: liandong decisions pending --area 420100

    Exit codes: 0, 3 the database cannot be reached.
    """
    from streams.cli.waiting import waiting

    rows = run(waiting(settings(realm=realm, database=database), area))
    if as_json:
        print_json(rows)
        return
    columns = (
        "proposal",
        "rule",
        "kind",
        "level",
        "incident",
        "offices",
        "answered",
        "opened_at",
        "expires_at",
        "late",
    )
    table(
        f"Pending decisions 待决事项 ({len(rows)})",
        columns,
        [[_cell(row[column]) for column in columns] for row in rows],
    )


def _cell(value: Any) -> Any:
    from datetime import datetime

    if isinstance(value, datetime):
        return local_time(value)
    return "、".join(map(str, value)) if isinstance(value, list) else value


@request.command("explain")
def explain(
    ref: Annotated[str, typer.Argument(metavar="REQUEST[/LINE]", help="A request, or one line of it.")],
    area: Area = None,
    realm: Realm = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Tell a dispatcher (调度员) in one screen why these resources serve the request, and why nearer ones do not.

    Example: liandong request explain RQ-120/1

    Exit codes: 0, 2 no such request, 3 the database cannot be reached.
    """
    from streams.cli.waiting import explained

    chosen = settings(realm=realm, database=database)
    found = run(explained(chosen, ref, area))
    if not found["lines"]:
        raise CommandError(f"no request {ref} in realm {chosen.realm}", "see `liandong incident show INCIDENT`", USAGE)
    if as_json:
        print_json(found)
        return
    for line in found["lines"]:
        for text in line["told"]:
            print(text)

"""`liandong deadletters list|show|redrive|dismiss`: what could not be applied, and how it comes back."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    local_time,
    print_json,
    run,
    settings,
    table,
)

if TYPE_CHECKING:
    from streams.cli.redriving import Repair
    from streams.settings import Settings

deadletters = typer.Typer(
    no_args_is_help=True, help="Dead letters (死信): unreadable, quarantined and conflicting records; bring them back."
)
Ref = Annotated[str, typer.Argument(metavar="REF", help="As `list` shows it: topic:partition:offset, or a fault's id.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides this; your user name otherwise.", show_default=False)]
CATEGORIES = ("unreadable", "fault", "conflict")


@deadletters.command("list")
def list_letters(
    area: Area = None,
    category: Annotated[
        str | None, typer.Option("--category", help="unreadable, fault or conflict.", show_default=False)
    ] = None,
    settled: Annotated[bool, typer.Option("--all", help="Also those that were redriven or dismissed.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 200,
    realm: Realm = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters that nobody has dealt with, newest first, and open faults of timers.

    Example: liandong deadletters list --category fault --json

    Exit codes: 0, 2 wrong category, 3 the database cannot be reached.
    """
    from streams.cli.redriving import letters

    if category is not None and category not in CATEGORIES:
        raise CommandError(f"--category {category}: no such category", f"choose {', '.join(CATEGORIES)}", USAGE)
    rows = run(letters(settings(realm=realm, database=database), area, category, limit, settled=settled))
    if as_json:
        print_json(rows)
        return
    columns = ("ref", "at", "area", "category", "code", "path", "message", "outcome")
    table(
        f"Dead letters 死信 ({len(rows)})",
        columns,
        [[local_time(row[c]) if c == "at" else row[c] for c in columns] for row in rows],
    )


@deadletters.command("show")
def show(ref: Ref, realm: Realm = None, database: Database = None, as_json: AsJson = False) -> None:
    """Show one dead letter: why, its headers, its bytes, and what to do.

    Example: liandong deadletters show incident.reports:3:1042

    Exit codes: 0, 2 no such dead letter, 3 the database cannot be reached.
    """
    from streams.cli.redriving import letter, shown

    found = shown(run(letter(settings(realm=realm, database=database), ref)))
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if name == "headers":
            print("headers:")
            for header, text in value:
                print(f"  {header}: {text}")
        else:
            print(f"{name}: {value}")
    print(f"next: liandong deadletters redrive {ref}" + _hint(found))


def _hint(found: dict[str, Any]) -> str:
    return {
        "conflict": " --id NEW-ID   (or dismiss it: its id belongs to another record)",
        "fault": "   (once the cause is mended)",
    }.get(found["category"], " --value repaired.json   (or --header name=value)")


@deadletters.command("redrive")
def redrive(
    ref: Ref,
    value: Annotated[
        Path | None, typer.Option("--value", exists=True, dir_okay=False, help="Repaired value.", show_default=False)
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", metavar="NAME=VALUE", help="Set a header; NAME= removes it. Repeatable.", show_default=False
        ),
    ] = None,
    new_id: Annotated[
        str | None,
        typer.Option("--id", help="A new id, for a conflict; otherwise the original one.", show_default=False),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for its effects.")] = 15.0,
    by: By = None,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Publish the record to its topic again (重投), as it was or repaired, under its original id; then mark it.

    A record that would be unreadable again is not sent. A quarantined record's or timer's fault is closed with it:
    without open faults the area is no longer degraded; should it fail again, it is a new fault.

    Example: liandong deadletters redrive incident.reports:3:1042 --value repaired.json

    Exit codes: 0 applied, 1 not applied (and why), 2 no such dead letter, 3 something cannot be reached.
    """
    from streams.cli.redriving import Repair

    repair = Repair(value.read_bytes() if value else None, tuple(header or ()), new_id)
    chosen = settings(realm=realm, brokers=brokers, database=database)
    told = run(_redriven(chosen, ref, repair, by or getpass.getuser(), wait))
    if as_json:
        print_json(told)
    else:
        print(told["said"])
    leave(OK if told["applied"] else UNMET)


async def _redriven(chosen: "Settings", ref: str, repair: "Repair", by: str, wait: float) -> dict[str, Any]:
    from streams.cli.redriving import redrive_letter, settle_timer

    if ref.startswith("fault:"):
        return await settle_timer(chosen, ref, "redriven", by, "", wait)
    return await redrive_letter(chosen, ref, repair, by, wait)


@deadletters.command("dismiss")
def dismiss(
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help="Why nothing of it is needed.")],
    by: By = None,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Close a dead letter without sending it again; its bytes stay, with who dismissed it and why.

    Example: liandong deadletters dismiss ems.calls:0:77 --reason "test call of the vendor"

    Exit codes: 0 done, 1 the worker did not close its fault, 2 no such dead letter, 3 something cannot be reached.
    """
    from streams.cli.redriving import dismiss_letter, settle_timer

    chosen = settings(realm=realm, brokers=brokers, database=database)
    who = by or getpass.getuser()
    work = settle_timer(chosen, ref, "dismissed", who, reason, 15.0) if ref.startswith("fault:") else None
    told = run(work if work is not None else dismiss_letter(chosen, ref, who, reason))
    if as_json:
        print_json(told)
    else:
        print(told["said"])
    leave(OK if told["applied"] else UNMET)

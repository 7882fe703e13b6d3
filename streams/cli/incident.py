"""`liandong incident list|show`: what is going on, and everything about one incident."""

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

incident = typer.Typer(
    no_args_is_help=True, help="Incidents (突发事件): list them, show one with all that belongs to it."
)
GRADES = {1: "特别重大 I", 2: "重大 II", 3: "较大 III", 4: "一般 IV", None: "未达等级"}
LEVELS = {1: "一级 I", 2: "二级 II", 3: "三级 III", 4: "四级 IV", None: ""}


@incident.command("list")
def list_incidents(
    area: Area = None,
    closed: Annotated[bool, typer.Option("--all", help="Also closed ones.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 100,
    realm: Realm = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List open incidents, newest first: grade, response, task force, what waits, what is overdue.

    Example: liandong incident list --area 420100 --json

    Exit codes: 0, 3 the database cannot be reached.
    """
    from streams.cli.showing import incidents

    rows = run(incidents(settings(realm=realm, database=database), area, limit, closed=closed))
    if as_json:
        print_json(rows)
        return
    columns = (
        "incident",
        "district",
        "grade 分级",
        "response 响应",
        "joint 联动",
        "waiting",
        "live",
        "overdue",
        "opened",
    )
    table(f"Incidents 突发事件 ({len(rows)})", columns, [_row(row) for row in rows])


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        row["incident"],
        row["district"],
        GRADES[row["composite"]],
        LEVELS[row["response"]],
        "✓" if row["task_forces"] else "",
        row["waiting_lines"] or "",
        row["live_commitments"] or "",
        row["overdue"] or "",
        local_time(row["opened_at"]),
    )


@incident.command("show")
def show(
    ref: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, source|external-id, or an external id.")],
    events: Annotated[int, typer.Option("--events", help="How many of its newest events to tell.")] = 30,
    area: Area = None,
    realm: Realm = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show one incident: grade with its rules, figures, responses, joint mechanism, decisions, deadlines, resources.

    Example: liandong incident show 'cad-b|X1' --events 100

    Exit codes: 0, 2 no such incident, 3 the database cannot be reached.
    """
    from streams.cli.showing import whole

    chosen = settings(realm=realm, database=database)
    found = run(whole(chosen, ref, area, events))
    if found is None:
        raise CommandError(f"no incident {ref} in realm {chosen.realm}", "see `liandong incident list --all`", USAGE)
    if as_json:
        print_json(found["data"])
        return
    _tell(found["data"])
    if found["story"]:
        from rich.console import Console

        console = Console(soft_wrap=True, highlight=False)
        print(f"\nNewest events 最新进展 (--events {events})")
        for line in found["story"]:
            console.print(line)


def _tell(data: dict[str, Any]) -> None:
    head = data["incident"]
    print(f"{head['incident']} · {head['status']} · {head['district']} · {'、'.join(head['hazard_kinds'])}")
    print(f"occurred 发生 {local_time(head['occurred_at'])}, opened 受理 {local_time(head['opened_at'])}")
    print(f"grade 分级 {GRADES[head['composite']]}")
    for family in data["families"]:
        rules = ", ".join(hit["rule"] for hit in family["hits"])
        print(f"  {family['family']}: {GRADES[family['severity']]}" + (f" ‹{rules}›" if rules else ""))
    figures = [
        f"{name} {value} ({data['verification'].get(name, 'unverified')})" for name, value in data["figures"].items()
    ]
    print(f"figures 数据: {', '.join(figures) or 'none'}")
    for title, columns, rows in data["tables"]:
        if rows:
            print()
            table(title, columns, [[_cell(row[column]) for column in columns] for row in rows])


def _cell(value: Any) -> Any:
    from datetime import datetime

    if isinstance(value, datetime):
        return local_time(value)
    return "、".join(map(str, value)) if isinstance(value, list) else value

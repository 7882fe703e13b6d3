"""`liandong sync`: bring the log of a node that was cut off to its city."""

from typing import Annotated

import typer

from streams.cli.common import OK, UNMET, AsJson, Brokers, Database, Realm, leave, note, print_json, run, settings


def sync(
    node: Annotated[str, typer.Argument(help="The district's command node, e.g. D-NODE.")],
    area: Annotated[str, typer.Option("--area", metavar="CODE", help="The city (GB/T 2260, e.g. 420100).")],
    from_database: Annotated[str, typer.Option("--from-database", metavar="DSN", help="PostgreSQL of the node.")],
    from_realm: Annotated[str, typer.Option("--from-realm", metavar="REALM", help="Realm of the node.")] = "actual",
    anew: Annotated[bool, typer.Option("--anew", help="Send all of it again, also what the city has merged.")] = False,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the city's worker.")] = 30.0,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Move the log of a node that acted by itself (自主响应) to the city, and tell how it was merged.

    Reads the node's flight recorder, sends what the city has not merged to duty.updates, and waits for the city's
    worker. Safe to repeat and to break off: each entry counts once, in the log's own order. --brokers, --database and
    --realm are the city's.

    Example: liandong sync D-NODE --area 990100 --from-database postgresql://node-d/liandong

    Exit codes: 0 merged, 1 something waits, was set aside or not answered, 2 wrong usage, 3 something cannot be
    reached.
    """
    from streams.cli.syncing import Node, synced

    city = settings(realm=realm, brokers=brokers, database=database)
    told = run(synced(city, Node(node, area, from_database, from_realm), anew=anew, wait_s=wait))
    if as_json:
        print_json(told)
    else:
        note(f"{told['sent']} of {told['entries']} entries sent, the city has merged up to {told['merged_up_to']}")
        note(f"conflicts replanned: {told['conflicts']}; set aside: {told['set_aside']}; waiting: {told['held']}")
    complete = told["merged_up_to"] >= told["position"] and not told["set_aside"] and not told["unanswered"]
    leave(OK if complete else UNMET)

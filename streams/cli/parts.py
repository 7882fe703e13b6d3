"""Commands that make and check what a worker needs, and that run it: worker, migrate, topics."""

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import UNMET, AsJson, Brokers, Database, Realm, leave, print_json, run, settings, table

if TYPE_CHECKING:
    from streams.settings import Settings

topics = typer.Typer(no_args_is_help=True, help="Kafka topics of a realm: create, check, list.")
Partitions = Annotated[
    int | None,
    typer.Option("--partitions", help="Partitions of every topic. [LIANDONG_PARTITIONS]", show_default=False),
]
Replication = Annotated[
    int | None, typer.Option("--replication", help="Copies of new topics. [LIANDONG_REPLICATION]", show_default=False)
]


def worker(realm: Realm = None, brokers: Brokers = None, database: Database = None) -> None:
    """Run a worker (工作进程) until SIGTERM or Ctrl-C: decides, records, publishes; /readyz, /healthz, /metrics.

    Needs a migrated database and the realm's topics. All settings: LIANDONG_* variables (README).

    Example: liandong worker --realm actual --brokers kafka1:9092,kafka2:9092 --database postgresql://db/liandong

    Exit codes: 0 stopped as asked, 1 cannot start (the last line says why and what to do).
    """
    from streams.app import run_worker

    run_worker(settings(realm=realm, brokers=brokers, database=database))


def migrate(realm: Realm = None, database: Database = None, as_json: AsJson = False) -> None:
    """Bring the realm's schema (数据库结构) to the newest version; safe to repeat, one process at a time.

    Example: liandong migrate --realm exercise.spring --database postgresql://db/liandong

    Exit codes: 0 done, 1 the database holds something else, 3 the database cannot be reached.
    """
    from streams.store.migrate import migrate as apply

    chosen = settings(realm=realm, database=database)
    applied = run(apply(chosen.database, chosen.realm))
    if as_json:
        print_json({"realm": chosen.realm, "applied": applied})
        return
    for name in applied:
        print(f"applied {name}")
    print(f"{chosen.realm}: " + ("up to date" if not applied else f"{len(applied)} migrations applied"))


@topics.command("create")
def create(
    realm: Realm = None,
    brokers: Brokers = None,
    partitions: Partitions = None,
    replication: Replication = None,
    as_json: AsJson = False,
) -> None:
    """Create the topics (主题) that are missing, with the right partitions, sizes and timestamp type.

    Example: liandong topics create --brokers kafka1:9092 --partitions 12 --replication 3

    Exit codes: 0 done, 3 Kafka cannot be reached or refuses.
    """
    from streams.runtime.startup import create_topics

    chosen = settings(realm=realm, brokers=brokers, partitions=partitions, replication=replication)
    made = run(create_topics(chosen))
    if as_json:
        print_json({"realm": chosen.realm, "created": [chosen.topic_prefix + name for name in made]})
        return
    for name in made:
        print(f"created {chosen.topic_prefix}{name}")
    print(f"{chosen.realm}: " + (f"{len(made)} topics created" if made else "all topics are there"))


@topics.command("check")
def check(realm: Realm = None, brokers: Brokers = None, partitions: Partitions = None, as_json: AsJson = False) -> None:
    """Check that every topic exists with the configured partitions and the broker's clock where it must have it.

    Example: liandong topics check --realm exercise.spring --json

    Exit codes: 0 as it should be, 1 something is wrong (and what to do), 3 Kafka cannot be reached.
    """
    chosen = settings(realm=realm, brokers=brokers, partitions=partitions)
    rows = run(_described(chosen))
    bad = [row for row in rows if row["problem"]]
    if as_json:
        print_json(rows)
    for row in bad if not as_json else ():
        print(f"{row['topic']} {row['problem']}: {row['next_step']}")
    if not as_json:
        print(f"{len(rows) - len(bad)} of {len(rows)} topics are as they should be")
    leave(UNMET if bad else 0)


@topics.command("list")
def list_topics(realm: Realm = None, brokers: Brokers = None, as_json: AsJson = False) -> None:
    """List the topics with direction, partitions, timestamp type and what they carry.

    Example: liandong topics list

    Exit codes: 0, 3 Kafka cannot be reached.
    """
    rows = run(_described(settings(realm=realm, brokers=brokers)))
    if as_json:
        print_json(rows)
        return
    columns = ("topic", "direction", "partitions", "timestamps", "carries")
    table("Topics 主题", columns, [[row[column] for column in columns] for row in rows])


async def _described(chosen: "Settings") -> list[dict[str, object]]:
    from streams.cli.topic_facts import topic_rows

    return await topic_rows(chosen)

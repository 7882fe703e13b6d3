"""`liandong policy check|diff|explain|store|adopt`: the law as data."""

from pathlib import Path
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
    from collections.abc import Mapping

policy = typer.Typer(no_args_is_help=True, help="Policy (政策): the law as dated data; check, compare, explain, adopt.")
Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FOLDER]", exists=True, file_okay=False, help="Folder of *.yaml; this release's without it."
    ),
]


@policy.command("check")
def check(folder: Folder = None, as_json: AsJson = False) -> None:
    """Validate a policy: unknown facts and keys, missing sources, overlapping dates; prints its version.

    Example: liandong policy check ./our-city-policy

    Exit codes: 0 it loads, 1 it does not (each error with file and line).
    """
    from streams.policy.explain import check as errors_of
    from streams.policy.loader import version_of

    documents = documents_of(folder)
    errors = errors_of(documents)
    if as_json:
        problems = [{"file": one.file, "line": one.line, "path": one.path, "message": one.message} for one in errors]
        print_json({"version": version_of(documents) if not errors else None, "errors": problems})
        leave(UNMET if errors else OK)
    for one in errors:
        print(one)
    if not errors:
        print(f"policy {version_of(documents)}: {len(documents)} documents, all in order")
    leave(UNMET if errors else OK)


@policy.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the policy before.")],
    new: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Compare two policies entry by entry: added, removed, changed.

    Example: liandong policy diff ./policy-2025

    Exit codes: 0 the same, 1 they differ (each difference in a line), 2 a file is no policy.
    """
    from streams.policy.explain import diff as differences

    found = differences(documents_of(old), documents_of(new))
    if as_json:
        print_json([{"file": one.file, "id": one.id, "before": one.before, "after": one.after} for one in found])
    else:
        for one in found:
            print(one.told())
        print(f"{len(found)} differences" if found else "the same 相同")
    leave(UNMET if found else OK)


@policy.command("explain")
def explain(
    ref: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, source|external-id, or an external id.")],
    area: Area = None,
    realm: Realm = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Tell why an incident has its grade: facts (事实) → rule (规则) → source (依据), under the law of its time.

    Example: liandong policy explain 'cad-b|X1'

    Exit codes: 0, 2 no such incident, 3 the database cannot be reached.
    """
    from streams.cli.lawful import explained

    chosen = settings(realm=realm, database=database)
    told = run(explained(chosen, ref, area))
    if told is None:
        raise CommandError(f"no incident {ref} in realm {chosen.realm}", "see `liandong incident list --all`", USAGE)
    if as_json:
        print_json({"incident": ref, "lines": told})
        return
    for line in told:
        print(line)


@policy.command("store")
def store(folder: Folder = None, realm: Realm = None, database: Database = None, as_json: AsJson = False) -> None:
    """Store a policy version in the realm's database, so that areas can adopt it. It must be in order.

    Example: liandong policy store ./our-city-policy

    Exit codes: 0 stored (prints its version), 2 it is not in order (file and line), 3 the database cannot be reached.
    """
    from streams.cli.lawful import stored

    version = run(stored(settings(realm=realm, database=database), documents_of(folder)))
    if as_json:
        print_json({"version": version})
    else:
        print(f"stored {version}\nnext: liandong policy adopt {version} --area CODE")


@policy.command("adopt")
def adopt(
    version: Annotated[str, typer.Argument(help="As `policy store` or `policy check` prints it.")],
    area: Annotated[str, typer.Option("--area", metavar="CODE", help="The city that adopts it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; goes on record.")] = "",
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Let an area be judged by a stored policy version from now on: `policy.adopted.v1` on registers, on record.

    Example: liandong policy adopt 5f0c… --area 420100 --reason "city plan of 2026"

    Exit codes: 0 adopted, 1 not adopted (and why), 3 something cannot be reached.
    """
    from streams.cli.lawful import adopted

    said, done = run(adopted(settings(realm=realm, brokers=brokers, database=database), version, area, reason))
    if as_json:
        print_json({"adopted": done, "said": said})
    else:
        print(said)
    leave(OK if done else UNMET)


def documents_of(folder: Path | None) -> "Mapping[str, str]":
    """The documents of a folder, or of this release."""
    from streams.policy.loader import bundled_documents

    if folder is None:
        return bundled_documents()
    found = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    if not found:
        raise CommandError(f"{folder} has no *.yaml", "name a folder of policy documents", USAGE)
    return found

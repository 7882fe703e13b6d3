"""`liandong schemas export|check`: the published contract, its drift and its breaks."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.common import OK, UNMET, AsJson, CommandError, leave, print_json

schemas = typer.Typer(
    no_args_is_help=True, help="The wire contract (消息契约): AsyncAPI 3 and a JSON Schema per event type."
)
Published = Annotated[
    Path | None,
    typer.Option("--published", file_okay=False, help="Folder; schemas/published without it.", show_default=False),
]


@schemas.command("export")
def export(
    published: Published = None,
    breaking: Annotated[
        str | None,
        typer.Option("--breaking", metavar="REASON", help="Publish although old peers break.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Generate schemas/published/ from the models. Refuses changes that break old senders, consumers or recordings.

    Example: liandong schemas export

    Exit codes: 0 written, 1 refused: backward incompatible (each break with its field).
    """
    from schemas.compat import breaks
    from schemas.export import PUBLISHED, render, stored, write

    folder = published or PUBLISHED
    found = breaks(stored(folder), render())
    if found and breaking is None:
        lines = "\n".join(f"  {one}" for one in found)
        step = "add a new version of the type beside the old one, or: liandong schemas export --breaking REASON"
        raise CommandError(f"{len(found)} changes break who has the published contract\n{lines}", step, UNMET)
    changed = write(folder)
    if as_json:
        print_json({"changed": changed, "breaks": found, "reason": breaking})
        return
    for name in changed:
        print(f"wrote {name}")
    print(f"{len(changed)} files changed" if changed else "nothing has changed")


@schemas.command("check")
def check(
    published: Published = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", exists=True, file_okay=False, help="An older published/ folder.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that what is published is what the models say (drift 漂移), and that nothing broke (兼容性).

    Example: liandong schemas check --against ../liandong-0.1.0/schemas/published

    Exit codes: 0 up to date and compatible, 1 not (each difference in a line).
    """
    from schemas.compat import breaks
    from schemas.export import PUBLISHED, drift, render, stored

    folder = published or PUBLISHED
    drifted = drift(folder)
    broken = breaks(stored(against or folder), render())
    if as_json:
        print_json({"drift": drifted, "breaks": broken})
    else:
        for line in (*drifted, *(f"BREAKS {one}" for one in broken)):
            print(line)
        print("up to date and compatible" if not drifted and not broken else "next: liandong schemas export")
    leave(OK if not drifted and not broken else UNMET)

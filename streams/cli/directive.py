"""`liandong directive key|sign|send`: decisions of a named authority, signed (Ed25519, detached JWS)."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.common import (
    OK,
    UNMET,
    AsJson,
    Brokers,
    Database,
    Realm,
    leave,
    print_json,
    run,
    settings,
)

directive = typer.Typer(no_args_is_help=True, help="Directives (指令): make a key, sign claims, send them.")
Claims = Annotated[
    Path, typer.Argument(metavar="CLAIMS.json", exists=True, dir_okay=False, help="Claims of the directive.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", exists=True, dir_okay=False, help="Key file from `directive key`.", show_default=False),
]
Person = Annotated[
    str | None,
    typer.Option(
        "--person", help="Exercise realms: the key of this person of a scenario's fixture.", show_default=False
    ),
]


@directive.command("key")
def key(
    kid: Annotated[str, typer.Argument(help="Name of the key, e.g. mayor-2026.")],
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="Where to keep it; readable by you alone.")],
) -> None:
    """Make a new Ed25519 signing key; prints the public half for the authority register (`register.person.v1`, keys).

    Example: liandong directive key mayor-2026 --out ~/.liandong/mayor.json

    Exit codes: 0 made, 2 the file is already there.
    """
    from streams.cli.signing import new_key

    print_json({"register": new_key(kid, out)})


@directive.command("sign")
def sign(
    claims: Claims, key: KeyFile = None, person: Person = None, realm: Realm = None, as_json: AsJson = False
) -> None:
    """Sign claims exactly as their bytes are; prints the value of the header ce_signature.

    Claims: area, directive, realm, issuer, office, issued_at, expires_at, command; their schema is published as
    schemas/published/inputs/directive.issued.v1.json.

    Example: liandong directive sign start-iii.json --key mayor.json

    Exit codes: 0 signed, 2 the claims or the key are wrong (and where).
    """
    from streams.cli.signing import checked_claims, key_pair, signature

    value = claims.read_bytes()
    chosen = settings(realm=realm)
    event = checked_claims(value, claims, chosen.realm)
    text = signature(value, key_pair(key, person, chosen.realm))
    if as_json:
        print_json({"directive": event.directive, "ce_signature": text})
    else:
        print(text)


@directive.command("send")
def send(
    claims: Claims,
    key: KeyFile = None,
    person: Person = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the decision.")] = 15.0,
    realm: Realm = None,
    brokers: Brokers = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Sign claims, send them to command.directives, and tell whether they were accepted and what followed.

    Example: liandong directive send start-iii.json --key mayor.json

    Exit codes: 0 accepted, 1 refused (with code) or not answered, 2 wrong claims or key, 3 something cannot be reached.
    """
    from streams.cli.signing import checked_claims, key_pair, sent

    value = claims.read_bytes()
    chosen = settings(realm=realm, brokers=brokers, database=database)
    event = checked_claims(value, claims, chosen.realm)
    told = run(sent(chosen, event, value, key_pair(key, person, chosen.realm), wait))
    if as_json:
        print_json(told)
    else:
        print(told["said"])
    leave(OK if told["accepted"] else UNMET)

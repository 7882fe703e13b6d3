"""Keys, claims and the way of a signed directive to its topic."""

import json
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.envelope import stamp, write
from schemas.inputs.directives import DirectiveIssued
from streams.cli.common import USAGE, CommandError
from streams.cli.sending import SOURCE, Outcome, Sent, area_now, outcome, send
from streams.domain.directives.signing import KeyPair, key_from_seed
from streams.domain.directives.signing import sign as sign_claims
from streams.scenario.keys import key_of
from streams.settings import Settings
from streams.store.migrate import connect


def new_key(kid: str, out: Path) -> dict[str, str]:
    """Write a new key pair to a file of one's own; returns the public half."""
    pair = key_from_seed(secrets.token_urlsafe(48), kid)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(
            f"{out} is already there", "choose another file: a key is never overwritten", USAGE
        ) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"kid": pair.kid, "x": pair.x, "d": pair.d}, file)
    return {"kid": pair.kid, "x": pair.x}


def key_pair(file: Path | None, person: str | None, realm: str) -> KeyPair:
    """The key to sign with: from a file, or in an exercise that of a fixture's person, which is no secret."""
    if file is not None:
        try:
            data = json.loads(file.read_text("utf-8"))
            return KeyPair(kid=data["kid"], x=data["x"], d=data["d"])
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{file} is no key file: {error!r}", "make one: liandong directive key KID --out FILE", USAGE
            ) from error
    if person is not None and realm != "actual":
        return key_of(person)
    step = "give --key FILE (make one: liandong directive key KID --out FILE)"
    if person is not None:
        raise CommandError("fixture keys are no secrets: they sign in exercise realms only", step, USAGE)
    raise CommandError("no key to sign with", step + ", in an exercise also --person", USAGE)


def checked_claims(value: bytes, file: Path, realm: str) -> DirectiveIssued:
    """The claims, if they can be a directive of this realm."""
    try:
        event = DirectiveIssued.model_validate_json(value)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])) or '$'}: {one['msg']}" for one in error.errors()[:5])
        schema = "schemas/published/inputs/directive.issued.v1.json"
        raise CommandError(f"{file}: {problems}", f"correct the claims ({schema})", USAGE) from error
    if event.realm != realm:
        step = f'write "realm": "{realm}", or give --realm {event.realm}'
        raise CommandError(f"{file} is for realm {event.realm}, this is {realm}", step, USAGE)
    return event


def signature(value: bytes, pair: KeyPair) -> str:
    """The value of the header `ce_signature`."""
    return sign_claims(value, pair)


async def sent(
    settings: Settings, event: DirectiveIssued, value: bytes, pair: KeyPair, wait_s: float
) -> dict[str, Any]:
    """Send signed claims and see what becomes of them."""
    connection = await connect(settings.database, settings.realm)
    try:
        now = await area_now(connection, event.area)
    finally:
        await connection.close()
    signed = sign_claims(value, pair)
    # The same claims with another signature are another record; that no directive counts twice, its own id sees to.
    id = f"{event.directive}:{sha256(signed.encode()).hexdigest()[:16]}"
    attributes = {
        "id": id,
        "source": SOURCE,
        "type": event.TYPE,
        "time": stamp(now),
        "actor": event.issuer,
        "signature": signed,
        "virtualtime": stamp(now) if settings.virtual_time else None,
    }
    where = Sent(event.TOPIC, -1, -1, event.area, SOURCE, id)
    where = await send(settings, where, event.area.encode(), value, write(attributes))
    found = await outcome(settings, where, wait_s)
    return _told(event, found)


def _told(event: DirectiveIssued, found: Outcome) -> dict[str, Any]:
    types = [type for _, type, _ in found.events]
    if found.dead:
        said = f"not readable: {found.dead}"
    elif not found.events:
        said = "sent, but no worker has dealt with it yet: see `liandong doctor`"
    elif found.refusal is not None:
        said = f"refused 拒绝: {found.refusal['code']} {found.refusal['message']}"
    else:
        said = f"accepted 接受: {event.directive} {event.command.action} → {', '.join(dict.fromkeys(types))}"
    accepted = bool(found.events) and found.refusal is None
    return {"directive": event.directive, "accepted": accepted, "events": types, "refusal": found.refusal, "said": said}

"""What an exception means for somebody at the command line: exit code, words, and the exact next step."""

import asyncpg
from aiokafka.errors import KafkaError

from streams.cli.common import UNMET, UNREACHABLE, USAGE, CommandError
from streams.local.process import PartError
from streams.policy.reader import PolicyError
from streams.runtime.startup import TopicsWrongError
from streams.store.database import TRANSIENT
from streams.store.migrate import MigrationError
from streams.store.policy_book import UnknownPolicyError


def failure(error: BaseException) -> CommandError | None:
    """What to tell, or None for a fault of this program, whose trace is wanted."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.InvalidSchemaNameError):
        return CommandError(
            f"the database lacks a table ({error})", "run `liandong migrate`, with the same --realm", UNREACHABLE
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return CommandError(str(error), "create the database (createdb), then run `liandong migrate`", UNREACHABLE)
    if isinstance(error, KafkaError):
        return CommandError(
            f"Kafka: {error!r}", "check --brokers (LIANDONG_BROKERS), or run `liandong doctor`", UNREACHABLE
        )
    if isinstance(error, (*TRANSIENT, asyncpg.InvalidAuthorizationSpecificationError)):
        words = str(error) or type(error).__name__
        step = "check --database (LIANDONG_DATABASE), start `liandong local`, or run `liandong doctor`"
        return CommandError(f"PostgreSQL: {words}", step, UNREACHABLE)
    return _ours(error)


def _ours(error: BaseException) -> CommandError | None:
    if isinstance(error, PartError):
        return CommandError(str(error), "see above", UNREACHABLE)
    if isinstance(error, TopicsWrongError):
        return CommandError(str(error), "run `liandong topics create`, then `liandong topics check`", UNREACHABLE)
    if isinstance(error, MigrationError):
        return CommandError(str(error), "see above", UNMET)
    if isinstance(error, PolicyError):
        return CommandError(str(error), "correct the line, then run `liandong policy check`", USAGE)
    if isinstance(error, UnknownPolicyError):
        return CommandError(str(error), "run `liandong policy store` with the files of that version", UNMET)
    return None

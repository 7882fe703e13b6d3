"""The pool of one realm's schema, with the time-outs that keep a frozen worker from holding a city."""

import asyncpg

from streams.store.migrate import schema_name

TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.FeatureNotSupportedError,  # 0A: a cached plan that a migration made invalid
    asyncpg.InvalidTransactionStateError,  # 25: read-only while failing over, ended for being idle
    asyncpg.InvalidAuthorizationSpecificationError,  # 28
    asyncpg.InvalidCatalogNameError,  # 3D
    asyncpg.InvalidSchemaNameError,  # 3F
    asyncpg.TransactionRollbackError,  # 40
    asyncpg.SyntaxOrAccessError,  # 42: rights taken away, tables missing
    asyncpg.InsufficientResourcesError,  # 53
    asyncpg.ObjectNotInPrerequisiteStateError,  # 55: locks
    asyncpg.OperatorInterventionError,  # 57: restarting, cancelled
    asyncpg.PostgresSystemError,  # 58
    asyncpg.InternalServerError,  # XX
)
"""Faults that say nothing about a record: database away, restarting, failing over, full, misconfigured, or another
transaction in the way. What is left (data exceptions, constraints, limits) may be a record's fault."""


async def open_pool(
    dsn: str, realm: str, *, size: int, idle_timeout_ms: int, statement_timeout_ms: int
) -> asyncpg.Pool:
    """A pool on the realm's schema.

    `idle_timeout_ms` ends transactions of a frozen worker, so that its locks fall; `tcp_keepalives_*` and
    `tcp_user_timeout` do the same for a peer that vanished without a close.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=5,
        command_timeout=statement_timeout_ms / 1000 + 5,
        server_settings={
            "application_name": "liandong",
            "search_path": schema_name(realm),
            "idle_in_transaction_session_timeout": str(idle_timeout_ms),
            "statement_timeout": str(statement_timeout_ms),
            "lock_timeout": str(min(statement_timeout_ms // 2, 2 * idle_timeout_ms)),
            "tcp_keepalives_idle": "2",
            "tcp_keepalives_interval": "1",
            "tcp_keepalives_count": "3",
            "synchronous_commit": "on",
            "jit": "off",
        },
    )

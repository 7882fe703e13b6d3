"""The pool of one realm's schema, with the time-outs that keep a frozen worker from holding a city."""

import asyncpg

from streams.store.migrate import schema_name

TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
    asyncpg.exceptions.ObjectInUseError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
)
"""Faults that pass by themselves: database away, restarting, failing over, full, or another transaction in the way."""


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

"""Policy versions by their digest: the bundled one, and those that areas adopted before and the database keeps."""

import json

import asyncpg

from streams.policy.loader import bundled_documents, load
from streams.policy.model import Policy
from streams.policy.reader import PolicyError
from streams.store.sql import QUERIES


class UnknownPolicyError(Exception):
    """A version that neither this program nor the database has, or that this program cannot read."""


class PolicyBook:
    """Looks policies up; each version is loaded once."""

    def __init__(self) -> None:
        self._documents = bundled_documents()
        self.bundled = load(self._documents)
        self._loaded: dict[str, Policy] = {self.bundled.version: self.bundled}

    async def store_bundled(self, connection: asyncpg.Connection) -> None:
        """Make sure that the database has what this program would have areas judged by."""
        await connection.execute(QUERIES["put_policy"], self.bundled.version, json.dumps(dict(self._documents)))

    def loaded(self, version: str) -> Policy | None:
        """A version that is in memory."""
        return self._loaded.get(version)

    async def get(self, connection: asyncpg.Connection, version: str) -> Policy:
        """The policy of this version. Raises UnknownPolicyError."""
        policy = self._loaded.get(version)
        if policy is None:
            files = await connection.fetchval(QUERIES["read_policy"], version)
            if files is None:
                raise UnknownPolicyError(f"policy {version} is not stored: run `liandong policy store`")
            try:
                policy = self._loaded[version] = load(json.loads(files))
            except PolicyError as error:
                raise UnknownPolicyError(f"policy {version} cannot be read by this program: {error}") from error
        return policy

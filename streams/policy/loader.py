"""From policy documents to the policy: every section read, every id defined once, the version their digest."""

import hashlib
from dataclasses import Field, fields
from functools import cache
from importlib.resources import files
from typing import Any

from streams.policy.model import Policy
from streams.policy.reader import Documents, PolicyError, defined, error_at


def version_of(documents: Documents) -> str:
    """SHA-256 over names and texts in order of the names: same documents, same version, everywhere."""
    digest = hashlib.sha256()
    for name in sorted(documents):
        for part in (name.encode(), documents[name].encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def load(documents: Documents) -> Policy:
    """The policy that these documents are.

    Raises:
        PolicyError: any document is missing, unknown or wrong, or an id is defined in two of them.
    """
    known = document_names()
    for name in sorted(documents):
        if name not in known:
            raise PolicyError(name, 1, (), f"no section of the policy reads it; known: {', '.join(sorted(known))}")
    loaded = {field.name: field.metadata["load"](documents) for field in _sections()}
    _check_one_file_each(documents)
    return Policy(version=version_of(documents), **loaded)


def _sections() -> list[Field[Any]]:
    return [field for field in fields(Policy) if "load" in field.metadata]


def document_names() -> frozenset[str]:
    """Names of all documents that a policy is made of."""
    return frozenset(name for field in _sections() for name in (f"{field.name}.yaml", *field.metadata["more"]))


def bundled_documents() -> dict[str, str]:
    """The policy documents that come with this release."""
    folder = files("streams.policy")
    return {name: (folder / name).read_text(encoding="utf-8") for name in sorted(document_names())}


@cache
def bundled() -> Policy:
    """The policy that comes with this release: what an area is judged by until it adopts another."""
    return load(bundled_documents())


def _check_one_file_each(documents: Documents) -> None:
    home: dict[str, str] = {}
    for name in sorted(documents):
        for entry in defined(documents, name):
            other = home.setdefault(entry.id, name)
            if other != name:
                raise error_at(documents, name, (*entry.path, "id"), f"{entry.id} is also defined in {other}")

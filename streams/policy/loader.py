"""From policy documents to the policy: every section read, every id defined once, the version their digest."""

import hashlib
from dataclasses import fields
from functools import cache
from importlib.resources import files

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
    sections = [field for field in fields(Policy) if "load" in field.metadata]
    known = {name for field in sections for name in (f"{field.name}.yaml", *field.metadata["more"])}
    for name in sorted(documents):
        if name not in known:
            raise PolicyError(name, 1, (), f"no section of the policy reads this document; known: {', '.join(sorted(known))}")
    loaded = {field.name: field.metadata["load"](documents) for field in sections}
    _check_one_file_each(documents)
    return Policy(version=version_of(documents), **loaded)


def bundled_documents() -> dict[str, str]:
    """The policy documents that come with this release."""
    folder = files("streams.policy")
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }


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

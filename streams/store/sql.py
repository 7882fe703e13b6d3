"""Named SQL: each file of `queries/` is one statement, read once, called by its name."""

from importlib.resources import files


def _read() -> dict[str, str]:
    folder = files("streams.store") / "queries"
    return {
        entry.name.removesuffix(".sql"): entry.read_text("utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }


QUERIES = _read()
"""Statement text by file name without suffix."""

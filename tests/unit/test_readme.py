"""The README's tables say what the code says."""

import re
from pathlib import Path

from streams.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def settings_table() -> str:
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `LIANDONG_{name.upper()}` | `{field.default}` | {field.description} |")
    return "\n".join(rows)


def test_the_configuration_table_lists_every_setting_with_its_default() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1].strip() == settings_table()

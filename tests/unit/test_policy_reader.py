"""Reading policy documents: what is wrong is told with file and line."""

from datetime import date

import pytest

from streams.policy.dated import Entry, Strict, in_force, jurisdictions
from streams.policy.loader import bundled, bundled_documents, load, version_of
from streams.policy.reader import PolicyError, read

GOOD = """entries:
- id: A-1
  source: Decree 1
  jurisdiction: CN
  effective_from: 2020-01-01
  effective_to: 2020-12-31
- id: A-1
  source: Decree 2
  jurisdiction: CN
  effective_from: 2021-01-01
"""


class Section(Strict):
    entries: tuple[Entry, ...] = ()


def error_of(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        read({"x.yaml": text}, "x.yaml", Section)
    return caught.value


def test_one_id_may_stand_twice_when_its_days_do_not_meet() -> None:
    section = read({"x.yaml": GOOD}, "x.yaml", Section)
    assert [entry.effective_from for entry in section.entries] == [date(2020, 1, 1), date(2021, 1, 1)]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("effective_from: 2021-01-01", "effective_from: 2020-12-31", 7, "overlapping date ranges"),
        ("effective_to: 2020-12-31", "effective_to: 2019-12-31", 2, "effective_to is before effective_from"),
        ("  source: Decree 2\n", "", 7, "Field required"),
        ("  source: Decree 2\n", "  source: ''\n", 8, "at least 3 characters"),
        ("  jurisdiction: CN\n  effective_from: 2021", "  jurisdiction: Wuhan\n  effective_from: 2021", 9, "pattern"),
        ("effective_from: 2021-01-01", "effective_from: soon", 10, "date"),
        ("effective_from: 2021-01-01", "effective_from: 2021-01-01\n  colour: red", 11, "unknown key 'colour'"),
        ("entries:", "entries: 3\nothers:", 1, "valid array"),
        ("- id: A-1\n  source: Decree 2", "- id: A-1\n  id: A-2\n  source: Decree 2", 8, "duplicate key"),
        ("- id: A-1\n  source: Decree 2", "- id: [A-1\n  source: Decree 2", 8, "expected"),
    ],
)
def test_an_error_names_its_line(old: str, new: str, line: int, words: str) -> None:
    """B4: a missing source, an unknown key or overlapping days is a load error with file and line."""
    assert old in GOOD
    error = error_of(GOOD.replace(old, new, 1))
    assert error.file == "x.yaml"
    assert (error.line, words in error.message) == (line, True), str(error)


def test_the_same_days_twice_is_told_as_a_duplicate() -> None:
    error = error_of(GOOD.replace("2021-01-01", "2020-01-01\n  effective_to: 2020-12-31"))
    assert "is defined twice" in error.message


def test_a_document_that_is_missing_or_unknown_is_an_error() -> None:
    documents = bundled_documents()
    with pytest.raises(PolicyError, match=r"grading\.yaml:1: no such policy document"):
        load({name: text for name, text in documents.items() if name != "grading.yaml"})
    with pytest.raises(PolicyError, match=r"gradnig\.yaml:1: no section of the policy reads it"):
        load({**documents, "gradnig.yaml": ""})


def test_an_id_is_defined_in_one_document_only() -> None:
    """A8: each policy id is defined in exactly one file."""
    documents = bundled_documents()
    stolen = documents["intake.yaml"].replace("id: IN-attach", "id: WSA-3")
    with pytest.raises(PolicyError, match=r"WSA-3 is also defined in grading\.yaml"):
        load({**documents, "intake.yaml": stolen})


def test_the_version_is_that_of_names_and_texts() -> None:
    assert version_of({"a": "x", "b": "y"}) == version_of({"b": "y", "a": "x"})
    assert len({version_of(d) for d in ({"a": "x"}, {"a": "y"}, {"b": "x"}, {"ax": ""}, {})}) == 5
    assert bundled().version == version_of(bundled_documents())


def test_the_narrowest_jurisdiction_goes_before() -> None:
    """B4: a city's own entry holds in that city, the province's and the national one elsewhere."""
    made = [
        Entry(id="A", source="abc", jurisdiction=code, effective_from=date(2020, 1, 1))
        for code in ("CN", "990000", "990100")
    ]
    day = date(2026, 1, 1)
    for area, expected in (("990100", "990100"), ("990200", "990000"), ("110100", "CN")):
        assert [entry.jurisdiction for entry in in_force(made, day, jurisdictions(area))] == [expected]


def test_an_entry_is_law_from_its_first_to_its_last_day() -> None:
    entry = Entry(
        id="A", source="abc", jurisdiction="CN", effective_from=date(2020, 1, 2), effective_to=date(2020, 1, 4)
    )
    days = [date(2020, 1, day) for day in range(1, 6)]
    assert [entry.in_force(day) for day in days] == [False, True, True, True, False]

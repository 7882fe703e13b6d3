"""The working state: what a batch changed is known, can be undone, and closed history leaves as one cluster."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.inputs.reports import Place
from streams.domain.core import ExternalRef, Incident, Timer, timer
from streams.domain.state import AreaState, Drop, Entity, Put

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


class Note(Entity):
    """A test-only entity."""

    KIND: ClassVar[str] = "test_note"

    text: str = ""
    keep: bool = True

    def resident(self) -> bool:
        return self.keep


def incident(id: str, status: str = "open") -> Incident:
    return Incident(id=id, incident=id, status=status, place=Place(district="990101"), opened_at=NOW, occurred_at=NOW)


def contents(state: AreaState) -> dict[tuple[str, str], Entity]:
    return {(kind, id): e for kind in ("test_note", "incident", "external_ref") for id, e in state.tables(kind).items()}


def test_undo_restores_what_stood_before_the_batch() -> None:
    state = AreaState("990100", NOW)
    state.apply([Put(Note(id="a", text="1")), Put(Note(id="b", text="1"))])
    state.settle()
    before = contents(state)
    state.apply([Put(Note(id="a", text="2")), Drop(Note, "b"), Put(Note(id="c")), Put(Note(id="a", text="3"))])
    state.undo()
    assert contents(state) == before
    assert list(state.changed()) == []


def test_changed_gives_the_last_word_once_per_entity() -> None:
    state = AreaState("990100", NOW)
    state.apply([Put(Note(id="a", text="1")), Put(Note(id="a", text="2")), Put(Note(id="b")), Drop(Note, "b")])
    assert dict(state.changed()) == {("test_note", "a"): Note(id="a", text="2"), ("test_note", "b"): None}


def test_children_of_an_open_incident_stay_and_leave_with_it_when_it_closes() -> None:
    state = AreaState("990100", NOW)
    child = Note(id="n", incident="i", keep=False)
    state.apply([Put(incident("i")), Put(ExternalRef(id="s|x", incident="i")), Put(child)])
    state.settle()
    assert list(state.of_incident(Note, "i")) == [child]
    state.apply([Put(incident("i", "closed"))])
    state.settle()
    assert state.get(Note, "n") is None
    assert state.get(Incident, "i") is None


def test_what_outlives_its_incident_stays_resident() -> None:
    state = AreaState("990100", NOW)
    due = timer("report", "i", NOW, "i")
    state.apply([Put(incident("i")), Put(due)])
    state.settle()
    state.apply([Put(incident("i", "closed"))])
    state.settle()
    assert state.get(Timer, due.id) == due


def test_closed_incidents_that_were_loaded_for_one_input_leave_after_it() -> None:
    state = AreaState("990100", NOW)
    state.load([incident("old", "closed"), Note(id="n", incident="old", keep=False)], visitors=["old"])
    assert state.get(Note, "n") is not None
    state.settle()
    assert state.get(Note, "n") is None


def test_a_kind_may_be_declared_once_only() -> None:
    with pytest.raises(TypeError, match="declared twice"):

        class Other(Entity):
            KIND: ClassVar[str] = "test_note"


CHANGES = st.lists(
    st.one_of(
        st.builds(
            lambda id, text, owner: Put(Note(id=id, text=text, incident=owner)),
            st.sampled_from("abc"),
            st.text(max_size=3),
            st.sampled_from([None, "i", "j"]),
        ),
        st.builds(lambda id: Drop(Note, id), st.sampled_from("abc")),
    ),
    max_size=12,
)


@given(ids=st.lists(st.integers(1, 10_000), unique=True, max_size=30))
def test_numbered_ids_are_seen_in_their_order_however_they_came(ids: list[int]) -> None:
    state = AreaState("990100", NOW)
    state.apply([Put(incident("i")), *(Put(Note(id=f"n-{n}", incident="i")) for n in ids)])
    in_order = [f"n-{n}" for n in sorted(ids)]
    assert list(state.of(Note)) == in_order
    assert [note.id for note in state.of_incident(Note, "i")] == in_order


@given(before=CHANGES, during=CHANGES)
def test_undo_is_exact_for_any_batch(before: list[Put | Drop], during: list[Put | Drop]) -> None:
    state = AreaState("990100", NOW)
    state.apply([Put(incident("i")), Put(incident("j")), *before])
    state.settle()
    was = contents(state)
    index = {i: list(state.of_incident(Note, i)) for i in ("i", "j")}
    state.apply(during)
    state.undo()
    assert contents(state) == was
    assert {i: list(state.of_incident(Note, i)) for i in ("i", "j")} == index

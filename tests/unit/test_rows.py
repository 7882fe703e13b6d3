"""Rows of the recorder."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from streams.store.rows import event_id


@given(st.uuids(), st.text())
def test_an_event_id_is_the_name_based_uuid_of_rfc_9562(namespace: uuid.UUID, name: str) -> None:
    made = event_id(namespace, name)
    assert made == uuid.uuid5(namespace, name)
    assert str(made) == str(uuid.uuid5(namespace, name))

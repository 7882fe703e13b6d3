"""Configuration: checked once, with a message that names the variable's field."""

import pytest
from pydantic import ValidationError

from streams.settings import Settings


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_PARTITIONS", "7")
    monkeypatch.setenv("LIANDONG_REALM", "exercise.spring-2027")
    monkeypatch.setenv("LIANDONG_NOBODY_KNOWS_THIS", "1")
    settings = Settings()
    assert (settings.partitions, settings.realm) == (7, "exercise.spring-2027")


@pytest.mark.parametrize(
    ("realm", "deployment", "prefix", "group"),
    [
        ("actual", "", "", "liandong"),
        ("actual", "wuhan", "wuhan.", "wuhan.liandong"),
        ("exercise.x", "", "exercise.x.", "exercise.x.liandong"),
        ("exercise.x", "wuhan", "wuhan.exercise.x.", "wuhan.exercise.x.liandong"),
    ],
)
def test_realms_and_deployments_share_no_topic_and_no_group(
    realm: str, deployment: str, prefix: str, group: str
) -> None:
    settings = Settings(realm=realm, deployment=deployment)
    assert (settings.topic_prefix, settings.group) == (prefix, group)
    assert settings.virtual_time is (realm != "actual")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("realm", "exercise."),
        ("realm", "Actual"),
        ("realm", 'exercise.x"; drop schema actual'),
        ("deployment", "a b"),
        ("database", "mysql://127.0.0.1/x"),
        ("partitions", 0),
        ("http_port", 70_000),
        ("pool_size", 1),
        ("broker_kind", "rabbit"),
    ],
)
def test_nonsense_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate({field: value})
    assert error.value.errors()[0]["loc"] == (field,)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings().partitions = 3  # type: ignore[misc]


def test_every_field_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []

"""Times of scenario files."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streams.scenario.times import Calendar, TimeError, duration, parse_date

CALENDAR = Calendar(date(2026, 3, 10), ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:20", datetime(2026, 3, 10, 1, 20, tzinfo=UTC)),
        ("9:20:30", datetime(2026, 3, 10, 1, 20, 30, tzinfo=UTC)),
        ("D1 00:10", datetime(2026, 3, 10, 16, 10, tzinfo=UTC)),
        ("D-2 08:00", datetime(2026, 3, 8, 0, 0, tzinfo=UTC)),
        ("03-11 09:20", datetime(2026, 3, 11, 1, 20, tzinfo=UTC)),
        ("2027-01-01 00:00", datetime(2026, 12, 31, 16, 0, tzinfo=UTC)),
        ("2026-03-10T09:20:00+08:00", datetime(2026, 3, 10, 1, 20, tzinfo=UTC)),
        ("2026-03-10T01:20:00Z", datetime(2026, 3, 10, 1, 20, tzinfo=UTC)),
        ("2026-03-10T09:20:00", datetime(2026, 3, 10, 1, 20, tzinfo=UTC)),
    ],
)
def test_a_bare_time_is_of_the_scenarios_day_and_zone(text: str, expected: datetime) -> None:
    assert CALENDAR.instant(text) == expected


def test_a_relative_time_counts_from_what_came_before() -> None:
    base = CALENDAR.instant("09:20")
    assert CALENDAR.instant("+1h30m", base) == base + timedelta(minutes=90)
    assert CALENDAR.instant("-10m", base) == base - timedelta(minutes=10)
    with pytest.raises(TimeError):
        CALENDAR.instant("+10m")


@pytest.mark.parametrize("text", ["25:00", "02-30 10:00", "9", "tomorrow", "D1", "09:61", ""])
def test_what_is_no_possible_time_is_told(text: str) -> None:
    with pytest.raises(TimeError):
        CALENDAR.instant(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("10m", 600), ("10min", 600), ("2h", 7200), ("1h30m", 5400), ("5d", 432_000)]
)
def test_durations_are_written_with_their_units(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["10", "m", "10 parsecs", "", "1h x"])
def test_a_duration_without_a_unit_is_an_error(text: str) -> None:
    with pytest.raises(TimeError):
        duration(text)


def test_times_are_told_as_the_city_reads_them() -> None:
    assert CALENDAR.tell(CALENDAR.instant("09:20")) == "09:20"
    assert CALENDAR.tell(CALENDAR.instant("D1 09:20:05")) == "03-11 09:20:05"


@pytest.mark.parametrize("text", ["2026-13-01", "10.3.2026", "2026-3-1"])
def test_a_date_is_written_year_month_day(text: str) -> None:
    with pytest.raises(TimeError):
        parse_date(text)

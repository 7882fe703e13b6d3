"""Instants of a saga."""

from datetime import datetime, timedelta

from streams.domain.allocation.desk import Desk


def seconds_on(at: Desk, seconds: int) -> datetime:
    """The instant so many seconds from now, by this city's clock."""
    return at.now + timedelta(seconds=seconds)

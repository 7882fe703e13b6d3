"""Instants and durations as scenario files write them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_CLOCK = r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?"
_DAY = r"(?:(?P<y>\d{4})-)?(?P<mo>\d{2})-(?P<d>\d{2})|D(?P<day>[+-]?\d{1,4})"
_SHORT = re.compile(rf"^(?:(?:{_DAY})[ T])?{_CLOCK}$")
_DATE = re.compile(r"^(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})$")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)")
_RELATIVE = re.compile(r"^([+-])\s*(\d.*)$")
_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "m": 60, "s": 1}
FORMS = '"09:20", "09:20:30", "D1 09:20", "03-11 09:20", "2026-03-11 09:20", "+10m" or ISO 8601 with offset'


class TimeError(ValueError):
    """A text that is no time, or one that cannot be."""


def duration(text: str) -> timedelta:
    """`10m`, `2h`, `1h30m`, `45s`, `5d`. Raises TimeError."""
    pieces = _PIECE.findall(text)
    if not pieces or _PIECE.sub("", text).strip():
        raise TimeError(f"{text!r} is no duration: write 45s, 10m, 2h, 1h30m or 5d")
    return timedelta(seconds=sum(float(count) * _UNITS[unit] for count, unit in pieces))


@dataclass(frozen=True, slots=True)
class Calendar:
    """What bare times mean: the scenario's date (day D0) and time zone."""

    day: date
    zone: ZoneInfo

    def start(self) -> datetime:
        """Midnight at the beginning of D0."""
        return self._local(self.day, time(0))

    def instant(self, text: str, base: datetime | None = None) -> datetime:
        """The instant a text means, in UTC. `base` is what `+10m` counts from. Raises TimeError."""
        relative = _RELATIVE.match(text)
        if relative:
            if base is None:
                raise TimeError(f"{text!r}: there is nothing before it to count from")
            shift = duration(relative[2])
            return base + shift if relative[1] == "+" else base - shift
        short = _SHORT.match(text)
        if short:
            return self._short(text, short)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise TimeError(f"{text!r} is no time: write {FORMS}") from None
        if value.utcoffset() is None:
            return self._local(value.date(), value.time())
        return value.astimezone(UTC)

    def _short(self, text: str, found: re.Match[str]) -> datetime:
        part = found.groupdict()
        try:
            day = self.day
            if part["day"] is not None:
                day += timedelta(days=int(part["day"]))
            elif part["mo"] is not None:
                day = date(int(part["y"] or day.year), int(part["mo"]), int(part["d"]))
            return self._local(day, time(int(part["h"]), int(part["m"]), int(part["s"] or 0)))
        except (ValueError, OverflowError) as error:
            raise TimeError(f"{text!r} is no possible time: {error}") from None

    def _local(self, day: date, clock: time) -> datetime:
        value = datetime.combine(day, clock, self.zone)
        return value.astimezone(UTC)

    def tell(self, instant: datetime) -> str:
        """The instant as people of this city read it: the bare clock on D0, with the date on other days."""
        local = instant.astimezone(self.zone)
        clock = local.strftime("%H:%M:%S" if local.second or local.microsecond else "%H:%M")
        return clock if local.date() == self.day else f"{local:%m-%d} {clock}"


def parse_date(text: str) -> date:
    """`2026-03-10`. Raises TimeError."""
    if not _DATE.match(text):
        raise TimeError(f"{text!r} is no date: write 2026-03-10")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"{text!r} is no possible date: {error}") from None

"""Building blocks of every message: the frozen model, the scalars, and the two roots of the event tree.

An *input* is what an upstream system says; an *output* is what Liandong decided. Both are pydantic models whose
class variables name their CloudEvents type and their topic; declaring the class registers it.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_BEFORE_ALL, _AFTER_ALL = EARLIEST - timedelta(days=1), LATEST + timedelta(days=1)


def _to_utc(value: datetime) -> datetime:
    """Times travel as aware UTC; a date outside 1970..9000 breaks arithmetic further on and is refused here."""
    if value.utcoffset() is None or not _BEFORE_ALL < value < _AFTER_ALL:
        raise ValueError("time out of range 1970..9000")
    return value.astimezone(UTC)


Utc = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An instant, aware, normalised to UTC."""
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}00$")]
"""Six-digit GB/T 2260 code of a commanding city: the unit of order, of locking and of the Kafka key."""
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""Six-digit GB/T 2260 code of a county-level unit inside an area (domain.md 0.4.5)."""
Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:/@|#+-]+$")]
"""An identifier that is safe in URLs, headers and file names."""
Text = Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")]
"""Words for people; NUL cannot be stored in PostgreSQL and never means anything."""
Severity = Literal[1, 2, 3, 4]
"""Grade of an incident 事件分级: 1 特别重大, 2 重大, 3 较大, 4 一般. Lower is worse."""
ResponseLevel = Literal[1, 2, 3, 4]
"""Response level 响应级别 I..IV as 1..4: an act of government, never derived from a grade."""
Department = Literal["health", "emergency_management"]
"""The two bureaucracies: 卫健 and 应急."""


class Model(BaseModel):
    """Frozen and strict. Unknown fields are ignored (senders may be newer than we are); the codec counts them."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Point(Model):
    """A position in WGS-84 degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class RuleHit(Model):
    """A policy entry that matched: its id, and the facts it looked at."""

    rule: str
    inputs: dict[str, Any] = {}
    mark: str | None = None
    """Confidence mark of the entry (L, W, K, P, S): shown where a grade rests on a policy choice of ours."""


class Event(Model):
    """Root of all messages. `TYPE` is the CloudEvents type (versioned, past tense for outputs)."""

    TYPE: ClassVar[str] = ""
    TOPIC: ClassVar[str] = ""


INPUTS: dict[str, type["InputEvent"]] = {}
OUTPUTS: dict[str, type["OutputEvent"]] = {}


class InputEvent(Event):
    """What an upstream system says. Observations are never refused; commands may be (design rule 4)."""

    COMMAND: ClassVar[bool] = False
    """True when the sender wants something; False when it tells what has happened."""

    area: AreaCode

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__ and INPUTS.setdefault(cls.TYPE, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.TYPE} is declared twice")

    def lookups(self) -> tuple[tuple[str, str], ...]:
        """(entity kind, id) pairs this input may touch that need not be resident: loaded before the decision."""
        return ()

    def incident_ref(self) -> str | None:
        """The incident this input is about where it says so: becomes `correlationid` of refusals."""
        return None


class OutputEvent(Event):
    """What Liandong decided, in the past tense. The state of an area is the fold of these and of nothing else."""

    incident: str | None = None
    """Id of the incident this is about, if any: becomes `correlationid`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__ and OUTPUTS.setdefault(cls.TYPE, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.TYPE} is declared twice")

    def subject(self) -> str:
        """CloudEvents subject: the entity this event changes; the incident unless the event says otherwise."""
        return self.incident or ""

    def key(self, area: str) -> str:
        """Kafka key: the area that decided, or for messages between areas the one that is addressed."""
        return area

"""Virtual time: what records of exercise realms say about when they happen."""

from datetime import datetime

from schemas.codec import Readable
from schemas.envelope import parse_time
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import REALM_CLOCK
from streams.runtime.items import decode_record
from streams.runtime.records import Record


def virtual_time(record: Record) -> datetime | None:
    """The instant that a record of an exercise carries in its header; None without a readable one."""
    for name, value in record.headers:
        if name == "ce_virtualtime":
            try:
                return parse_time((value or b"").decode())
            except (ValueError, OverflowError):
                return None
    return None


def order_time(record: Record) -> datetime | None:
    """The instant by which a lane of an exercise realm sorts a record: a clock record's is where it moves the clock."""
    if record.topic == REALM_CLOCK:
        read = decode_record(record, virtual_time=True).read
        if isinstance(read, Readable) and isinstance(read.event, ClockAdvanced):
            return read.event.to
    return virtual_time(record)

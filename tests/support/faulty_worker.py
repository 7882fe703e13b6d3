"""A worker with the concern of `tests.support.alarm`: alarms to acknowledge, inputs whose decisions fail."""

from streams.app import run_worker
from streams.domain import cascade
from streams.settings import Settings
from tests.support import alarm

if __name__ == "__main__":
    cascade.MAX_EVENTS = 3000
    with alarm.registered():
        run_worker(Settings())

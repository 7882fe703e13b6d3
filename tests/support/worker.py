"""A worker process as `liandong worker` starts it, configured by the environment."""

from streams.app import run_worker
from streams.settings import Settings

if __name__ == "__main__":
    run_worker(Settings())

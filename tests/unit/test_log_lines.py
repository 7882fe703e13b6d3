"""Log lines: whatever somebody says, the line that tells it does not fail."""

import json
import logging

import pytest
import structlog

from streams.telemetry import configure_logging


@pytest.mark.parametrize("said", ["lone surrogate \ud800", "nul \x00", "霍乱"])
def test_a_line_is_written_whatever_it_tells(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception whose text is no Unicode once stopped the lane that wanted to log it."""
    before = structlog.get_config()
    try:
        configure_logging("INFO", "json")
        structlog.get_logger().critical("lane_failed", error=said, cause=ValueError(said))
    finally:
        structlog.configure(**before)
        logging.disable(logging.NOTSET)
    line = json.loads(capsys.readouterr().err)
    assert line["error"] == said
    assert line["cause"] == said

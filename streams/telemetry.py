"""Logs and metrics: configured once in the composition root, used everywhere in the shell. No personal data."""

import json
import logging
import sys
from typing import Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pydantic_core import to_json

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LATENESS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 3600.0)
ARRIVAL = (300.0, 600.0, 1200.0, 2400.0, 3600.0, 7200.0, 14_400.0, 86_400.0)
"""TM-12: teams within the hour, treatment within two."""
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


class Metrics:
    """All metrics of one worker. Labels are of low cardinality: topics, codes, concerns, never ids."""

    def __init__(self, realm: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.realm = realm

        def counter(name: str, doc: str, *labels: str) -> Counter:
            return Counter(f"liandong_{name}", doc, ("realm", *labels), registry=self.registry)

        def gauge(name: str, doc: str, *labels: str) -> Gauge:
            return Gauge(f"liandong_{name}", doc, ("realm", *labels), registry=self.registry)

        def histogram(name: str, doc: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"liandong_{name}", doc, ("realm", *labels), buckets=buckets, registry=self.registry)

        self.records = counter("records", "Input records applied", "topic")
        self.events = counter("events", "Events emitted", "topic")
        self.duplicates = counter("duplicates", "Records dropped as repetitions", "topic")
        self.conflicts = counter("id_conflicts", "Same source and id, other content")
        self.dead_letters = counter("dead_letters", "Unreadable records", "topic", "code")
        self.refusals = counter("refusals", "Commands refused by the rules", "code")
        self.quarantined = counter("quarantined_records", "Records whose decision failed", "topic")
        self.unknown_fields = counter("unknown_fields", "Fields no schema of ours knows", "type")
        self.foreign_keys = counter("foreign_keys", "Records whose key or partition is not their area's", "topic")
        self.telemetry = counter("positions", "Positions taken")
        self.arrival = histogram("arrival_seconds", "Order to arrival or delivery", ARRIVAL, "kind")
        self.routing = counter("routing_requests", "Questions to the routing engine", "engine", "outcome")
        self.routing_time = histogram("routing_seconds", "Time of an answered question", SECONDS)
        self.replanned = counter("replan_exchanges", "Exchanges of confirmed re-plans", "kind", "outcome")
        self.replan_saved = counter("replan_saved_seconds", "Travel time that confirmed re-plans saved", "kind")
        self.batch = histogram("batch_records", "Records of one transaction", SIZES)
        self.decision = histogram("decision_seconds", "Time of one decision", SECONDS, "concern")
        self.latency = histogram("record_to_published_seconds", "Append to confirmed publication", SECONDS)
        self.lateness = histogram("timer_lateness_seconds", "Timer fired after it was due", LATENESS)
        self.fence = counter("fence_hits", "Records another worker had applied, or a head that had moved on", "fence")
        self.lane_restarts = counter("lane_restarts", "Lanes that failed and started over from stored positions")
        self.retries = counter("retries", "Transient faults that were retried", "where")
        self.lag = gauge("lag_records", "Records appended and not applied", "topic", "partition")
        self.unpublished = gauge("unpublished_rows", "Recorded events not yet confirmed on their topic")
        self.unpublished_age = gauge("unpublished_age_seconds", "Age of the oldest of them")
        self.degraded = gauge("degraded_areas", "Areas with quarantined records")
        self.lost = gauge("offset_lost_lanes", "Lanes stopped with OFFSET_LOST")
        self.ready = gauge("ready", "1 when the worker is ready")
        self.node_entries = counter("node_log_entries", "Entries of logs of cut-off nodes", "outcome")
        # A node is named: there is one in a district, as few as there are topics.
        self.node_lag = gauge("node_log_behind", "Sequences of a node's log that are not merged", "node")
        self.directive_alerts = counter(
            "directives_refused", "Directives with bad signature, expiry or authority", "code"
        )


def configure_logging(level: str, form: Literal["auto", "json", "console"]) -> None:
    """One structured line per decision on stderr: for people on a terminal, JSON otherwise."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        # A traceback shows no values: they may be about people.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Kafka's client has its loggers at DEBUG and would make a record of every fetch for nobody.
    logging.disable(logging.INFO)
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelName(level)), stream=sys.stderr, format="%(name)s %(message)s"
    )


def _json(line: object, **_: object) -> str:
    """A line must never fail: text that is no Unicode, as an exception's may be, is written escaped."""
    try:
        return to_json(line, fallback=str).decode()
    except ValueError:
        return json.dumps(line, default=str)

"""Configuration: environment variables `LIANDONG_*`, typed and checked once, in the composition root."""

from typing import Literal
from urllib.parse import urlparse

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One worker's configuration. Every field is the environment variable `LIANDONG_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="LIANDONG_", extra="ignore", frozen=True)

    brokers: str = Field(default="127.0.0.1:9092", description="Kafka bootstrap servers, comma separated")
    database: str = Field(default="postgresql://127.0.0.1/liandong", description="PostgreSQL DSN")
    realm: str = Field(default="actual", pattern=r"^(actual|exercise\.[a-z0-9][a-z0-9_-]{0,40})$", description="Realm")
    deployment: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="Prefix of all topics and of the group: several installations on one broker",
    )
    partitions: int = Field(default=12, ge=1, le=1000, description="Partitions of every input and output topic")
    replication: int = Field(default=3, ge=1, le=7, description="Replication factor of topics that are created")
    broker_kind: Literal["kafka", "embedded"] = Field(
        default="kafka", description="embedded: no idempotent producer, memory only, for demo and development"
    )
    http_host: str = Field(default="127.0.0.1", description="Address of /metrics, /healthz, /readyz")
    http_port: int = Field(default=6066, ge=0, le=65535, description="Port of the HTTP server; 0 picks a free one")
    session_timeout_s: float = Field(default=10.0, ge=1, description="Kafka session time-out of the worker")
    rebalance_timeout_s: float = Field(default=15.0, ge=1, description="Kafka rebalance time-out")
    pool_size: int = Field(default=10, ge=2, le=100, description="PostgreSQL connections of one worker")
    idle_transaction_ms: int = Field(default=2000, ge=100, description="PostgreSQL ends a frozen worker's transaction")
    statement_timeout_ms: int = Field(default=10_000, ge=100, description="PostgreSQL statement time-out")
    batch_records: int = Field(default=400, ge=1, le=5000, description="Records of one transaction at most")
    queue_records: int = Field(
        default=4000, ge=1, description="Records a lane holds of one topic before it stops fetching"
    )
    queue_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Bytes a lane holds before it stops fetching")
    merge_patience_ms: int = Field(
        default=1000, ge=0, description="How long a lane waits for a lagging topic's records"
    )
    timer_interval_ms: int = Field(default=200, ge=10, description="How often timers are looked at")
    timer_margin_ms: int = Field(
        default=250, ge=0, description="Allowance for the difference of worker's and broker's clock"
    )
    start_timeout_s: float = Field(default=60.0, ge=1, description="Start-up fails after this long, with a reason")
    routing: str = Field(
        default="",
        pattern=r"^((osrm|valhalla):https?://\S+)?$",
        description="Table service for travel times, `osrm:http://...` or `valhalla:http://...`; empty: the formula",
    )
    routing_timeout_ms: int = Field(
        default=150, ge=1, le=1000, description="How long a decision waits for it before the formula counts"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Log level")
    log_format: Literal["auto", "json", "console"] = Field(default="auto", description="auto: console on a terminal")

    @field_validator("database")
    @classmethod
    def _is_postgres(cls, value: str) -> str:
        if urlparse(value).scheme not in ("postgresql", "postgres"):
            raise ValueError("must be a postgresql:// DSN")
        return value

    @property
    def topic_prefix(self) -> str:
        """What stands before every topic name: deployment, then the exercise's realm."""
        parts = [part for part in (self.deployment, "" if self.realm == "actual" else self.realm) if part]
        return "".join(f"{part}." for part in parts)

    @property
    def group(self) -> str:
        """Consumer group of the realm's workers."""
        return f"{self.topic_prefix}liandong"

    @property
    def virtual_time(self) -> bool:
        """Exercise realms run on virtual time."""
        return self.realm != "actual"

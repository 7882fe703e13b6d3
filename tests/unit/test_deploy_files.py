"""The deployment files are well-formed and say what the design demands; no engine runs them here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import promql_parser
import pytest
from ruamel.yaml import YAML

from streams.settings import Settings
from streams.telemetry import Metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BROKERS = ("kafka1", "kafka2", "kafka3")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


def load(path: str) -> Any:
    return YAML(typ="safe").load((DEPLOY / path).read_text())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return load("compose.yaml")["services"]


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f"{name} is not in the virtual environment: run make venv"
    return found


def test_compose_follows_the_compose_specification() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    subprocess.run([tool("check-jsonschema"), *schema, DEPLOY / "compose.yaml"], check=True)


def test_every_volume_and_network_that_is_used_is_declared(services: dict[str, Any]) -> None:
    document = load("compose.yaml")
    named = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(document["volumes"])
    assert {network for service in services.values() for network in service["networks"]} == set(document["networks"])
    for name in named:
        if name.startswith("."):
            assert (DEPLOY / name).is_file()


def test_three_brokers_keep_three_copies_and_confirm_two(services: dict[str, Any]) -> None:
    for number, name in enumerate(BROKERS, start=1):
        settings = services[name]["environment"]
        assert settings["KAFKA_NODE_ID"] == number
        assert settings["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert {value for key, value in settings.items() if key.endswith("REPLICATION_FACTOR")} == {3}
        assert settings["KAFKA_MIN_INSYNC_REPLICAS"] == settings["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] == 2
        assert settings["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
        assert settings["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"] == "false"


def test_workers_start_only_after_the_setup_and_the_setup_after_everything_it_needs(services: dict[str, Any]) -> None:
    assert services["worker"]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert set(services["setup"]["depends_on"]) == {*BROKERS, "postgres"}
    assert services["worker"]["deploy"]["replicas"] == 2
    for name, conditions in services["setup"]["depends_on"].items():
        assert conditions == {"condition": "service_healthy"}
        assert services[name]["healthcheck"]["test"]


def test_no_secret_is_written_down_and_no_port_is_open_to_the_world(services: dict[str, Any]) -> None:
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_same_kafka_here_and_there(services: dict[str, Any]) -> None:
    version = ET.parse(DEPLOY / "kafka" / "pom.xml").findtext(".//{*}kafka.version")  # noqa: S314 - our own file
    assert {services[name]["image"] for name in BROKERS} == {f"apache/kafka:{version}"}


def test_workers_are_configured_by_settings_that_exist(services: dict[str, Any]) -> None:
    names = {f"LIANDONG_{name.upper()}" for name in Settings.model_fields}
    assert set(services["worker"]["environment"]) <= names
    assert services["worker"]["environment"]["LIANDONG_REPLICATION"] == len(BROKERS)


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    subprocess.run([tool("hadolint"), DEPLOY / "Dockerfile"], check=True)


def test_the_image_installs_locked_packages_and_does_not_run_as_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    last = text.rpartition("FROM ")[2]
    assert "--require-hashes -r requirements.lock" in text
    assert "--no-deps --no-build-isolation" in text
    assert "\nUSER 10001\n" in last
    assert "HEALTHCHECK" in last
    assert "/readyz" in last


def test_the_image_gets_every_file_it_copies() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name
        for line in text.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)


def test_prometheus_scrapes_every_replica_of_the_worker(services: dict[str, Any]) -> None:
    document = load("prometheus/prometheus.yml")
    (job,) = (job for job in document["scrape_configs"] if job["job_name"] == "liandong")
    (discovery,) = job["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert discovery["port"] == services["worker"]["environment"]["LIANDONG_HTTP_PORT"]
    assert all((DEPLOY / "prometheus" / name).is_file() for name in document["rule_files"])


def metric_names(expression: Any) -> set[str]:
    """Names of the metrics anywhere in a parsed PromQL expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        return {expression.name}
    children = ("expr", "lhs", "rhs", "vector_selector")
    found = {
        name for child in children if hasattr(expression, child) for name in metric_names(getattr(expression, child))
    }
    return found | {name for arg in getattr(expression, "args", ()) for name in metric_names(arg)}


def test_alerts_are_promql_over_our_metrics_and_say_what_to_do() -> None:
    (group,) = load("prometheus/alerts.yml")["groups"]
    used: set[str] = set()
    for rule in group["rules"]:
        used |= metric_names(promql_parser.parse(rule["expr"]))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "action"}
    ours = {
        family.name + suffix
        for family in Metrics("actual").registry.collect()
        for suffix in SUFFIXES.get(family.type, ("",))
    }
    assert used <= ours | {"up"}
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])

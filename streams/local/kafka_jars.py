"""The jars of Apache Kafka: fetched once from Maven Central by `deploy/kafka/pom.xml`, kept in a cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from streams.local.process import PartError, run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

POM = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "pom.xml"
LIBS_VARIABLE = "LIANDONG_KAFKA_LIBS"
JAVA_AT_LEAST = 17
FETCH_SECONDS = 300.0


def unavailable() -> str | None:
    """Return why a real Kafka cannot be started here and what to do about it, or None when it can."""
    java = shutil.which("java")
    if java is None:
        return f"java was not found: install Java {JAVA_AT_LEAST} (Debian: apt-get install openjdk-17-jre-headless)"
    version = java_version(java)
    if version < JAVA_AT_LEAST:
        return f"java is version {version}: Kafka 4 needs Java {JAVA_AT_LEAST} or newer"
    if _complete(libs_folder()) or LIBS_VARIABLE in os.environ:
        return None
    if not POM.exists():
        return f"{POM.name} was not found: use a source checkout, or set {LIBS_VARIABLE} to a folder of jars"
    if shutil.which("mvn") is None:
        return f"mvn was not found: apt-get install maven (Debian), or set {LIBS_VARIABLE} to a folder of jars"
    return None


def java_version(java: str) -> int:
    """Return the major version of a java executable."""
    text = run_tool("java", [java, "--version"], timeout=30, next_step=f"Install Java {JAVA_AT_LEAST} or newer.")
    found = re.search(r"(\d+)", text)
    return int(found.group(1)) if found else 0


def libs_folder() -> Path:
    """Return where the jars are, or will be once they are fetched."""
    if named := os.environ.get(LIBS_VARIABLE):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "liandong" / f"kafka-{_version()}"


def ensure_libs() -> Path:
    """Return the folder of jars, fetching them first when they are not there; safe for processes that race."""
    if reason := unavailable():
        message = f"Apache Kafka cannot be started: {reason}."
        raise PartError(message)
    libs = libs_folder()
    if _complete(libs):
        return libs
    if LIBS_VARIABLE in os.environ:
        message = f"{LIBS_VARIABLE}={libs} holds no kafka_*.jar: correct it, or unset it to have the jars fetched."
        raise PartError(message)
    libs.parent.mkdir(parents=True, exist_ok=True)
    with _locked(libs.with_suffix(".lock")):
        if not _complete(libs):
            _fetch(libs)
    return libs


def _fetch(libs: Path) -> None:
    """Let Maven copy into a scratch folder, then rename it: a half-filled folder never has the final name."""
    with tempfile.TemporaryDirectory(dir=libs.parent) as scratch:
        new = Path(scratch) / "libs"
        shutil.copy(POM, scratch)
        run_tool(
            "Fetching Apache Kafka from Maven Central",
            ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={new}"],
            timeout=FETCH_SECONDS,
            next_step=f"Check that Maven Central is reachable, or set {LIBS_VARIABLE} to a folder that has the jars.",
            cwd=Path(scratch),
        )
        if not _complete(new):
            message = f"Maven ended without copying Kafka's jars; set {LIBS_VARIABLE} to a folder that has them."
            raise PartError(message)
        if libs.exists():
            shutil.rmtree(libs)
        new.rename(libs)


def _complete(libs: Path) -> bool:
    return any(libs.glob("kafka_*.jar"))


def _version() -> str:
    if not POM.exists():
        return "unknown"
    found = ET.parse(POM).findtext(".//{*}kafka.version")  # noqa: S314 - our own file
    return found or "unknown"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

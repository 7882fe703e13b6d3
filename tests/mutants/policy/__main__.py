"""`python -m tests.mutants.policy [FILE ...]`: changes each entry of each policy document, one change at a time.

Ends with 1 when fewer than 95 % are noticed, when a survivor is not in survivors.yaml, or when one that is listed
there is noticed. QUICK=1 takes a seeded sample. Figures go to build/mutants.json. A change that the load refuses, or
that loads as the same law, is no mutant and is not counted.
"""

import gc
import hashlib
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from ruamel.yaml import YAML

from streams.policy.loader import bundled, bundled_documents
from streams.policy.reader import parsed
from tests.mutants.policy.killing import Outcome, Reports, Tests, hunt, measured
from tests.mutants.policy.law import readers_of
from tests.mutants.policy.operators import Mutant, mutants

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "build" / "mutants.json"
SURVIVORS = Path(__file__).with_name("survivors.yaml")
LEAST_RATIO = 0.95
QUICK_SAMPLE = 250
MOST = 4
"""Mutants of one entry at most; FULL=1 takes all."""
SEED = 20260310
PROCESSES = 2
TESTS = (
    *("activation", "alerts", "allocation", "authority", "command", "conditions", "directive", "duty", "explain"),
    *("figures", "governance", "grading", "handover", "intake", "joint", "judgements", "law", "merging", "monitoring"),
    *("notices", "obligations", "open", "peer", "policy_reader", "proposals", "releases", "response"),
    *("scenarios_in_core", "task_force", "thresholds", "windows"),
)
"""Unit tests whose file names begin so are about what the law decides; the others are about wire, store and shell."""


class Session:
    """Takes over pytest's run of the collected tests."""

    def __init__(self, files: list[str]) -> None:
        self.files = files
        self.code = 2

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all mutants instead of running the tests once."""
        reports = Reports()
        session.config.pluginmanager.register(reports)
        self.code = run(Tests(session.items, reports), self.files)
        return True


def run(tests: Tests, files: list[str]) -> int:
    """Try the mutants of these documents (all when none is named); the exit code."""
    start = time.monotonic()
    affected = readers_of()
    bundled()
    gc.collect()
    gc.freeze()
    tests.baseline = measured(tests, PROCESSES)
    failing = [name for name, one in tests.baseline.items() if not one.passed]
    if failing:
        print("tests fail under the law as it is:", *failing, sep="\n  ")
        return 2
    tried, whole = chosen(files)
    print(f"{len(tests.items)} tests take {sum(one.seconds for one in tests.baseline.values()):.0f} s", flush=True)
    outcomes = [_told(outcome) for outcome in hunt(tests, tried, affected, PROCESSES)]
    return report(outcomes, time.monotonic() - start, whole=whole)


def chosen(files: list[str]) -> tuple[list[Mutant], bool]:
    """The mutants to try, and whether these are all there are."""
    documents = bundled_documents()
    found = [one for name in files or sorted(documents) for one in mutants(name, parsed(documents, name))]
    if not os.environ.get("FULL"):
        found = some_of_each(found)
    quick = bool(os.environ.get("QUICK"))
    if quick and len(found) > QUICK_SAMPLE:
        picked = sorted(random.Random(SEED).sample(range(len(found)), QUICK_SAMPLE))
        found = [found[index] for index in picked]
    return found, not files and not quick


def some_of_each(found: list[Mutant]) -> list[Mutant]:
    """At most so many mutants of an entry: that it is gone, and others drawn by their names, the same in every run."""
    entries: dict[tuple[str, str], list[Mutant]] = {}
    for one in found:
        entries.setdefault((one.file, one.entry), []).append(one)
    kept = {one.name for members in entries.values() for one in sorted(members, key=_importance)[:MOST]}
    return [one for one in found if one.name in kept]


def _importance(one: Mutant) -> tuple[bool, str]:
    return not one.name.endswith(f" {one.entry}: gone"), hashlib.sha256(f"{SEED} {one.name}".encode()).hexdigest()


def _told(outcome: Outcome) -> Outcome:
    if outcome.fate == "survived":
        print(f"SURVIVED {outcome.mutant}  ({outcome.seconds:.0f} s)", flush=True)
    return outcome


def report(outcomes: list[Outcome], seconds: float, *, whole: bool) -> int:
    """Print and write the figures; 0 when they are what they have to be."""
    fates = Counter(one.fate for one in outcomes)
    killed = fates["behaviour"] + fates["table"]
    total = killed + fates["survived"]
    ratio = killed / total if total else 1.0
    for file in sorted({one.mutant.partition(" ")[0] for one in outcomes}):
        print(f"{file:20}", _line(Counter(one.fate for one in outcomes if one.mutant.startswith(f"{file} "))))
    print(f"{'all':20}", _line(fates), f"ratio {ratio:.4f}, {seconds:.0f} s")
    figures = {
        "policy_mutants.total": total,
        "policy_mutants.killed": killed,
        "policy_mutants.ratio": round(ratio, 4),
        "policy_mutants.killed_by_behaviour": fates["behaviour"],
        "policy_mutants.killed_by_tables_only": fates["table"],
        "policy_mutants.survived": fates["survived"],
        "policy_mutants.refused_at_load": fates["refused"],
        "policy_mutants.seconds": round(seconds, 1),
    }
    write(figures)
    details = [one._asdict() for one in outcomes]
    BUILD.with_name("policy_mutants.json").write_text(json.dumps(details, indent=0, ensure_ascii=False), "utf-8")
    wrong = disagreements(outcomes, whole=whole)
    print(*wrong, sep="\n")
    return 1 if wrong or ratio < LEAST_RATIO else 0


def _line(fates: Counter[Any]) -> str:
    names = ("behaviour", "table", "survived", "refused", "same")
    return ", ".join(f"{name} {fates[name]}" for name in names)


def write(figures: dict[str, float]) -> None:
    """Put the figures beside those of other runs."""
    BUILD.parent.mkdir(exist_ok=True)
    known: dict[str, float] = json.loads(BUILD.read_text("utf-8")) if BUILD.exists() else {}
    BUILD.write_text(json.dumps(known | figures, indent=1, sort_keys=True) + "\n", "utf-8")


def disagreements(outcomes: list[Outcome], *, whole: bool) -> list[str]:
    """Where survivors.yaml and the run differ."""
    listed: dict[str, str] = {}
    for group in YAML(typ="safe").load(SURVIVORS.read_text("utf-8")) or []:
        listed |= dict.fromkeys(group["mutants"], group["reason"])
    by_name = {one.mutant: one for one in outcomes}
    wrong = [
        f"survivor without a reason: {one.mutant}"
        for one in outcomes
        if one.fate == "survived" and not listed.get(one.mutant)
    ]
    for name in listed:
        one = by_name.get(name)
        if one is not None and one.fate != "survived":
            wrong.append(f"listed as survivor, but {one.fate} ({one.by}): {name}")
        elif one is None and whole:
            wrong.append(f"listed as survivor, but there is no such mutant: {name}")
    return wrong


def main(files: list[str]) -> int:
    """Exit code: 0 when everything is noticed or explained."""
    hypothesis.settings.register_profile("law", deadline=None, derandomize=True, database=None, max_examples=10)
    hypothesis.settings.load_profile("law")
    folder = ROOT / "tests" / "unit"
    wanted = [str(path) for path in sorted(folder.glob("test_*.py")) if path.stem[5:].startswith(TESTS)]
    session = Session(files)
    silent = ("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist", "--assert=plain")
    pytest.main(["-o", "addopts=--import-mode=importlib", *silent, *wanted], plugins=[session])
    return session.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.mutants [NAME ...]`: applies one mutant after the other to a copy and runs the tests on it.

Prints a table and ends with 1 when a mutant survives. The project itself is never touched. QUICK=1 tries every fifth
mutant only, and no random histories.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.allocation import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
COPIED = ("streams", "schemas", "tests", "pyproject.toml")
ENGINE = Path("streams/domain/allocation")
TESTS = (
    "tests/unit/test_allocation_scenarios.py",
    "tests/unit/test_allocation_lifecycle.py",
    "tests/unit/test_allocation_preemption.py",
    "tests/unit/test_allocation_rules.py",
    "tests/unit/test_allocation_beds.py",
    "tests/unit/test_allocation_upkeep.py",
    "tests/unit/test_allocation_catalogue.py",
    "tests/unit/test_allocation_routes.py",
    "tests/unit/test_allocation_replan.py",
    "tests/unit/test_allocation_invariants.py",
    "tests/unit/test_allocation_histories.py",
)
NEAREST = {
    "beds": "tests/unit/test_allocation_beds.py",
    "divert": "tests/unit/test_allocation_preemption.py",
    "exchange": "tests/unit/test_allocation_replan.py",
    "replan": "tests/unit/test_allocation_replan.py",
    "choose": "tests/unit/test_allocation_rules.py",
    "shortage": "tests/unit/test_allocation_upkeep.py",
    "upkeep": "tests/unit/test_allocation_upkeep.py",
}
"""Tests that are run first, by the mutant's module: most die there."""
QUICK = bool(os.environ.get("QUICK"))
QUICK_STEP = 5
TIME_LIMIT_S = 60
TIMES_AS_LONG = 4
"""A mutant that takes so much longer than no mutant does not end."""


def run_tests(folder: Path, module: str = "", limit_s: float | None = None) -> tuple[bool, str]:
    """Whether the tests pass in a copy, and which one failed first."""
    tests = TESTS[:-1] if QUICK else TESTS
    first = [NEAREST[module]] if module in NEAREST else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        *first,
        *(one for one in tests if one not in first),
    ]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return False, "does not end"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    first = failed[0].partition("::")[2].partition(" - ")[0] if failed else ""
    return done.returncode == 0, first


def try_out(folder: Path, mutant: Mutant, limit_s: float) -> tuple[bool, str]:
    """Whether the tests notice the mutant, and which one does."""
    path = folder / ENGINE / f"{mutant.module}.py"
    original = path.read_text(encoding="utf-8")
    if original.count(mutant.text) != 1:
        raise ValueError(f"{mutant.name}: {mutant.text!r} stands {original.count(mutant.text)} times in {path.name}")
    path.write_text(original.replace(mutant.text, mutant.wrong), encoding="utf-8")
    try:
        passed, by = run_tests(folder, mutant.module, limit_s)
    finally:
        path.write_text(original, encoding="utf-8")
    return not passed, by


def main(names: list[str]) -> int:
    """Exit code: 0 when every mutant is killed."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    if QUICK and not names:
        chosen = chosen[::QUICK_STEP]
    survivors = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        start = time.monotonic()
        passed, by = run_tests(folder)
        limit_s = TIME_LIMIT_S + TIMES_AS_LONG * (time.monotonic() - start)
        if not passed:
            print(f"the tests fail without any mutant: {by}")
            return 2
        for mutant in chosen:
            start = time.monotonic()
            killed, by = try_out(folder, mutant, limit_s)
            survivors += not killed
            word = "killed" if killed else "SURVIVED"
            print(f"{word:9} {mutant.module:10} {mutant.name:32} {time.monotonic() - start:5.0f} s  {by}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

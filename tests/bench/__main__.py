"""python -m tests.bench [module ...]: all figures, against their bars.

QUICK=1 for the short form: it proves that everything can be measured and shows roughly what; a bar that it misses is
shown and does not fail the run, because a few seconds on a shared machine say nothing about a percentile.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

MODULES = ("grading", "allocation", "stream")
BARS: dict[str, Callable[[float], bool]] = {
    "stream.ratio": lambda x: x >= 0.85,
    "stream.p99_ms": lambda x: x < 500,
    "history.cost_ratio": lambda x: x <= 1.2,
    "failover.beyond_session_s": lambda x: x <= 4,
    "grading.decisions_per_s": lambda x: x >= 20_000,
    "grading.history_cost_ratio": lambda x: x <= 1.1,
    "allocation.decisions_per_s.1k": lambda x: x >= 10_000,
    "allocation.decisions_per_s.10k": lambda x: x >= 6_000,
    "allocation.decisions_per_s.100k": lambda x: x >= 2_500,
    "allocation.p99_ms.100k": lambda x: x < 3,
    "allocation.restart_s": lambda x: x < 5,
    "allocation.class1_fill_ratio": lambda x: x >= 1,
    "allocation.class1_eta_ratio": lambda x: x <= 1.04,
    "allocation.total_eta_ratio": lambda x: x <= 1.05,
    "allocation.replan_class1_eta_ratio": lambda x: x <= 1.02,
    "allocation.replan_total_eta_ratio": lambda x: x <= 1.03,
    "allocation.late_ratio": lambda x: x <= 0.72,
    "allocation.class4_longest_wait_h": lambda x: x <= 15.5,
    "allocation.floor_breaches": lambda x: x == 0,
}
"""Bars of the issues, by figure."""
OPEN = frozenset(name for name in BARS if name.startswith(("allocation.", "grading.")))
"""Bars of issues 4 and 5, which are not closed: printed, not enforced."""
BUILD = Path(__file__).parents[2] / "build" / "bench.json"


def main() -> int:
    """Run every module, write the figures, print them; 1 when the full form misses an enforced bar."""
    quick = bool(os.environ.get("QUICK"))
    wanted = sys.argv[1:] or MODULES
    figures: dict[str, float] = json.loads(BUILD.read_text("utf-8")) if sys.argv[1:] and BUILD.exists() else {}
    for name in wanted:
        print(f"{name} ...", flush=True)
        figures |= import_module(f"tests.bench.{name}").run(quick=quick)
    BUILD.parent.mkdir(exist_ok=True)
    BUILD.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")
    missed = 0
    for name, value in sorted(figures.items()):
        bar = BARS.get(name)
        verdict = "" if bar is None else "ok" if bar(value) else "open" if name in OPEN else "MISSED"
        missed += verdict == "MISSED"
        print(f"{name:40} {value:12.3f} {verdict}")
    return 1 if missed and not quick else 0


if __name__ == "__main__":
    sys.exit(main())

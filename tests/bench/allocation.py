"""Figures of issue 5: speed (D4), quality against the exact optimum and a simulated day (D3)."""

from tests.bench.allocation_quality import batch_figures
from tests.bench.allocation_simulation import figures as day_figures
from tests.bench.allocation_speed import measure, restart

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}


def run(*, quick: bool) -> dict[str, float]:
    """All figures; the short form leaves the largest city out and takes one seed of everything."""
    figures: dict[str, float] = {}
    for name, units in SIZES.items():
        if quick and units > SIZES["10k"]:
            continue
        measured = measure(units, 300 if quick else 2_000)
        figures[f"allocation.decisions_per_s.{name}"] = measured["decisions_per_s"]
        figures[f"allocation.p99_ms.{name}"] = measured["p99_us"] / 1000
    if not quick:
        again = restart(SIZES["100k"], 10_000)
        figures["allocation.restart_s"] = again["seconds"]
        figures["allocation.bytes_per_unit"] = again["bytes_per_unit"]
    figures |= batch_figures(seeds=1 if quick else None)
    return figures | day_figures(quick=quick)

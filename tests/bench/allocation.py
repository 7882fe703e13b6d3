"""D4: the allocation figures of the bench."""

from tests.bench.allocation_speed import measure, restart

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}


def run(*, quick: bool) -> dict[str, float]:
    """Decisions a second, p99 and restart; the short form leaves the largest city out."""
    figures: dict[str, float] = {}
    for name, units in SIZES.items():
        if quick and units > SIZES["10k"]:
            continue
        measured = measure(units, 300 if quick else 2_000)
        figures[f"allocation.decisions_per_s.{name}"] = measured["decisions_per_s"]
        figures[f"allocation.p99_ms.{name}"] = measured["p99_us"] / 1000
    if not quick:
        figures["allocation.restart_s"], _ = restart(100_000, 10_000)
    return figures

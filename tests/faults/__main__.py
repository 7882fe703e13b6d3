"""`python -m tests.faults` (`make faults`): exit 1 when anything is wrong. QUICK=1: the short form.

SEED=n repeats a run's draws; ONLY=run, sabotage, contention or aid (or that word as an argument) does one part and
keeps the others' figures; KEEP=1 keeps the folder with all logs.
"""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

from streams.local.kafka import available
from tests.faults.aid import FULL_EXCHANGE, QUICK_EXCHANGE, exchange
from tests.faults.contention import FULL_CONTENTION, QUICK_CONTENTION, contention
from tests.faults.plan import FULL, QUICK
from tests.faults.run import fault_run
from tests.faults.sabotage import self_test
from tests.support.site import ROOT, real_parts

OUT = ROOT / "build" / "faults.json"


async def main() -> int:
    """Run, print, write the figures."""
    if why := available():
        print(f"NOT TESTED: the fault run needs a real Apache Kafka: {why}")
        return 0
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    form = QUICK if os.environ.get("QUICK") else FULL
    seed = int(os.environ.get("SEED") or time.time())
    only = (sys.argv[1:] or [os.environ.get("ONLY", "")])[0]
    quick = form is QUICK
    print(f"SEED={seed} {'QUICK=1 ' if form is QUICK else ''}python -m tests.faults", flush=True)
    failed, figures = False, {}
    async with real_parts(3, durable=False) as parts:
        if only in ("", "run"):
            findings, figures = await fault_run(parts, form, seed)
            print("\n".join(findings.lines()), flush=True)
            failed = findings.failed or not figures["faults.returned_partitions"]
        if only in ("", "sabotage"):
            unnoticed = await self_test(parts, form, seed)
            figures["faults.sabotage_unnoticed"] = unnoticed
            failed = failed or unnoticed > 0
        if only in ("", "contention"):
            findings, found = await contention(parts, QUICK_CONTENTION if quick else FULL_CONTENTION, seed)
            print("\n".join(findings.lines()), flush=True)
            figures |= found
            failed = failed or findings.failed
        if only in ("", "aid"):
            findings, found = await exchange(parts, QUICK_EXCHANGE if quick else FULL_EXCHANGE, seed)
            print("\n".join(findings.lines()), flush=True)
            figures |= found
            zero = ("held_twice", "late_accepted", "unfinished")
            failed = failed or findings.failed or any(found[f"mutual_aid.{name}"] for name in zero)
    if only and OUT.exists():
        figures = json.loads(OUT.read_text()) | figures
    _write(OUT, figures)
    print("\n".join(f"{name:34} {value:>10}" for name, value in figures.items()))
    print("FAILED" if failed else "passed")
    return int(failed)


def _write(path: Path, figures: dict[str, float]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""`liandong demo`: one incident from the first report to the end, on real parts in a throw-away folder."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.common import OK, UNMET, USAGE, CommandError, leave, note, run
from streams.cli.local import Broker, broker_kind, place, pointing, wait_for_end

if TYPE_CHECKING:
    from streams.cli.played import Stage
    from streams.scenario.model import Scenario
    from streams.settings import Settings
    from streams.stack import BrokerKind

DEFAULT = Path(__file__).parents[2] / "tests" / "scenarios" / "sc_1.yaml"
PAUSE_S = 0.4


def demo(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Scenario file; SC-1 (chemical plant) without one.")
    ] = None,
    broker: Broker = "embedded",
    stay: Annotated[bool, typer.Option("--stay", help="Keep everything running afterwards, to look around.")] = False,
) -> None:
    """Show an incident unfold (演示): report → grade → response → joint task force → allocation, then prove its replay.

    Starts broker, PostgreSQL and a worker in a throw-away folder, plays the scenario's reports, requests and signed
    directives through Kafka topics in an exercise realm on virtual time, judges its expectations, replays the recorder.

    Example: liandong demo tests/scenarios/sc_3.yaml --stay

    Exit codes: 0 everything as expected, 1 something is unmet, 2 wrong file, 3 a part cannot start (and what to do).
    """
    from streams.cli.scenario import loaded

    chosen = file or DEFAULT
    if not chosen.is_file():
        raise CommandError(f"no file {chosen}", "name a scenario file: liandong demo FILE", USAGE)
    kind = broker_kind(broker)
    (scenario, *_) = loaded([chosen])
    with place(None) as folder:
        leave(_show(folder, kind, scenario, stay))


def _show(folder: Path, broker: "BrokerKind", scenario: "Scenario", stay: bool) -> int:
    from streams.cli.played import own_stage
    from streams.cli.scenario import told

    began = time.monotonic()
    note(f"starting {broker} broker, PostgreSQL and a worker in {folder} …")
    pause = PAUSE_S if sys.stdout.isatty() else 0.0
    with own_stage(scenario.realm, folder, broker, pause) as stage:
        told_well = told(scenario, partial(stage.tell, scenario), quiet=False)["passed"]
        code = max(OK if told_well else UNMET, _replayed(stage.settings))
        print(f"\n{time.monotonic() - began:.0f} s. Next 接下来:")
        _next(scenario)
        if stay:
            _stay(stage)
    return code


def _replayed(settings: "Settings") -> int:
    """Fold and decide again what was just recorded; 0 when all three replays give the same."""
    from streams.cli.replay import replayed
    from streams.replay.run import Replay

    print("\nReplay 重放:")
    reports = run(replayed(Replay(settings), ("fold", "decide", "topics")))
    return OK if all(report.same for report in reports) else UNMET


def _next(scenario: "Scenario") -> None:
    file = Path(scenario.file)
    print("  liandong demo --stay                       keep it running: incident list, replay --decide, doctor …")
    print(f"  liandong scenario check {file.name:<18}     judge it with every detail; --json for programs")
    print("  liandong local                             a broker, a database and a worker for development")
    print("  make test                                  everything, on real Apache Kafka")


def _stay(stage: "Stage") -> None:
    with pointing(stage.settings):
        print(f"\nStill running: realm {stage.settings.realm}, {stage.worker.url}/readyz.")
        print("In this folder, from another terminal:\n  liandong incident list\n  liandong replay --decide")
        print("  liandong doctor\nCtrl-C stops everything.", flush=True)
        wait_for_end(stage.worker)

"""`liandong scenario check` and `run`: play files, print what is unmet, or tell the story as it unfolds."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from streams.scenario.core_play import play as play_in_core
from streams.scenario.judge import Verdict, judge
from streams.scenario.model import Scenario
from streams.scenario.parse import load
from streams.scenario.tree import Problem, ScenarioError

Told = list[dict[str, Any]]
"""One entry per file: its `problems`, or its `runs`."""
Show = Callable[[Told], Iterable[str]]
Judged = Callable[[Path], list[Verdict]]
"""The verdicts of all runs of a file. Raises ScenarioError when the file is wrong."""


def judged_in_core(path: Path) -> list[Verdict]:
    """Play a file's runs through the pure core: needs no broker and no database."""
    return [judged_alone(scenario) for scenario in load(path)]


def judged_alone(scenario: Scenario) -> Verdict:
    """Play one run through the pure core."""
    played = play_in_core(scenario)
    return judge(scenario, played.observed, played.errors)


def check(
    files: Iterable[Path],
    show: Show | None = None,
    judged: Judged = judged_in_core,
    tell: Callable[[str], None] = print,
) -> int:
    """Play files and tell each unmet expectation with what was seen instead.

    Returns:
        0 when everything judged holds, 1 when something is unmet, 2 when a file is wrong.
    """
    code, told = 0, []
    for path in files:
        try:
            verdicts = judged(path)
        except ScenarioError as error:
            code = max(code, 2)
            told.append({"file": str(path), "problems": [_problem(one) for one in error.problems]})
            continue
        code = max(code, 0 if all(one.passed for one in verdicts) else 1)
        told.append({"file": str(path), "runs": [_run(one) for one in verdicts]})
    for text in (show or as_text)(told):
        tell(text)
    return code


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {"file": place.file, "line": place.line, "column": place.column, "message": problem.message}


def _run(verdict: Verdict) -> dict[str, Any]:
    scenario = verdict.scenario
    return {
        "scenario": scenario.label,
        "title": scenario.title,
        "passed": verdict.passed,
        "met": verdict.met,
        "unmet": [
            {**_where(one.expectation.place), "reason": one.reason, "note": one.expectation.note, "seen": one.instead}
            for one in verdict.unmet
        ],
        "pending": [{**_where(one.place), "reason": one.pending, "note": one.note} for one in verdict.pending],
        "pending_met": [_where(one.place) for one in verdict.pending_met],
        "errors": verdict.errors,
    }


def _where(place: Any) -> dict[str, Any]:
    return {"file": place.file, "line": place.line}


def as_json(told: Told) -> Iterable[str]:
    """For programs: one JSON text."""
    yield json.dumps(told, ensure_ascii=False, indent=2)


def as_text(told: Told) -> Iterable[str]:
    """For people: one line per run, then what is unmet."""
    for one in told:
        for problem in one.get("problems", ()):
            yield f"{problem['file']}:{problem['line']}:{problem['column']}: {problem['message']}"
        for run in one.get("runs", ()):
            yield from _run_lines(run)


def _run_lines(run: dict[str, Any]) -> Iterable[str]:
    unmet, pending = run["unmet"], run["pending"]
    mark = "ok  " if run["passed"] else "FAIL"
    ready = f" ({len(run['pending_met'])} of them hold already)" if run["pending_met"] else ""
    counts = f"{run['met']} met, {len(unmet)} unmet, {len(pending)} pending{ready}"
    yield f"{mark} {run['scenario']}: {counts} - {run['title']}"
    for error in run["errors"]:
        yield f"  fault: {error}"
    for one in unmet:
        note = f"  ({one['note']})" if one["note"] else ""
        yield f"  {one['file']}:{one['line']}: {one['reason']}{note}"
        yield from (f"    seen: {text}" for text in one["seen"])

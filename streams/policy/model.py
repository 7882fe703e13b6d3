"""The loaded policy: one immutable value that every decision is given.

To add a section `x`:

1. `streams/policy/x.yaml`: entries with id, source, jurisdiction (`CN` or a GB/T 2260 code), effective_from,
   effective_to (last day, null = open), mark, and their values;
2. `streams/policy/x.py`: frozen models (bases `Strict`, `Entry` of dated.py) and
   `load(documents) -> X`, which calls `reader.read(documents, "x.yaml", X)` and raises `reader.error_at(...)` when a
   check of its own fails; `X()` without arguments must be the empty section;
3. here: one import and one line `x: X = section(load_x, X)`. The loader finds it by the field's name.

Do 3 last: while `x.yaml` is missing or wrong, nobody's policy loads.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streams.policy.activation import Activation
from streams.policy.activation import load as load_activation
from streams.policy.allocation import Allocation
from streams.policy.allocation import load as load_allocation
from streams.policy.authority import Authority
from streams.policy.authority import load as load_authority
from streams.policy.autonomy import AutonomySection
from streams.policy.autonomy import load as load_autonomy
from streams.policy.duty import Duty
from streams.policy.duty import load as load_duty
from streams.policy.facts import Facts
from streams.policy.facts import load as load_facts
from streams.policy.grading import Grading
from streams.policy.grading import load as load_grading
from streams.policy.hazards import Hazards
from streams.policy.hazards import load as load_hazards
from streams.policy.intake import Intake
from streams.policy.intake import load as load_intake
from streams.policy.monitoring import Monitoring
from streams.policy.monitoring import load as load_monitoring
from streams.policy.notification import Notification
from streams.policy.notification import load as load_notification
from streams.policy.obligations import Obligations
from streams.policy.obligations import load as load_obligations
from streams.policy.reader import Documents
from streams.policy.responses import Responses
from streams.policy.responses import load as load_responses
from streams.policy.taskforce import TaskForces
from streams.policy.taskforce import load as load_taskforce
from streams.policy.thresholds import Thresholds
from streams.policy.thresholds import load as load_thresholds


def section(load: Callable[[Documents], Any], empty: Callable[[], Any], *more: str) -> Any:
    """A section of the policy: how it is read from the documents, and what stands where there are none (tests).

    `more` names further documents than `<field>.yaml` that it reads.
    """
    return field(default_factory=empty, metadata={"load": load, "more": more})


@dataclass(frozen=True, slots=True)
class Policy:
    """All policy of one version; `version` is the digest of all documents."""

    version: str
    facts: Facts = section(load_facts, Facts)
    hazards: Hazards = section(load_hazards, Hazards)
    grading: Grading = section(load_grading, Grading)
    thresholds: Thresholds = section(load_thresholds, Thresholds)
    intake: Intake = section(load_intake, Intake)
    allocation: Allocation = section(load_allocation, Allocation)
    authority: Authority = section(load_authority, Authority)
    responses: Responses = section(load_responses, Responses)
    activation: Activation = section(load_activation, Activation)
    taskforce: TaskForces = section(load_taskforce, TaskForces)
    obligations: Obligations = section(load_obligations, Obligations)
    notification: Notification = section(load_notification, Notification)
    duty: Duty = section(load_duty, Duty)
    monitoring: Monitoring = section(load_monitoring, Monitoring)
    autonomy: AutonomySection = section(load_autonomy, AutonomySection)

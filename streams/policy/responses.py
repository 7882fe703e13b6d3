"""Response levels, alert state, command modes, guards of termination (domain.md 1.4, 2.5)."""

from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import ConfigDict, Field

from schemas.base import ResponseLevel, Severity
from schemas.inputs.alerts import AlertLevel
from schemas.outputs.command_events import Mode, Phase, Tier
from streams.policy.dated import Entry, EntryId, Strict, in_force
from streams.policy.laws import Laws
from streams.policy.reader import Documents, read

FILE = "responses.yaml"


class LevelEntry(Entry):
    """What a grade calls for: response level, lead government, and what the city may start meanwhile."""

    severity: Severity
    level: ResponseLevel
    lead: Tier
    office: EntryId
    initial_level: ResponseLevel | None = None


DISTRICTS = "districts"
"""The fact of which the incident itself knows the count."""


class Superior(Entry):
    """Which tier leads at least when the incident crosses areas."""

    fact: str
    at_least: int = Field(ge=1)
    lead: Tier
    office: EntryId


class GradeProposal(Entry):
    """The rule under which grades propose levels (RL-10)."""


class SettingProposal(Entry):
    """Settings in which the level may be raised beyond the grade (RL-11)."""

    settings: tuple[str, ...] = Field(min_length=1)
    from_levels: tuple[ResponseLevel, ...]
    raise_by: int = Field(ge=1, le=3)


class AlertProposal(Entry):
    """Alert levels that propose a response by themselves (RL-2)."""

    levels: dict[AlertLevel, ResponseLevel]
    zone: Literal["district", "area"]


class Consultation(Entry):
    """Who consults at an alert level (RL-3), convened by whom, within how many minutes."""

    alert_level: AlertLevel
    convened_by: EntryId
    attendees: tuple[EntryId, ...]
    member_units: bool = False
    minutes: int = Field(gt=0)


class NoticeRule(Entry):
    """Acts that must state matter, level, expected term and measures (RL-9)."""

    required_for: tuple[str, ...]


class OpinionRule(Entry):
    """Acts that need an expert opinion, and how long one holds (EX-5)."""

    required_for: tuple[str, ...]
    valid_hours: int = Field(gt=0)


class TerminationRule(Entry):
    """The rule that a termination waits for the longest incubation period of the incident's hazard kinds."""


class ModeRule(Entry):
    """A command mode and when it holds; the first entry that holds counts (RL-5)."""

    mode: Mode
    joint: bool = False
    level_at_most: ResponseLevel | None = None
    composite_at_most: Severity | None = None

    def holds(self, level: int | None, composite: int | None, *, joint: bool) -> bool:
        """Whether this mode holds with this level running, this grade, and the joint mechanism running or not."""
        conditions = (
            self.joint and joint,
            self.level_at_most is not None and level is not None and level <= self.level_at_most,
            self.composite_at_most is not None and composite is not None and composite <= self.composite_at_most,
        )
        unconditional = not self.joint and self.level_at_most is None and self.composite_at_most is None
        return unconditional or any(conditions)


class Profile(Entry):
    """What holds in a phase, at a level (RL-1)."""

    phases: tuple[Phase, ...]
    level: ResponseLevel | None = None
    values: dict[str, int | float | str | bool]


class ReviewRule(Entry):
    """An evaluation that is opened when something ended (JA-3, DR-9)."""

    kind: Literal["joint_mechanism", "after_action"]
    days: int = Field(gt=0)
    dimensions: tuple[EntryId, ...]


class MismatchRule(Entry):
    """Warn where level and grade differ (GR-4)."""


class ResponseLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "Responses", day: date, within: tuple[str, ...]) -> None:
        self.levels = {entry.severity: entry for entry in in_force(section.levels, day, within)}
        self.superiors = in_force(section.superiors, day, within)
        self.grade_proposal = next(iter(in_force(section.grade_proposals, day, within)), None)
        self.setting_proposals = in_force(section.setting_proposals, day, within)
        self.alert_proposals = in_force(section.alert_proposals, day, within)
        self.consultations = {entry.alert_level: entry for entry in in_force(section.consultations, day, within)}
        self.notice = next(iter(in_force(section.notices, day, within)), None)
        self.opinion = next(iter(in_force(section.opinions, day, within)), None)
        self.termination = next(iter(in_force(section.terminations, day, within)), None)
        self.modes = in_force(section.modes, day, within)
        self.profiles = in_force(section.profiles, day, within)
        self.reviews = {entry.kind: entry for entry in in_force(section.reviews, day, within)}
        self.mismatch = next(iter(in_force(section.mismatches, day, within)), None)
        self.counted = tuple(entry.fact for entry in self.superiors if entry.fact != DISTRICTS)
        self.leads: dict[Any, Any] = {}
        """Memory of those who work out from grade, level and counts who leads."""

    def mode(self, level: int | None, composite: int | None, *, joint: bool) -> ModeRule | None:
        """The command mode that holds."""
        return next((entry for entry in self.modes if entry.holds(level, composite, joint=joint)), None)

    def profile(self, phase: Phase, level: int | None) -> Profile | None:
        """The profile of a phase; one for the level goes before one for all."""
        fitting = [entry for entry in self.profiles if phase in entry.phases and entry.level in {None, level}]
        return max(fitting, key=lambda entry: entry.level is not None, default=None)


class Responses(Strict):
    """The section `responses`."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    levels: tuple[LevelEntry, ...] = ()
    superiors: tuple[Superior, ...] = ()
    grade_proposals: tuple[GradeProposal, ...] = ()
    setting_proposals: tuple[SettingProposal, ...] = ()
    alert_proposals: tuple[AlertProposal, ...] = ()
    consultations: tuple[Consultation, ...] = ()
    notices: tuple[NoticeRule, ...] = ()
    opinions: tuple[OpinionRule, ...] = ()
    terminations: tuple[TerminationRule, ...] = ()
    modes: tuple[ModeRule, ...] = ()
    profiles: tuple[Profile, ...] = ()
    reviews: tuple[ReviewRule, ...] = ()
    mismatches: tuple[MismatchRule, ...] = ()

    @cached_property
    def laws(self) -> Laws[ResponseLaw]:
        """What holds on the days that were asked for."""
        return Laws(lambda day, within: ResponseLaw(self, day, within))

    def at(self, day: date, within: tuple[str, ...]) -> ResponseLaw:
        """What holds on this local day in these jurisdictions."""
        return self.laws.at(day, within)


def load(documents: Documents) -> Responses:
    """The section `responses`.

    Raises:
        PolicyError: the document is wrong.
    """
    return read(documents, FILE, Responses)

"""Composition of the joint task force: lead by hazard, seats, groups (domain.md 1.6)."""

from datetime import date
from functools import cached_property

from pydantic import ConfigDict

from schemas.inputs.reports import NeedKind
from streams.policy.dated import Bilingual, Entry, EntryId, Strict, in_force
from streams.policy.laws import Laws
from streams.policy.reader import Documents, error_at, read

FILE = "taskforce.yaml"


class LeadRule(Entry):
    """The rule by which hazard kinds name the lead department (TF-3)."""


class SeatRule(Entry):
    """Who takes a kind of seat: office ids, and the member units of the register."""

    seat: EntryId
    offices: tuple[EntryId, ...] = ()
    member_units: bool = False


class Group(Entry):
    """A working group of a template, always or for certain families and needs (TF-12)."""

    group: EntryId
    template: EntryId
    name: Bilingual
    families: tuple[str, ...] = ()
    needs: tuple[NeedKind, ...] = ()


class Template(Entry):
    """A set of groups. Standing templates are part of every joint mechanism."""

    template: EntryId
    standing: bool = False


class TaskForceLaw:
    """What holds on one day in one city."""

    def __init__(self, section: "TaskForces", day: date, within: tuple[str, ...]) -> None:
        self.lead = next(iter(in_force(section.leads, day, within)), None)
        self.seats = in_force(section.seats, day, within)
        self.groups = in_force(section.groups, day, within)
        self.standing = tuple(item.template for item in in_force(section.templates, day, within) if item.standing)


class TaskForces(Strict):
    """The section `taskforce`."""

    model_config = ConfigDict(ignored_types=(cached_property,))

    leads: tuple[LeadRule, ...] = ()
    seats: tuple[SeatRule, ...] = ()
    groups: tuple[Group, ...] = ()
    templates: tuple[Template, ...] = ()

    @cached_property
    def laws(self) -> Laws[TaskForceLaw]:
        """What holds on the days that were asked for."""
        return Laws(lambda day, within: TaskForceLaw(self, day, within))

    def at(self, day: date, within: tuple[str, ...]) -> TaskForceLaw:
        """What holds on this local day in these jurisdictions."""
        return self.laws.at(day, within)


def load(documents: Documents) -> TaskForces:
    """The section `taskforce`.

    Raises:
        PolicyError: the document is wrong, or a group names a template that is not defined.
    """
    section = read(documents, FILE, TaskForces)
    known = {template.template for template in section.templates}
    for index, group in enumerate(section.groups):
        if group.template not in known:
            raise error_at(documents, FILE, ("groups", index, "template"), f"unknown template {group.template}")
    return section

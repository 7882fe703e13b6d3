"""command.directives: signed decisions of a named authority (design rule 5).

The record's value is the claims as JSON; the header `ce_signature` is a detached JWS (RFC 7515 appendix F, Ed25519)
over exactly these bytes, so nothing needs canonical form. Realm, area, id and expiry are inside the signature: a
drill's directive never verifies in the actual realm, and none can be used twice.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Department, DistrictCode, Id, InputEvent, Model, ResponseLevel, Text, Utc
from schemas.inputs.reports import FactValue, ReportContent
from schemas.topics import COMMAND_DIRECTIVES

Zone = str
"""A district code, or the area's own code for the whole city (GR-3)."""


class Measures(Model):
    """What a start notice must state besides the level: 事项、预计期限、处置措施 (RL-9; 应对法 Art. 72)."""

    matter: Text = Field(min_length=1)
    expected_until: Utc
    measures: tuple[Text, ...] = Field(min_length=1)


class Notice(Model):
    """A start notice as its author wrote it: what RL-9 asks for may be missing here and is then refused by name."""

    matter: Text = ""
    expected_until: Utc | None = None
    measures: tuple[Text, ...] = ()

    def missing(self) -> tuple[str, ...]:
        """What RL-9 asks for and this notice does not state."""
        lacks = {
            "matter": not self.matter.strip(),
            "expected_until": self.expected_until is None,
            "measures": not any(measure.strip() for measure in self.measures),
        }
        return tuple(name for name, absent in lacks.items() if absent)


class StartResponse(Model):
    """Start a response for an incident in a zone. Without an incident: alert-triggered (RL-2)."""

    action: Literal["start_response"] = "start_response"
    incident: Id | None = None
    zone: Zone | None = None
    level: ResponseLevel
    notice: Notice | None = None
    proposal: Id | None = None


class ChangeResponse(Model):
    """Raise or lower a running response. Lowering needs an expert opinion (RL-10)."""

    action: Literal["raise_response", "lower_response"]
    incident: Id | None = None
    zone: Zone | None = None
    level: ResponseLevel
    notice: Notice | None = None
    expert_opinion: Id | None = None
    proposal: Id | None = None


class EndResponse(Model):
    """Terminate a response: refused while the longest incubation period has not passed (RL-10, SC-8)."""

    action: Literal["end_response"] = "end_response"
    incident: Id | None = None
    zone: Zone | None = None
    expert_opinion: Id | None = None
    hazard_removed: bool = False
    proposal: Id | None = None
    reason: Text = ""


class DecideProposal(Model):
    """Confirm or reject something the system proposed: E10, W2, D3, merges, preemption, downgrade.

    `proposal` is its id, or `<rule or kind>[:<level>]@<incident>` for the newest open one, e.g. `W2@cad-b|X1` or
    `start_response:3@cad-b|X1`. Confirming a response needs what the response itself needs: notice, expert opinion.
    """

    action: Literal["confirm", "reject"]
    proposal: Id
    reason: Text = ""
    notice: Notice | None = None
    expert_opinion: Id | None = None
    hazard_removed: bool = False


class ActivateJoint(Model):
    """The commander-in-chief orders the joint mechanism (E11)."""

    action: Literal["activate_joint"] = "activate_joint"
    incident: Id | None = None
    reason: Text = ""


class StandDown(Model):
    """End the joint mechanism of an incident; one ordered without an incident is named by its task force."""

    action: Literal["stand_down"] = "stand_down"
    incident: Id | None = None
    task_force: Id | None = None
    reason: Text


class NameLead(Model):
    """The commander names the lead department of a compound incident (TF-3)."""

    action: Literal["name_lead"] = "name_lead"
    incident: Id
    department: Department


class Authorise(Model):
    """Party committee or government lets resources be allocated across departments (AL-1)."""

    action: Literal["authorise"] = "authorise"
    incident: Id
    until: Utc | None = None
    kinds: tuple[Id, ...] = ()
    """Empty: every kind."""


class WaiveFloor(Model):
    """Reserve floors, or the reserve of a group, may be used for this incident (stage 2 of allocation.md)."""

    action: Literal["waive_floor"] = "waive_floor"
    incident: Id
    kinds: tuple[Id, ...] = ()
    districts: tuple[DistrictCode, ...] = ()
    until: Utc | None = None


class AssignByHand(Model):
    """A dispatcher takes this resource for that line, with a reason."""

    action: Literal["assign"] = "assign"
    request: Id
    line: int
    resource: Id
    quantity: int = Field(default=1, ge=1)
    reason: Text = Field(min_length=1)


class ReleaseResource(Model):
    """A dispatcher ends a commitment or recalls a unit (EDXL-RM RequestReturn)."""

    action: Literal["release_resource"] = "release_resource"
    commitment: Id
    reason: Text = ""


class Requisition(Model):
    """Requisition of social supplies, or its return or compensation (RQ-1, RQ-3)."""

    action: Literal["requisition"] = "requisition"
    incident: Id
    item: Text
    owner: Id
    step: Literal["order", "return", "compensate"] = "order"
    requisition: Id
    valuation_yuan: int | None = Field(default=None, ge=0)
    """What the item is worth: the measure of compensation for damage or loss."""
    return_by: Utc | None = None
    """When it is expected to be given back."""
    legal_basis: Text = "应对法 Art. 12, 76"


class ReportUpward(Model):
    """Send a report to a superior: peer notices are queued first, in the same transaction (NS-3, OB-30)."""

    action: Literal["report_upward"] = "report_upward"
    incident: Id
    from_unit: Id
    to_units: tuple[Id, ...] = Field(min_length=1)
    department: Department
    content: ReportContent | None = None
    """Absent: judged from the incident and the sender's department."""
    text: Text = ""


class Order(Model):
    """An order to a unit, tracked to acknowledgement and report-back (TF-10, TF-11)."""

    action: Literal["order"] = "order"
    incident: Id | None = None
    to_unit: Id
    text: Text = Field(min_length=1)


class VerifyFacts(Model):
    """Verification result for figures of an incident, or refutation of a whole report or incident (VE-*)."""

    action: Literal["verify", "refute"]
    incident: Id
    report: Id | None = None
    """refute: only what this `source|external_id` said; without it and without figures the whole incident."""
    figures: dict[str, FactValue] = {}
    """verify: the true values, or those that count now where none are given; refute: the values that are not true."""
    as_of: Utc | None = None
    reason: Text = ""


class MergeIncidents(Model):
    """Two incidents are one (SC-2), or a merged or attached source is split off again."""

    action: Literal["merge", "split", "link"]
    incident: Id
    other: Id
    """merge, link: the other incident; split: the merged incident's id or `source|external_id` to split off."""
    reason: Text = Field(min_length=1)


class ExpertOpinion(Model):
    """An expert's judgement with author and time; flags such as `spreading` enter grading only this way (EX-5)."""

    action: Literal["expert_opinion"] = "expert_opinion"
    incident: Id
    opinion: Id
    flags: dict[str, FactValue] = {}
    text: Text = Field(min_length=1)


class ReassessGrade(Model):
    """Replaces an initial determination (EQi) by a human re-assessment (domain.md 2.4)."""

    action: Literal["reassess_initial"] = "reassess_initial"
    incident: Id
    family: Id
    reason: Text = Field(min_length=1)


class TransferIncident(Model):
    """The incident belongs to another city: it goes there with its clocks (issue 4, handover)."""

    action: Literal["transfer"] = "transfer"
    incident: Id
    to_area: DistrictCode
    district: DistrictCode | None = None
    """Where in the other city, as far as known."""
    reason: Text = Field(min_length=1)


class ApproveRelease(Model):
    """The news centre approves a text for publication (PR-1..PR-3)."""

    action: Literal["approve_release"] = "approve_release"
    incident: Id | None = None
    release: Id
    text_hash: str


class CloseIncident(Model):
    """Close an incident whose response has ended; open requisitions block it (RQ-3)."""

    action: Literal["close_incident"] = "close_incident"
    incident: Id
    reason: Text = ""


Action = Annotated[
    StartResponse
    | ChangeResponse
    | EndResponse
    | DecideProposal
    | ActivateJoint
    | StandDown
    | NameLead
    | Authorise
    | WaiveFloor
    | AssignByHand
    | ReleaseResource
    | Requisition
    | ReportUpward
    | Order
    | VerifyFacts
    | MergeIncidents
    | ExpertOpinion
    | ReassessGrade
    | TransferIncident
    | ApproveRelease
    | CloseIncident,
    Field(discriminator="action"),
]


class DirectiveIssued(InputEvent):
    """Claims of one signed directive."""

    TYPE: ClassVar[str] = "directive.issued.v1"
    TOPIC: ClassVar[str] = COMMAND_DIRECTIVES
    COMMAND: ClassVar[bool] = True

    directive: Id
    realm: Id
    issuer: Id
    """Person id of the authority register."""
    office: Id
    """The office in which the person decides."""
    issued_at: Utc
    expires_at: Utc
    legal_basis: Text = ""
    command: Action

    def lookups(self) -> tuple[tuple[str, str], ...]:
        command = self.command
        refs: list[tuple[str, str]] = [("directive", self.directive)]
        for field, kind in _REFERENCES:
            value = getattr(command, field, None)
            if isinstance(value, str):
                refs.append((kind, value))
                incident = value.partition("@")[2] or value
                if "|" in incident:
                    refs.append(("external_ref", incident))
        return tuple(refs)

    def incident_ref(self) -> str | None:
        return getattr(self.command, "incident", None)


_REFERENCES = (
    ("incident", "incident"),
    ("other", "incident"),
    ("proposal", "proposal"),
    ("request", "request"),
    ("commitment", "commitment"),
    ("requisition", "requisition"),
    ("task_force", "task_force"),
    ("expert_opinion", "expert_opinion"),
    ("opinion", "expert_opinion"),
)
"""Field of a command -> kind of the entity that it names."""

"""registers: who may decide, with which key; which units and districts exist; which policy is law here."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import AreaCode, DistrictCode, Id, InputEvent, Model, Text, Utc
from schemas.topics import REGISTERS

UnitKind = Literal[
    "enterprise", "hospital", "ems_centre", "township", "emergency_management", "health", "government", "cdc",
    "public_security", "labour", "trade_union", "procuratorate", "market_regulation", "education", "ministry",
    "garrison", "member_unit", "hq_office", "news_centre", "node",
]  # fmt: skip
UnitTier = Literal["unit", "township", "district", "city", "province", "nation"]


class AreaRegistered(InputEvent):
    """A commanding city comes under Liandong, or changes its description. Must be an area's first record."""

    TYPE: ClassVar[str] = "register.area.v1"
    TOPIC: ClassVar[str] = REGISTERS

    name: Text
    province: DistrictCode | None = None
    timezone: str = "Asia/Shanghai"


class DistrictRegistered(InputEvent):
    """A county-level unit of the area; `urban` marks the city urban area 市区 (CH-3c)."""

    TYPE: ClassVar[str] = "register.district.v1"
    TOPIC: ClassVar[str] = REGISTERS

    district: DistrictCode
    name: Text
    urban: bool = False
    travel_minutes: dict[str, int] = Field(default={}, max_length=500)
    """Minutes to other districts (code -> minutes), where a table replaces the travel-time formula."""
    neighbours: tuple[DistrictCode, ...] = ()


class UnitRegistered(InputEvent):
    """An organisation: government, department, duty room, hospital, enterprise, member unit (DU-1, IN-4)."""

    TYPE: ClassVar[str] = "register.unit.v1"
    TOPIC: ClassVar[str] = REGISTERS

    unit: Id
    name: Text
    kind: UnitKind
    tier: UnitTier
    district: DistrictCode | None = None
    superior: Id | None = None
    sector_regulator: Id | None = None
    """Where the EM department is itself the sector regulator both names are equal (SC-1, OB-02)."""
    member_unit: bool = False
    """Belongs to the joint mechanism's member units 成员单位 (OB-32)."""


class PersonRegistered(InputEvent):
    """Authority register: an office holder, the offices held and the signing keys. No personal particulars."""

    TYPE: ClassVar[str] = "register.person.v1"
    TOPIC: ClassVar[str] = REGISTERS

    person: Id
    unit: Id
    offices: tuple[Id, ...]
    """Office ids of the policy's authority matrix, e.g. city_government, convener_health, hq_office."""
    district: DistrictCode | None = None
    """Where an office is a district's."""
    keys: tuple["SigningKey", ...] = ()
    valid_from: Utc
    valid_to: Utc | None = None
    delegated_by: Id | None = None


class SigningKey(Model):
    """An Ed25519 public key (RFC 8037 `x`, base64url). Revoked keys stay listed: old directives stay checkable."""

    kid: Id
    x: str = Field(min_length=43, max_length=44)
    revoked_at: Utc | None = None


class FloorRegistered(InputEvent):
    """Reserve floor of a unit kind in a district, e.g. two ambulances stay in every district."""

    TYPE: ClassVar[str] = "register.floor.v1"
    TOPIC: ClassVar[str] = REGISTERS

    kind: Id
    district: DistrictCode | None = None
    """All districts where absent."""
    floor: int = Field(ge=0)


class AgreementRegistered(InputEvent):
    """A mutual-aid agreement with another area (MA-1)."""

    TYPE: ClassVar[str] = "register.agreement.v1"
    TOPIC: ClassVar[str] = REGISTERS

    agreement: Id
    partner: AreaCode
    kinds: tuple[Id, ...]
    quantities: dict[str, int] = {}
    """At most so much of a kind is out at a time; no limit where a kind is not named."""
    travel_minutes: int = Field(default=120, ge=0)
    direction: Literal["both", "ask", "lend"] = "both"
    """Whether this city may ask the partner under it, lend to the partner, or both."""
    valid_from: Utc
    valid_to: Utc | None = None


class NodeRegistered(InputEvent):
    """The command node of a district: what is delegated to it while the district is cut off (AU-1).

    A unit of kind `node` in a district is its node without this; then the policy says what is delegated.
    """

    TYPE: ClassVar[str] = "register.node.v1"
    TOPIC: ClassVar[str] = REGISTERS

    node: Id
    district: DistrictCode
    resources: tuple[Id, ...] | None = Field(default=None, max_length=10_000)
    """Exactly these resources. Absent: what the policy delegates."""
    here: bool = False
    """This installation is the node itself: alone it commits nothing, cut off it commits what is at home in its
    district."""


class FaultSettled(InputEvent):
    """An operator is done with a fault: the record was sent again, or the fault is dismissed with a reason.

    `redriven` of a quarantined timer puts the timer back: it fires at once, late as it is.
    """

    TYPE: ClassVar[str] = "fault.settled.v1"
    TOPIC: ClassVar[str] = REGISTERS
    COMMAND: ClassVar[bool] = True

    fault: Text = Field(min_length=1)
    outcome: Literal["redriven", "dismissed"]
    by: Text = Field(min_length=1)
    reason: Text = ""


class PolicyAdopted(InputEvent):
    """From now on this area is judged by this policy version (design rule 6)."""

    TYPE: ClassVar[str] = "policy.adopted.v1"
    TOPIC: ClassVar[str] = REGISTERS

    version: str = Field(min_length=8, max_length=128)
    reason: Text = ""

"""What happens in one city, told by its upstream systems: records that refer to each other, in causal order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from schemas.base import InputEvent
from schemas.inputs import alerts, directives, duty, ems, reports, requests, resources, signals
from tests.support.city import DISTRICTS, City
from tests.support.messages import Message, Writer

KINDS = (
    ("work_safety_accident", "mass_casualty"),
    ("work_safety_accident",),
    ("road_traffic_accident", "mass_casualty"),
    ("fire_accident",),
    ("natural_disaster",),
    ("mass_casualty",),
)
AGES = (0.2, 2.0, 58.0, 59.0, 59.5, 118.5, 119.5)
"""Minutes since a first report's incident became known: some statutory terms end while a run lasts."""
FRESH = (0.1,)
"""No term ends within a bench."""
CRISIS = {
    "report": 26, "position": 16, "call": 14, "request": 9, "directive": 9, "heartbeat": 7, "status": 5, "signal": 5,
    "quantity": 3, "upward": 2, "amend": 2, "alert": 2,
}  # fmt: skip
"""Shares of kinds of records where everybody asks for more than there is: for fault runs."""
RUSH = {
    "report": 50, "position": 40, "call": 25, "heartbeat": 12, "status": 6, "signal": 6, "upward": 2, "directive": 2,
    "quantity": 0.5, "request": 0.5, "alert": 0.2,
}  # fmt: skip
"""Shares in a city whose lines ring without pause; its few requests can mostly be met."""
SYSTEMS = ("cad", "ems", "duty", "catalogue", "command")
OPEN_CASES = 10
"""A city that has so many incidents follows them up before it reports another."""


@dataclass(slots=True)
class Case:
    """One incident as the reporting systems know it."""

    external_id: str
    source: str
    district: int
    kinds: tuple[str, ...]
    occurred_at: datetime
    deaths: int = 0
    injured: int = 0
    steps: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """How directives name it."""
        return f"{self.source}|{self.external_id}"


class Story:
    """A city's records. The same seed tells the same story, but for the times."""

    def __init__(
        self, city: City, seed: int, *, ages: tuple[float, ...] = AGES, mix: Mapping[str, float] = CRISIS
    ) -> None:
        self.city = city
        self._random = Random(f"{seed}:{city.area}")
        self._ages = ages
        self._writers = {system: Writer(system, f"{city.area}-{seed}-{system}") for system in SYSTEMS}
        self.cases: list[Case] = []
        self._numbers: dict[str, int] = {}
        self._calls: list[tuple[str, int, int]] = []
        self._signals: list[str] = []
        self._alerts: list[str] = []
        chapters: dict[str, Callable[[], Message]] = {
            "report": self._report,
            "position": self._position,
            "call": self._call,
            "request": self._request,
            "directive": self._directive,
            "heartbeat": self._heartbeat,
            "status": self._status,
            "signal": self._signal,
            "quantity": self._quantity,
            "upward": self._upward,
            "amend": self._amend,
            "alert": self._alert,
        }
        self._chapters = [chapters[name] for name in mix]
        self._weights = list(mix.values())

    def opening(self) -> list[Message]:
        """The registers, the area itself first."""
        return [self._write("command", event) for event in self.city.registers()]

    def next(self) -> Message:
        """The next record."""
        return self._random.choices(self._chapters, self._weights)[0]()

    def report_stream(self) -> Iterator[Message]:
        """First reports and follow-ups, and nothing else."""
        while True:
            yield self._report()

    def write(self, system: str, event: InputEvent) -> Message:
        """The record of an event that somebody else thought of."""
        return self._write(system, event)

    # ---- helpers

    def _write(self, system: str, event: InputEvent, signer: str | None = None) -> Message:
        return self._writers[system].write(event, key=self.city.key(signer) if signer else None)

    def _number(self, series: str) -> str:
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{self.city.area}-{series}-{self._numbers[series]}"

    def _district(self) -> int:
        return self._random.randrange(DISTRICTS)

    def _case(self) -> Case | None:
        return self._random.choice(self.cases) if self.cases else None

    # ---- incident.reports

    def _report(self) -> Message:
        if len(self.cases) < OPEN_CASES and self._random.random() < (0.9 if not self.cases else 0.25):
            return self._first_report()
        case = self._case()
        return self.follow_up(case) if case else self._first_report()

    def _first_report(self) -> Message:
        at, now = self._district(), datetime.now(UTC)
        source = self._random.choice(("cad", "ems"))
        ago = self._random.choice(self._ages)
        case = Case(
            self._number("X"), f"{source}-{self.city.area}", at, self._random.choice(KINDS),
            now - timedelta(minutes=ago + 1), self._random.choice((0, 0, 0, 1, 3)), self._random.randrange(0, 12),
        )  # fmt: skip
        self.cases.append(case)
        known = now - timedelta(minutes=ago)
        return self._write(source, self._reported(case, "initial", known, self.city.unit("PLANT", at)))

    def follow_up(self, case: Case) -> Message:
        """The next report about an incident."""
        case.steps += 1
        case.deaths += self._random.choice((0, 0, 0, 0, 0, 1, 2))
        case.injured += self._random.choice((0, 0, 1, 2, 5))
        system = self._random.choice(("cad", "ems"))
        unit = self._random.choice(("EM", "HEALTH", "HOSPITAL"))
        series = "final" if case.steps > 25 and self._random.random() < 0.2 else "follow_up"
        if series == "final":
            self.cases.remove(case)
        return self._write(system, self._reported(case, series, datetime.now(UTC), self.city.unit(unit, case.district)))

    def _reported(self, case: Case, series: str, known: datetime, unit: str) -> reports.IncidentReported:
        return reports.IncidentReported(
            area=self.city.area,
            external_id=case.external_id,
            source=case.source,
            channel="cad" if case.source.startswith("cad") else "ems_120",
            series=series,
            reporter_unit=unit,
            received_by=self.city.unit("EM", case.district),
            hazard_kinds=case.kinds,
            place=reports.Place(district=self.city.districts[case.district], text="化工厂爆炸，现场有人员被困"),
            occurred_at=case.occurred_at,
            known_at=known,
            received_at=known,
            as_of=datetime.now(UTC),
            figures={
                "deaths": case.deaths,
                "injured": case.injured,
                "serious": case.injured // 3,
                "critical": case.injured // 8,
            },
            verification=self._random.choice(("unverified", "unverified", "verified")),
            needs=("sanitation",) if self._random.random() < 0.05 else (),
        )

    def _upward(self) -> Message:
        case = self._case()
        if case is None:
            return self._report()
        now = datetime.now(UTC)
        return self._write("cad", reports.UpwardReportNoticed(
            area=self.city.area, source=case.source, external_id=case.external_id,
            from_unit=self.city.unit("EM", case.district), to_units=(self.city.unit("EM"),),
            department="emergency_management", reported_at=now, received_at=now, content="casualties",
        ))  # fmt: skip

    # ---- resource.requests, resource.updates

    def _request(self) -> Message:
        case = self._case()
        if case is None:
            return self._report()
        number = self._number("RQ")
        case.requests.append(number)
        wanted = self._random.choices(
            ("ambulance", "icu_bed", "ppe", "disinfectant", "EMR", "rescue_team"), (6, 4, 3, 3, 2, 2), k=2
        )
        most = {"ppe": 60, "disinfectant": 40, "icu_bed": 2, "ambulance": 2}
        lines = tuple(
            requests.RequestLine(line=at, kind=kind, quantity=self._random.randint(1, most.get(kind, 1)))
            for at, kind in enumerate(dict.fromkeys(wanted), 1)
        )
        health = self._random.random() < 0.7
        return self._write("cad", requests.ResourceRequested(
            area=self.city.area, request=number, source=case.source, external_id=case.external_id,
            unit=self.city.unit("HEALTH" if health else "EM", case.district),
            department="health" if health else "emergency_management",
            for_task_force=self._random.random() < 0.1,
            place=reports.Place(district=self.city.districts[case.district]), lines=lines,
        ))  # fmt: skip

    def _amend(self) -> Message:
        case = self._case()
        if case is None or not case.requests:
            return self._request()
        number, unit = self._random.choice(case.requests), self.city.unit("HEALTH", case.district)
        if self._random.random() < 0.5:
            return self._write("cad", requests.RequestCancelled(area=self.city.area, request=number, unit=unit))
        more = {1: self._random.randrange(0, 4)}
        return self._write(
            "cad", requests.RequestAmended(area=self.city.area, request=number, unit=unit, quantities=more)
        )

    def _unit_of_catalogue(self) -> str:
        kind = self._random.choice(("ambulance", "ambulance", "ambulance", "EMR", "rescue_team"))
        return self.city.resource(kind, self._district(), self._random.randint(1, 4) if kind == "ambulance" else 1)

    def _position(self) -> Message:
        at, number = self._district(), self._random.randint(1, 4)
        spot = self.city.spot(at, number)
        moved = {"lat": spot.lat + self._random.random() / 50, "lon": spot.lon + self._random.random() / 50}
        return self._write("catalogue", resources.ResourcePositioned(
            area=self.city.area, resource=self.city.resource("ambulance", at, number),
            position=spot.model_copy(update=moved), observed_at=datetime.now(UTC),
        ))  # fmt: skip

    def _status(self) -> Message:
        status = self._random.choice(("ready", "ready", "ready", "busy", "rest", "out_of_service"))
        return self._write("catalogue", resources.ResourceStatusReported(
            area=self.city.area, resource=self._unit_of_catalogue(), status=status, observed_at=datetime.now(UTC)
        ))  # fmt: skip

    def _quantity(self) -> Message:
        kind, most = self._random.choice((("ppe", 900), ("disinfectant", 400), ("icu_bed", 4)))
        return self._write("catalogue", resources.ResourceQuantityReported(
            area=self.city.area, resource=self.city.resource(kind, self._district()),
            quantity=self._random.randint(most // 2, most), observed_at=datetime.now(UTC),
        ))  # fmt: skip

    # ---- duty.updates, ems.calls, alerts, monitoring.signals

    def _heartbeat(self) -> Message:
        at = self._district()
        return self._write("duty", duty.HeartbeatReceived(
            area=self.city.area, unit=self.city.unit("EM", at), district=self.city.districts[at],
            observed_at=datetime.now(UTC), interval_s=3600,
        ))  # fmt: skip

    def _call(self) -> Message:
        steps = ("received", "answered", "dispatched", "departed", "arrived", "handed_over")
        if not self._calls or self._random.random() < 0.2:
            self._calls.append((self._number("C"), self._district(), 0))
        call, at, step = self._calls.pop(self._random.randrange(len(self._calls)))
        if step + 1 < len(steps):
            self._calls.append((call, at, step + 1))
        return self._write("ems", ems.EmsCallProgressed(
            area=self.city.area, call=call, step=steps[step], district=self.city.districts[at],
            observed_at=datetime.now(UTC),
        ))  # fmt: skip

    def _alert(self) -> Message:
        known = bool(self._alerts) and self._random.random() < 0.5
        alert = self._random.choice(self._alerts) if known else self._number("AL")
        if not known:
            self._alerts.append(alert)
        now = datetime.now(UTC)
        return self._write("command", alerts.AlertIssued(
            area=self.city.area, alert=alert, hazard_kind="natural_disaster",
            alert_level=self._random.choice(("yellow", "blue", "orange")),
            message_type=self._random.choice(("update", "cancel")) if known else "alert",
            districts=(self.city.districts[self._district()],), issued_by=self.city.unit("EM"),
            issued_at=now, expires_at=now + timedelta(hours=6),
        ))  # fmt: skip

    def _signal(self) -> Message:
        now = datetime.now(UTC)
        if not self._signals or self._random.random() < 0.4:
            self._signals.append(self._number("S"))
            return self._write("duty", signals.SignalRaised(
                area=self.city.area, signal=self._signals[-1], channel="syndrome",
                district=self.city.districts[self._district()], raised_at=now,
            ))  # fmt: skip
        step = self._random.choice(("responded", "evaluated", "verified", "refuted"))
        return self._write("duty", signals.SignalProgressed(
            area=self.city.area, signal=self._random.choice(self._signals), step=step,
            by_unit=self.city.unit("CDC"), observed_at=now,
        ))  # fmt: skip

    # ---- command.directives

    def _directive(self) -> Message:
        case = self._case()
        if case is None:
            return self._report()
        signer, office, command = self._command(case)
        now = datetime.now(UTC)
        event = directives.DirectiveIssued(
            area=self.city.area, directive=self._number("D"), realm="actual", issuer=self.city.person(signer),
            office=office, issued_at=now, expires_at=now + timedelta(hours=1), legal_basis="应对法 Art. 72",
            command=command,
        )  # fmt: skip
        forged = self._random.random() < 0.04
        return self._write("command", event, "hq" if forged and signer != "hq" else signer)

    def _command(self, case: Case) -> tuple[str, str, directives.Action]:
        notice = directives.Notice(
            matter="事故救援", expected_until=datetime.now(UTC) + timedelta(days=1), measures=("疏散", "救治")
        )
        em, hq, mayor = ("em", "em_department"), ("hq", "hq_office"), ("mayor", "city_government")
        choices: tuple[tuple[int, str, str, directives.Action], ...] = (
            (5, *mayor, directives.Authorise(incident=case.ref)),
            (2, *mayor, directives.StartResponse(incident=case.ref, zone=self.city.area, level=3, notice=notice)),
            (2, *mayor, directives.EndResponse(incident=case.ref, zone=self.city.area, hazard_removed=True)),
            (3, f"head-{case.district}", "district_government", directives.StartResponse(
                incident=case.ref, zone=self.city.districts[case.district], level=4, notice=notice)),
            (2, "convener-h", "convener_health", directives.DecideProposal(
                action="confirm", proposal=f"W2@{case.ref}")),
            (2, "convener-em", "convener_em", directives.DecideProposal(
                action="confirm", proposal=f"W2@{case.ref}")),
            (1, "commander", "commander_in_chief", directives.ActivateJoint(incident=case.ref, reason="需要")),
            (1, *hq, directives.StandDown(incident=case.ref, reason="结束")),
            (3, *hq, directives.Order(incident=case.ref, to_unit=self.city.unit("EM", case.district), text="速报")),
            (3, *em, directives.ReportUpward(
                incident=case.ref, from_unit=self.city.unit("EM"), to_units=(self.city.unit("GOV"),),
                department="emergency_management", content="casualties")),
            (2, *em, directives.VerifyFacts(action="verify", incident=case.ref, figures={"deaths": case.deaths})),
            (1, "expert", "expert_lead", directives.ExpertOpinion(
                incident=case.ref, opinion=self._number("O"), text="无扩散", flags={"spreading": False})),
            (1, *mayor, directives.WaiveFloor(incident=case.ref)),
            (1, "dispatcher-120", "dispatcher_120", directives.AssignByHand(
                request=case.requests[-1] if case.requests else "none", line=1,
                resource=self._unit_of_catalogue(), reason="最近")),
            (3, *hq, directives.CloseIncident(incident=case.ref, reason="处置完毕")),
        )  # fmt: skip
        _, signer, office, command = self._random.choices(choices, [weight for weight, *_ in choices])[0]
        return signer, office, command

"""The gate before the public: verified, then approved, then the same text everywhere (PR-1 to PR-3, PR-6, PR-9)."""

from collections.abc import Iterator, Mapping

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs.releases import PublicationObserved, ReleaseDrafted, RumourDetected, RumourProgressed
from schemas.inputs.reports import FactValue
from schemas.outputs import release_events as out
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.context import Context, TimerFired
from streams.domain.core import Incident, Unit
from streams.domain.directives.days import law
from streams.domain.directives.refs import resolve_incident
from streams.domain.directives.refusals import Refusal, refused
from streams.domain.monitoring.entities import Release, Rumour
from streams.domain.notification.queueing import after
from streams.domain.state import AreaState
from streams.policy.monitoring import Gate


def decide_draft(state: AreaState, event: ReleaseDrafted, context: Context) -> Iterator[OutputEvent]:
    """Block what is not verified, record the attempt; pass advisories of a CDC, let releases wait for approval."""
    gate = law(state, context.policy.monitoring, context.now).gate
    known = state.get(Release, event.release)
    if gate is None or (known is not None and known.status == "published"):
        return
    incident = resolve_incident(state, event.incident)
    code, unfit = _verdict(state, event, incident, gate)
    common = {
        "incident": incident.id if incident is not None else None,
        "release": event.release,
        "kind": event.kind,
        "by_unit": event.by_unit,
        "text_hash": event.text_hash,
        "at": context.now,
    }
    if code is not None:
        yield out.ReleaseBlocked.model_validate({**common, "code": code, "unfit": unfit, "source": gate.source})
        return
    yield out.ReleaseVerified.model_validate(
        {
            **common,
            "information_class": event.information_class,
            "figures": event.figures,
            "channels": event.channels,
        }
    )
    if event.kind == "risk_advisory":
        yield from _published(state, context, event.release)


def _verdict(
    state: AreaState, event: ReleaseDrafted, incident: Incident | None, gate: Gate
) -> tuple[str | None, tuple[out.Unfit, ...]]:
    if event.incident is not None and incident is None:
        return "INCIDENT_UNKNOWN", ()
    unfit = tuple(unfit_figures(event.figures, incident))
    if unfit:
        return "UNVERIFIED_FIGURES", unfit
    if event.kind == "risk_advisory":
        unit = state.get(Unit, event.by_unit)
        return (None, ()) if unit is not None and unit.entry.kind in gate.advisory_kinds else ("NOT_A_CDC", ())
    if event.information_class in gate.reserved and event.authorised_by is None:
        return "NOT_AUTHORISED", ()
    return None, ()


def unfit_figures(figures: Mapping[str, FactValue], incident: Incident | None) -> Iterator[out.Unfit]:
    """Figures that must not be published: not verified, refuted, or not what counts now (VE-1, PR-1)."""
    for name, value in figures.items():
        counts = incident.figures.get(name) if incident is not None else None
        status = incident.verification.get(name, "unverified") if incident is not None else "unverified"
        if counts is None:
            yield out.Unfit(figure=name, stated=value, counts=None, reason="unknown")
        elif status != "verified":
            yield out.Unfit(figure=name, stated=value, counts=counts, reason=status)
        elif counts != value:
            yield out.Unfit(figure=name, stated=value, counts=counts, reason="differs")


def on_directive(state: AreaState, event: DirectiveAccepted, context: Context) -> Iterator[OutputEvent]:
    """The news centre approves exactly this wording; figures are looked at once more."""
    command = event.command
    if not isinstance(command, cmd.ApproveRelease):
        return
    release = state.get(Release, command.release)
    refusal = _refusal(state, command, release)
    if refusal is not None or release is None:
        incident = release.incident if release is not None else None
        yield refused(context, refusal or Refusal("UNKNOWN_RELEASE", command.release), incident)
        return
    yield out.ReleaseApproved(
        incident=release.incident,
        release=release.id,
        kind=release.kind,
        by_unit=release.by_unit,
        text_hash=release.text_hash,
        issuer=event.issuer,
        office=event.office,
        directive=event.directive,
        at=context.now,
    )
    yield from _published(state, context, command.release)


def _refusal(state: AreaState, command: cmd.ApproveRelease, release: Release | None) -> Refusal | None:
    if release is None or release.status == "published":
        return Refusal("UNKNOWN_RELEASE", f"no release {command.release} waits for approval")
    if release.status == "blocked":
        return Refusal("RELEASE_BLOCKED", f"{release.id} is blocked: its figures are not verified")
    if release.text_hash != command.text_hash:
        return Refusal("TEXT_CHANGED", f"{release.id} was drafted in another wording", {"drafted": release.text_hash})
    unfit = tuple(unfit_figures(release.figures, state.get(Incident, release.incident)))
    if unfit:
        figures = [one.figure for one in unfit]
        return Refusal("FIGURES_CHANGED", f"{release.id} states figures that no longer count", {"figures": figures})
    return None


def _published(state: AreaState, context: Context, id: str) -> Iterator[OutputEvent]:
    release = state.of(Release)[id]
    for channel in release.channels:
        yield out.ReleasePublished(
            incident=release.incident,
            release=id,
            kind=release.kind,
            by_unit=release.by_unit,
            text_hash=release.text_hash,
            channel=channel,
            at=context.now,
        )


def decide_observed(state: AreaState, event: PublicationObserved, context: Context) -> Iterator[OutputEvent]:
    """Compare what the public saw with what was approved (PR-3)."""
    release = state.get(Release, event.release)
    approved = release.text_hash if release is not None and release.status == "published" else None
    if approved == event.text_hash:
        return
    yield out.PublicationDiffers(
        incident=release.incident if release is not None else None,
        release=event.release,
        channel=event.channel,
        text_hash=event.text_hash,
        approved_hash=approved,
        by_unit=event.by_unit,
        at=min(event.observed_at, context.now),
    )


def decide_rumour(state: AreaState, event: RumourDetected, context: Context) -> Iterator[OutputEvent]:
    """Put it on record; it must be answered in the term (PR-4, PR-10)."""
    if state.get(Rumour, event.rumour) is not None:
        return
    gate = law(state, context.policy.monitoring, context.now).gate
    incident = resolve_incident(state, event.incident)
    yield out.RumourTaken(
        incident=incident.id if incident is not None else None,
        rumour=event.rumour,
        district=event.district,
        channel=event.channel,
        detected_at=event.detected_at,
        due=after(event.detected_at, gate.rumour_minutes if gate is not None else None),
        text=event.text,
    )


def decide_rumour_step(state: AreaState, event: RumourProgressed, context: Context) -> Iterator[OutputEvent]:
    """Assessed, refuted or confirmed, with both instants."""
    rumour = state.get(Rumour, event.rumour)
    if rumour is None or rumour.status == event.step or not rumour.resident():
        return
    at = min(event.observed_at, context.now)
    yield out.RumourAdvanced(
        incident=rumour.incident,
        rumour=rumour.id,
        step=event.step,
        by_unit=event.by_unit,
        release=event.release,
        detected_at=rumour.detected_at,
        at=at,
        late=rumour.due is not None and at > rumour.due,
    )


def decide_rumour_due(state: AreaState, fired: TimerFired, context: Context) -> Iterator[OutputEvent]:
    """Neither refuted nor confirmed in the term."""
    rumour = state.get(Rumour, fired.ref)
    if rumour is not None and rumour.resident():
        yield out.RumourOverdue(incident=rumour.incident, rumour=rumour.id, due=fired.due)

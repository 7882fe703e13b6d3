"""Concern `monitoring`: its table of contents."""

from schemas.inputs.ems import EmsCallProgressed
from schemas.inputs.releases import PublicationObserved, ReleaseDrafted, RumourDetected, RumourProgressed
from schemas.inputs.signals import SignalProgressed, SignalRaised
from schemas.outputs import release_events as rel
from schemas.outputs import signal_events as sig
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.context import Concern
from streams.domain.monitoring import calls, records, releases, signals

MONITORING = Concern(
    name="monitoring",
    inputs={
        SignalRaised: signals.decide_raised,
        SignalProgressed: signals.decide_progressed,
        EmsCallProgressed: calls.decide_call,
        ReleaseDrafted: releases.decide_draft,
        PublicationObserved: releases.decide_observed,
        RumourDetected: releases.decide_rumour,
        RumourProgressed: releases.decide_rumour_step,
    },
    timers={records.RESPONSE: signals.decide_due, records.RUMOUR: releases.decide_rumour_due},
    reactions={DirectiveAccepted: releases.on_directive},
    evolve={
        sig.SignalEntered: records.evolve_entered,
        sig.SignalAnswered: records.evolve_answered,
        sig.SignalMissed: records.evolve_missed,
        sig.SignalJudged: records.evolve_judged,
        sig.SignalEvaluated: records.evolve_evaluated,
        sig.RateMeasured: records.evolve_rate,
        sig.KpiBreached: records.evolve_kpi,
        sig.KpiRecovered: records.evolve_kpi,
        sig.CallAdvanced: records.evolve_call,
        rel.ReleaseBlocked: records.evolve_blocked,
        rel.ReleaseVerified: records.evolve_verified,
        rel.ReleaseApproved: records.evolve_nothing,
        rel.ReleasePublished: records.evolve_published,
        rel.PublicationDiffers: records.evolve_nothing,
        rel.RumourTaken: records.evolve_rumour,
        rel.RumourAdvanced: records.evolve_rumour_step,
        rel.RumourOverdue: records.evolve_nothing,
    },
)

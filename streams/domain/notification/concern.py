"""Concern `notification`: its table of contents."""

from schemas.inputs import duty
from schemas.outputs import notification_events as out
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.autonomy_events import AutonomyEntered
from schemas.outputs.command_events import AlertStateChanged
from schemas.outputs.incident_events import NeedStated
from streams.domain.context import Concern
from streams.domain.notification import ladder, orders, records, tasks, watch

NOTIFICATION = Concern(
    name="notification",
    inputs={
        duty.LiaisonRegistered: watch.decide_liaison,
        duty.RosterRegistered: watch.decide_roster,
        duty.HeartbeatReceived: watch.decide_heartbeat,
        duty.NoticeReceipted: ladder.decide_receipt,
        duty.NoticeAcknowledged: ladder.decide_answer,
        duty.OrderProgressed: orders.decide_progress,
        duty.TaskProgressed: tasks.decide_progress,
    },
    timers={
        records.RECEIPT: ladder.decide_receipts_due,
        records.ANSWER: ladder.decide_answer_due,
        records.STEP: orders.decide_step_due,
        records.SILENCE: watch.decide_silence,
        records.UNCOVERED: watch.decide_uncovered,
    },
    reactions={
        DirectiveAccepted: orders.on_directive,
        NeedStated: tasks.on_need,
        out.DistrictFellSilent: tasks.on_silence,
        AlertStateChanged: tasks.on_alert,
        AutonomyEntered: tasks.on_autonomy,
    },
    evolve={
        out.NoticeQueued: records.evolve_queued,
        out.NoticeDelivered: records.evolve_channel,
        out.NoticeFailed: records.evolve_channel,
        out.NoticeCompleted: records.evolve_completed,
        out.NoticeIncomplete: records.evolve_incomplete,
        out.NoticeAnswered: records.evolve_answered,
        out.NoticeEscalated: records.evolve_escalated,
        out.NoticeUnanswered: records.evolve_unanswered,
        out.ReachabilityBreached: records.evolve_unreachable,
        out.LiaisonTaken: records.evolve_liaison,
        out.LiaisonMissing: records.evolve_missing,
        out.ShiftTaken: records.evolve_shift,
        out.DutyUncovered: records.evolve_uncovered,
        out.HeartbeatTaken: records.evolve_heartbeat,
        out.DistrictFellSilent: records.evolve_silent,
        out.ContactLost: records.evolve_silent,
        out.DistrictCameBack: records.evolve_back,
        out.ContactRestored: records.evolve_back,
        out.OrderIssued: records.evolve_order,
        out.OrderAdvanced: records.evolve_step,
        out.OrderStepMissed: records.evolve_step_missed,
        out.TaskOpened: records.evolve_task,
        out.TaskAdvanced: records.evolve_task_step,
    },
)

"""The concerns in the order in which an event meets them."""

from streams.domain.activation.concern import ACTIVATION
from streams.domain.allocation import ALLOCATION
from streams.domain.autonomy.concern import AUTONOMY
from streams.domain.context import Concern
from streams.domain.directives.concern import DIRECTIVES
from streams.domain.escalation.concern import ESCALATION
from streams.domain.grading import GRADING
from streams.domain.handover.concern import HANDOVER
from streams.domain.intake import INTAKE
from streams.domain.monitoring.concern import MONITORING
from streams.domain.mutual_aid.concern import MUTUAL_AID
from streams.domain.notification.concern import NOTIFICATION
from streams.domain.obligations.concern import OBLIGATIONS
from streams.domain.registers import REGISTERS

CONCERNS: tuple[Concern, ...] = (
    REGISTERS,
    DIRECTIVES,
    INTAKE,
    GRADING,
    ESCALATION,
    OBLIGATIONS,
    ACTIVATION,
    HANDOVER,
    ALLOCATION,
    MUTUAL_AID,
    NOTIFICATION,
    MONITORING,
    AUTONOMY,
)

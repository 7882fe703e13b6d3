"""Concern `allocation`: who gets what: urgent first, nearest first, balanced (急需先行、就近就便、统筹平衡)."""

from schemas.inputs import requests as req
from schemas.inputs import resources as res
from schemas.inputs.registers import FloorRegistered
from schemas.outputs import allocation_events as out
from schemas.outputs import catalogue_events as cat
from schemas.outputs import supply_events as sup
from schemas.outputs.area_events import DirectiveAccepted
from schemas.outputs.bed_events import BedTierClosed, BedTierOpened
from schemas.outputs.proposal_events import ProposalDecided
from streams.domain.allocation import evolve as ev
from streams.domain.allocation import upkeep
from streams.domain.allocation.beds import evolve_closed, evolve_opened
from streams.domain.allocation.catalogue import (
    decide_entry,
    decide_expiry,
    decide_floor,
    decide_quantity,
    decide_status,
)
from streams.domain.allocation.desk import REPLAN
from streams.domain.allocation.lifecycle import (
    decide_deployment,
    decide_lapse,
    decide_rested,
    decide_silence,
    decide_wave,
)
from streams.domain.allocation.orders import react_directive
from streams.domain.allocation.preempt import react_decided, react_opened
from streams.domain.allocation.replan import decide_replan
from streams.domain.allocation.requests import decide_amendment, decide_cancellation, decide_request
from streams.domain.allocation.routes import evolve_routed
from streams.domain.context import Concern

ALLOCATION = Concern(
    name="allocation",
    inputs={
        res.ResourceRegistered: decide_entry,
        res.ResourceStatusReported: decide_status,
        res.ResourceQuantityReported: decide_quantity,
        res.ResourceDeploymentReported: decide_deployment,
        FloorRegistered: decide_floor,
        req.ResourceRequested: decide_request,
        req.RequestAmended: decide_amendment,
        req.RequestCancelled: decide_cancellation,
    },
    timers={
        ev.ACCEPT: decide_silence,
        ev.HOLD: decide_lapse,
        ev.WAVE: decide_wave,
        ev.REST: decide_rested,
        ev.EXPIRY: decide_expiry,
        ev.HEARTBEAT: upkeep.decide_contact,
        REPLAN: decide_replan,
    },
    reactions={
        DirectiveAccepted: react_directive,
        ProposalDecided: react_decided,
        BedTierOpened: react_opened,
        cat.ResourceCatalogued: upkeep.react_catalogued,
        cat.ResourceCounted: upkeep.react_counted,
        cat.ReadinessReported: upkeep.react_readiness,
    },
    evolve={
        cat.ResourceCatalogued: ev.evolve_catalogued,
        cat.FloorTaken: ev.evolve_floor,
        cat.ResourceStatusChanged: ev.evolve_status,
        cat.ResourceCounted: ev.evolve_counted,
        cat.ReadinessReported: ev.evolve_readiness,
        cat.PositionsAdopted: ev.evolve_positions,
        cat.TravelTimesAdopted: evolve_routed,
        out.RequestAdmitted: ev.evolve_admitted,
        out.RequestChanged: ev.evolve_amended,
        out.RequestWithdrawn: ev.evolve_withdrawn,
        out.LineDecided: ev.evolve_decided,
        out.ResourceCommitted: ev.evolve_committed,
        out.CommitmentAdvanced: ev.evolve_changed,
        out.CommitmentDeclined: ev.evolve_changed,
        out.CommitmentUnanswered: ev.evolve_changed,
        out.CommitmentDisplaced: ev.evolve_changed,
        out.CommitmentPreempted: ev.evolve_changed,
        out.CommitmentEnded: ev.evolve_changed,
        out.CommitmentHeard: ev.evolve_heard,
        sup.RequisitionChanged: upkeep.evolve_requisition,
        sup.StockNormJudged: upkeep.evolve_norm,
        sup.StockCoverageJudged: upkeep.evolve_coverage,
        sup.ReadinessJudged: upkeep.evolve_team,
        sup.ContactLost: upkeep.evolve_lost,
        out.DeploymentContradicted: ev.evolve_nothing,
        out.OrdersReplanned: ev.evolve_nothing,
        out.AllocationAuthorised: ev.evolve_authorised,
        BedTierOpened: evolve_opened,
        BedTierClosed: evolve_closed,
        out.FloorWaived: ev.evolve_waived,
    },
)

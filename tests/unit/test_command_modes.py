"""Phases, modes, profiles of command (RL-1, RL-5), as acts and the joint mechanism change them."""

from schemas.outputs.command_events import ModeChanged, PhaseChanged, ProfileChanged
from tests.unit.command_city import NOTICE, City, of

WSA = ("work_safety_accident",)


def test_the_phases_of_an_incident_from_normal_to_closed() -> None:
    """RL-1: 常态 - 响应 - 降级 - 终止 - 恢复 - 关闭."""
    city = City()
    city.report(kinds=WSA, deaths=12)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="o1", text="可控")
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion="o1")
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="o2", text="可控")
    city.order("mayor", "end_response", incident="cad|X1", expert_opinion="o2")
    city.order("hq", "close_incident", incident="cad|X1", reason="完毕")
    assert [event.phase for event in of(PhaseChanged, city.events)] == [
        "response",
        "lowered",
        "ended",
        "recovery",
        "closed",
    ]
    assert not city.waiting(), "a closed incident waits for nobody"


def test_a_raise_after_a_lowering_is_a_response_again() -> None:
    city = City()
    city.report(kinds=WSA, deaths=12)
    city.order("governor", "start_response", incident="cad|X1", level=2, notice=NOTICE)
    city.order("expert", "expert_opinion", incident="cad|X1", opinion="o1", text="可控")
    city.order("governor", "lower_response", incident="cad|X1", level=3, expert_opinion="o1")
    city.order("governor", "raise_response", incident="cad|X1", level=2)
    assert of(PhaseChanged, city.last)[0].phase == "response"


def test_each_level_has_its_profile() -> None:
    """RL-1: report cadence, duty, bed tier, stock norm, release rule; RL-4: told with the decision's instant."""
    city = City()
    city.report(kinds=WSA, deaths=12)
    city.order("mayor", "start_response", incident="cad|X1", level=3, notice=NOTICE)
    (profile,) = of(ProfileChanged, city.last)
    assert (profile.profile, profile.values["bed_tier"], profile.decided_at) == ("PF-3", 2, city.now)
    city.order("governor", "raise_response", incident="cad|X1", level=2)
    assert [(event.previous, event.profile) for event in of(ProfileChanged, city.last)] == [("PF-3", "PF-2")]


def test_command_is_daily_for_general_and_emergency_for_major_incidents_and_joint_when_joint() -> None:
    """RL-5, W2."""
    city = City()
    city.report(kinds=WSA, deaths=1)
    city.order("head-2", "start_response", incident="cad|X1", level=4, notice=NOTICE)
    assert not of(ModeChanged, city.events)
    city.report(kinds=WSA, deaths=10)
    assert [(event.previous, event.mode) for event in of(ModeChanged, city.last)] == [("daily", "emergency")]
    city.order("commander", "activate_joint", incident="cad|X1")
    assert of(ModeChanged, city.last)[0].mode == "joint"
    city.order("commander", "stand_down", incident="cad|X1", reason="完毕")
    assert of(ModeChanged, city.last)[0].mode == "emergency"


def test_an_order_of_the_commander_makes_command_joint_without_any_response() -> None:
    """SC-7: response none, mode joint."""
    city = City()
    city.report(kinds=("mass_casualty",), casualties=9, critical=1)
    city.order("commander", "activate_joint", incident="cad|X1")
    assert city.command().mode == "joint"
    assert not city.responses()
    assert city.command().phase == "normal"

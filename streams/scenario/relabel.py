"""The same run in another commanding city and realm, so that many runs share one worker: areas know nothing of others.

Only codes change (990101 becomes 700101); whoever writes laws for a single city's code plays in a realm of its own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from streams.scenario.late import Late
from streams.scenario.model import AnyExpectation, EventExpected, Scenario, Send, StateExpected
from streams.scenario.names import Names

PREFIX = 4
"""Digits of a division code that name the city."""
Change = Callable[[Any], Any]


def relabelled(scenario: Scenario, codes: Iterator[str], realm: str) -> Scenario:
    """The run with its cities' codes replaced by the next ones of `codes` (areas such as 700100), in `realm`."""
    prefixes = {area[:PREFIX]: next(codes)[:PREFIX] for area in sorted(scenario.areas())}
    old = re.compile(rf"(?<!\d)({'|'.join(prefixes)})(\d\d)(?!\d)")

    def renumbered(found: re.Match[str]) -> str:
        return prefixes[found[1]] + found[2]

    def change(value: Any) -> Any:
        if isinstance(value, str):
            return realm if value == scenario.realm else old.sub(renumbered, value)
        if isinstance(value, dict):
            return {change(key): change(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(change(item) for item in value)
        return _late(value, change) if isinstance(value, Late) else value

    return replace(
        scenario,
        realm=realm,
        names=_names(scenario.names, change),
        fixture=tuple(_send(send, change) for send in scenario.fixture),
        steps=tuple(replace(s, send=_send(s.send, change) if s.send else None) for s in scenario.steps),
        expectations=tuple(_expectation(one, change) for one in scenario.expectations),
    )


def _late(late: Late, change: Change) -> Late:
    return replace(late, data=change(late.data), fallback=change(late.fallback))


def _names(names: Names, change: Change) -> Names:
    return replace(
        names,
        area=change(names.area),
        districts=change(names.districts),
        areas=change(names.areas),
        homes={person: change(area) for person, area in names.homes.items()},
        resources={key: change(district) for key, district in names.resources.items()},
    )


def _send(send: Send, change: Change) -> Send:
    return replace(send, data=change(send.data), area=change(send.area))


def _expectation(one: AnyExpectation, change: Change) -> AnyExpectation:
    if isinstance(one, EventExpected):
        return replace(one, data=change(one.data))
    if isinstance(one, StateExpected):
        return replace(one, match=change(one.match), fields=change(one.fields))
    return replace(one, match=change(one.match), equals=change(one.equals))

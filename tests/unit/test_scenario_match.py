"""Matching of what was seen against what a scenario wrote."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.scenario.match import Matcher
from streams.scenario.times import Calendar

NAMES = {"B": {"990102"}, "PLANT": {"INC-1", "INC-2"}}
MATCHER = Matcher(Calendar(date(2026, 3, 10), ZoneInfo("Asia/Shanghai")), lambda word: frozenset(NAMES.get(word, ())))
SEEN: dict[str, Any] = {
    "incident": "INC-1",
    "composite": 3,
    "none": None,
    "flag": True,
    "due": "2026-03-10T03:20:00Z",
    "place": {"district": "990102", "point": None},
    "families": [
        {"family": "WSA", "severity": 3, "hits": [{"rule": "WSA-3"}]},
        {"family": "MRE", "severity": 4, "hits": [{"rule": "MRE-4a"}, {"rule": "MRE-4b"}]},
    ],
    "sums": {"990102": 3},
    "text": "爆炸事故救援",
}


@pytest.mark.parametrize(
    "wanted",
    [
        {"incident": "PLANT", "composite": 3},
        {"place": {"district": "B"}},
        {"due": "11:20"},
        {"due": {"lte": "11:20", "gt": "11:19"}},
        {"none": None},
        {"composite": {"gte": 3, "lt": 4, "ne": 2}},
        {"composite": {"in": [2, 3]}, "incident": {"not_in": ["INC-3"]}},
        {"families": {"contains": {"family": "WSA", "hits": [{"rule": "WSA-3"}]}, "size": 2}},
        {"families": {"contains_all": [{"family": "MRE"}, {"family": "WSA"}], "lacks": {"family": "PHE"}}},
        {"families": {"each": {"severity": {"gte": 3}}}},
        {"families": {"same_items": [{"family": "MRE"}, {"family": "WSA"}]}},
        {"sums": {"B": 3}},
        {"absent": {"exists": False}, "flag": True, "none": {"exists": False}},
        {"text": {"contains": "爆炸"}},
        {"text": {"matches": "^爆.*援$"}},
        {"absent": {"lacks": "anything"}},
    ],
)
def test_a_pattern_that_says_what_is_there_matches(wanted: Any) -> None:
    assert MATCHER.differences(wanted, SEEN) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"incident": "INC-3"},
        {"composite": "III"},
        {"composite": True},
        {"flag": 1},
        {"none": 0},
        {"due": "11:21"},
        {"due": {"lt": "11:20"}},
        {"families": [{"family": "WSA"}]},
        {"families": {"contains_all": [{"family": "WSA"}, {"family": "PHE"}]}},
        {"families": {"same_items": [{"family": "WSA"}]}},
        {"families": {"size": {"gt": 2}}},
        {"absent": {"exists": True}},
        {"absent": 3},
        {"text": {"lacks": "爆炸"}},
        {"composite": {"gte": "3"}},
        {"place": {"district": "A"}},
    ],
)
def test_a_pattern_that_says_otherwise_tells_the_difference(wanted: Any) -> None:
    (difference,) = MATCHER.differences(wanted, SEEN)
    assert next(iter(wanted)) in difference


def test_a_difference_names_its_path_and_both_values() -> None:
    assert MATCHER.differences({"place": {"district": "A"}}, SEEN) == ["place.district should be A, was 990102"]

"""The language of rules: typed at load, total at night."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.policy.conditions import ConditionError, Vocabulary, leaves, names, parse, parse_sum
from streams.policy.evaluation import compiled, value_of
from streams.policy.facts import load
from streams.policy.loader import bundled, bundled_documents
from streams.policy.reader import PolicyError

WORDS = Vocabulary(
    kinds={"deaths": "number", "missing": "number", "spreading": "flag", "multi": "flag", "density": "text"},
    words={"density": ("dense", "sparse")},
)
FACTS = {"deaths": 3, "missing": 2, "spreading": True, "multi": False, "density": "dense"}


def holds(when: str) -> bool:
    return compiled(parse(when, WORDS))(FACTS)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("deaths>=3", True),
        ("deaths>3", False),
        ("deaths+missing>=5", True),
        ("deaths+missing+1>5", True),
        ("1<deaths<=3", True),
        ("1<=deaths<=2", False),
        ("deaths==3 and missing!=2", False),
        ("deaths==3 or missing!=2", True),
        ("spreading", True),
        ("multi", False),
        ("not multi and spreading", True),
        ("not (spreading and deaths>=3)", False),
        ("deaths>=9 or missing>=9 or spreading", True),
        ("deaths>=1 and missing>=1 and multi", False),
        ("density=='dense'", True),
        ("'sparse'==density", False),
        ("density!='sparse' and (multi or deaths<4)", True),
        ("multi or spreading and deaths>=4", False),
        ("2.5<deaths", True),
        ("deaths>missing", True),
    ],
)
def test_conditions_mean_what_they_say(when: str, expected: bool) -> None:
    assert holds(when) is expected


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("deathz>=1", "unknown fact 'deathz'"),
        ("deaths", "not a condition by itself"),
        ("density", "not a condition by itself"),
        ("spreading>=1", r"cannot compare spreading \(flag\)"),
        ("spreading==multi", r"cannot compare spreading \(flag\)"),
        ("density>=3", r"cannot compare density \(text\)"),
        ("density=='dens'", "never 'dens'"),
        ("density>'dense'", "equal or not"),
        ("spreading+1>=2", "cannot add spreading"),
        ("deaths>=1 and", "expected at the end"),
        ("(deaths>=1", r"'\)' expected"),
        ("deaths>=1 deaths", "'and', 'or' or the end expected"),
        ("deaths=>1", "cannot read"),
        ("deaths>=or", "expected, not 'or'"),
        ("__import__('os')", "cannot read"),
        ("", "expected at the end"),
    ],
)
def test_what_is_not_in_the_language_is_an_error(when: str, words: str) -> None:
    """B4: an unknown fact or a comparison of unlike kinds never gets past loading."""
    with pytest.raises(ConditionError, match=words):
        parse(when, WORDS)


def test_a_tree_knows_the_facts_it_looks_at() -> None:
    assert names(parse("missing>=1 or (deaths+missing>=3 and not spreading)", WORDS)) == (
        "missing",
        "deaths",
        "spreading",
    )


@given(st.text(alphabet="deathsmingor and()<>=!+'0123456789. ", max_size=40))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        tree = parse(text, WORDS)
    except ConditionError:
        return
    assert compiled(tree)(FACTS) in {True, False}


def test_formulas_add_facts() -> None:
    assert value_of(parse_sum("deaths+missing", WORDS))(FACTS) == 5
    assert value_of(parse_sum("deaths+missing+1", WORDS))(FACTS) == 6
    assert value_of(parse_sum("deaths", WORDS))(FACTS) == 3
    with pytest.raises(ConditionError, match="not a number"):
        parse_sum("spreading", WORDS)


def test_the_catalogue_computes_and_completes() -> None:
    """Absent counts are 0, absent flags false; dc is always computed, casualties only where nobody states them."""
    facts = bundled().facts
    complete = facts.complete({"deaths": 2, "critical": 3, "injured": 4})
    assert (complete["dc"], complete["casualties"], complete["cases"], complete["spreading"]) == (5, 6, 0, False)
    assert complete["density"] == ""
    assert facts.complete({"deaths": 2, "casualties": 9})["casualties"] == 9


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("deaths", 3, True),
        ("deaths", -1, False),
        ("deaths", 3.0, False),
        ("deaths", True, False),
        ("deaths", "3", False),
        ("loss_yuan", 1.5, True),
        ("loss_yuan", -1.5, False),
        ("excess_ratio", -0.5, True),
        ("excess_ratio", 1, True),
        ("spreading", True, True),
        ("spreading", 1, False),
        ("density", "dense", True),
        ("density", "crowded", False),
    ],
)
def test_the_catalogue_says_which_values_a_fact_may_have(name: str, value: object, accepted: bool) -> None:
    assert bundled().facts.by_name[name].accepts(value) is accepted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("formula: deaths+critical", "formula: deaths+criticals", "unknown fact 'criticals'"),
        ("formula: deaths+critical", "formula: deaths+casualties", "casualties is itself computed"),
        ("name: missing", "name: deaths", "deaths is defined twice"),
        ("formula: deaths+critical", "formula: deaths, otherwise: deaths", "exclude each other"),
        ("name: magnitude, type: amount", "name: magnitude, type: amount, words: [big]", "only a text has words"),
    ],
)
def test_a_wrong_catalogue_does_not_load(old: str, new: str, words: str) -> None:
    documents = bundled_documents()
    assert old in documents["facts.yaml"]
    broken = documents["facts.yaml"].replace(old, new, 1)
    with pytest.raises(PolicyError, match=words) as caught:
        load({"facts.yaml": broken})
    assert caught.value.line > 1


def test_a_condition_is_made_of_its_single_statements() -> None:
    statements = leaves(parse("not (spreading and deaths>=3) or 1<deaths+missing<=9 or spreading", WORDS))
    assert [names(leaf) for leaf in statements] == [("spreading",), ("deaths",), ("deaths", "missing"), ("spreading",)]

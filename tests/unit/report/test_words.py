"""Numbers and names in words."""

import math

import pytest

from blocklab.report.words import count, join, join_some, literal, p_text, percent, points, rank


def test_numbers_and_lists_in_words():
    assert [percent(0.12345), percent(0.12345, 0), percent(math.nan)] == ["12.35 %", "12 %", "–"]
    assert [p_text(0.0009), p_text(0.001), p_text(0.5)] == ["p < 0.001", "p = 0.001", "p = 0.500"]
    assert [join(list(words)) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert [join_some("abc", 3), join_some("abcde", 3)] == ["a, b and c", "a, b, c and 2 more"]
    assert [count(1, "epoch"), count(1000, "seed")] == ["1 epoch", "1,000 seeds"]
    assert [rank(n) for n in (1, 2, 3, 11, 23, 112)] == [
        *("1st", "2nd", "3rd", "11th", "23rd", "112th")
    ]
    assert [points(0.0125), points(-0.4), points(-0.00001)] == [
        "1.25 points more",
        "40.00 points fewer",
        "just as many",
    ]


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0496, "p = 0.0496"),
        (0.04996, "p = 0.04996"),
        (0.0494, "p = 0.049"),
        (0.05, "p = 0.050"),
        (0.0504, "p = 0.050"),
        (1.0, "p = 1.000"),
    ],
)
def test_a_p_value_is_printed_on_its_side_of_the_limit(p, shown):
    assert p_text(p) == shown
    assert (float(shown.removeprefix("p = ")) < 0.05) == (p < 0.05)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("T-shirt/top", "T-shirt/top"),
        ("ankle_boot", "ankle_boot"),
        ("_a_ *b* `c` [d](e) <f> g|h", r"\_a\_ \*b\* \`c\` \[d\](e) \<f\> g\|h"),
        ("two\nlines", "two lines"),
        (r"a\|b", r"a\\\|b"),
    ],
)
def test_a_name_is_shown_as_it_is(name, shown):
    assert literal(name) == shown

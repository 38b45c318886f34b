import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.durations import LONGEST_S, DurationError, exact_duration, parse_duration

EIGHT_HOURS = 8 * 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30 min", 1800),
        ("30min", 1800),
        ("90s", 90),
        ("4 h", 14_400),
        ("4 hours", 14_400),
        ("2h30", 9_000),
        ("2 h 30 min", 9_000),
        ("1 h, 5 min and 3 s", 3_903),
        ("1.5 h", 5_400),
        ("5 d", 432_000),
        ("2 weeks", 1_209_600),
        ("3 business days", 3 * EIGHT_HOURS),
        ("1 bd", EIGHT_HOURS),
        ("1 business day 2 h", EIGHT_HOURS + 7_200),
        (" 1 Working Day ", EIGHT_HOURS),
    ],
)
def test_what_people_type_is_understood(text, seconds):
    assert parse_duration(text, business_day_s=EIGHT_HOURS) == seconds


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_duration"),
        ("soon", "bad_duration"),
        ("4 fortnights", "bad_duration"),
        ("-4 h", "bad_duration"),
        ("4", "no_unit"),
        ("2 d 30", "no_unit"),
        ("0 h", "out_of_range"),
        ("0.5 s", "out_of_range"),
        ("999999999 w", "out_of_range"),
        ("1e9 h", "bad_duration"),
        ("4 h ٣", "bad_duration"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_code(text, code):
    with pytest.raises(DurationError) as error:
        parse_duration(text)
    assert error.value.code == code


def test_around_the_clock_knows_no_business_days():
    with pytest.raises(DurationError) as error:
        parse_duration("2 business days")
    assert error.value.code == "no_business_day"


@given(st.integers(1, LONGEST_S))
def test_what_is_said_back_reads_as_the_same_length(seconds):
    assert parse_duration(exact_duration(seconds).replace(",", "")) == seconds

"""What the letter to the board counts and says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from escalations.rules.board import Customers, Figures, Month, Promises, minutes_in_breach, share
from escalations.rules.board_letter import letter

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
OCTOBER = Month(2026, 10)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


@pytest.mark.parametrize(
    ("flips", "was_in", "minutes"),
    [
        ([], False, 0),
        ([], True, 31 * 24 * 60),
        ([(hour(1), True), (hour(3), False)], False, 120),
        ([(hour(2), False)], True, 120),
        ([(hour(743), True)], False, 60),
        ([(hour(1), True), (hour(2), True), (hour(3), False)], False, 120),
        ([(hour(-5), True), (hour(1), False)], False, 60),
        ([(hour(1), True), (hour(800), False)], False, 743 * 60),
        ([(hour(0), True), (hour(0) + timedelta(seconds=119), False)], False, 1),
    ],
)
def test_minutes_in_breach_are_whole_ones_within_the_month(flips, was_in, minutes):
    assert minutes_in_breach(flips, was_in, START, END) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-1", "2026-00", "2026-13", "0000-01", "9999-12", "2026-10 ", "٢٠٢٦-10"],
)
def test_what_is_no_month_is_none(text):
    assert Month.of(text) is None


def test_months_follow_each_other_over_the_year():
    assert Month.of("2026-12") == Month(2026, 12)
    assert (Month(2026, 12).after, Month(2027, 1).before) == (Month(2027, 1), Month(2026, 12))
    assert (OCTOBER.start, OCTOBER.end, OCTOBER.name) == (START, END, "October 2026")


def test_a_share_carries_its_interval_and_is_never_rounded_up():
    assert share(46, 4) == "92 % (81 to 97)"
    assert share(999, 1).startswith("99 %")
    assert share(0, 0) == "none ended"


def test_a_month_without_anything_says_so_and_nothing_else():
    found = letter(Figures(OCTOBER, at=END, opened={1: (0, 4)}))
    assert [section.code for section in found.sections] == ["nothing"]
    assert "Nothing is on record for October 2026." in found.as_text()


def test_a_month_that_is_not_over_says_up_to_when_it_counts():
    found = letter(Figures(OCTOBER, at=hour(30.5), opened={1: (1, 0)}))
    assert found.status == "This month is not over: counted up to 2 Oct 2026, 06:30 UTC."
    assert letter(Figures(OCTOBER, at=END)).status.startswith("The whole month")


def test_what_is_void_open_or_by_hand_stands_beside_the_share_and_not_in_it():
    clock = Promises(
        "Acknowledge", kept=(3, 1), broken=(1, 0), open_late=(2, 0), void=(5, 0), by_hand=(7, 0)
    )
    found = letter(Figures(OCTOBER, at=END, promises=(clock,)))
    part = next(section for section in found.sections if section.code == "promises")
    assert part.lines[0].text.startswith("3 of 4 promises that ended were kept; the month before 1")
    assert part.table is not None
    assert part.table.rows == (
        ("Acknowledge", "3", "1", "75 % (30 to 95)", "100 % (21 to 100)", "2", "5", "7"),
    )


@pytest.mark.parametrize(("revenue", "says"), [(None, False), ({"USD": Decimal(1200)}, True)])
def test_revenue_has_a_column_only_where_it_may_be_seen(revenue, says):
    row = Customers("Strategic", (2, 1), revenue)
    text = letter(Figures(OCTOBER, at=END, opened={1: (1, 0)}, customers=(row,))).as_text()
    assert ("Revenue a year" in text, "1,200 USD" in text) == (says, says)


def test_the_committee_is_asked_for_what_waits_is_late_or_was_never_done():
    figures = Figures(
        OCTOBER, at=END, opened={2: (1, 0)}, waiting=2, reviews_late=(1, 0), actions_overdue=(3, 0)
    )
    asked = letter(figures).sections[-1]
    assert [line.text for line in asked.lines] == [
        "Answer 2 requests to change the rules: waiting now.",
        "Have 1 late review signed off.",
        "Have 3 overdue actions done or moved.",
        "Hold a drill: none was held in two months.",
    ]
    assert asked.lines[0].rest == ": waiting now."

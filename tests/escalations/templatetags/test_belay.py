"""Times, clocks and severities read the same on every page."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from escalations.templatetags import belay

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 20, 15, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0:00"),
        (39, "0:39"),
        (238.9, "3:58"),
        (599, "9:59"),
        (600, "10 min"),
        (1499, "24 min"),
        (3600, "1 h"),
        (8220, "2 h 17 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (93_600, "1 d 2 h"),
        (-8220, "2 h 17 min"),
        (timedelta(minutes=24), "24 min"),
    ],
)
def test_a_duration_reads_in_two_units_and_shows_seconds_only_under_ten_minutes(seconds, words):
    assert belay.duration(seconds) == words


def test_a_clock_is_late_from_the_second_it_is_due():
    assert belay.countdown(NOW + timedelta(seconds=1), NOW) == "0:01 left"
    assert belay.countdown(NOW, NOW) == "late by 0:00"
    assert belay.countdown(NOW - timedelta(minutes=12), NOW) == "late by 12 min"


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=-59), "just now"),
        (timedelta(seconds=-60), "1 min ago"),
        (timedelta(minutes=-25), "25 min ago"),
        (timedelta(hours=-2, minutes=-17), "2 h 17 min ago"),
        (timedelta(days=-1, hours=-2), "1 d 2 h ago"),
        (timedelta(minutes=24), "in 24 min"),
    ],
)
def test_the_past_is_told_in_whole_minutes(delta, words):
    assert belay.ago(NOW + delta, NOW) == words


def test_a_time_names_its_day_and_year_only_when_they_differ_from_now():
    assert belay.utc(NOW, NOW) == "15:19 UTC"
    assert belay.utc(NOW - timedelta(days=1), NOW) == "19 Nov 15:19 UTC"
    assert belay.utc(NOW - timedelta(days=365), NOW) == "20 Nov 2025 15:19 UTC"
    assert belay.utc(NOW) == "20 Nov 2026 15:19 UTC"


def test_a_time_of_another_zone_is_told_in_utc():
    oslo = timezone(timedelta(hours=1))
    assert belay.utc(datetime(2026, 11, 20, 16, 19, tzinfo=oslo), NOW) == "15:19 UTC"


def test_a_missing_time_leaves_the_data_attribute_empty():
    assert belay.epoch(None) == ""
    assert belay.epoch(datetime(1970, 1, 1, 0, 1, tzinfo=UTC)) == "60"


def test_initials_come_from_the_first_and_the_last_word():
    assert belay.initials("Ana Maria Reyes") == "AR"
    assert belay.initials("duty") == "D"
    assert belay.initials("") == "?"


@pytest.mark.parametrize("status", belay.CLOCK_WORDS)
def test_every_clock_state_has_a_word_a_class_and_its_own_drawing(status):
    assert belay.clock_word(status)
    assert belay.clock_class(status) == "is-" + status.replace("_", "-")
    assert list(belay.CLOCK_ICONS.values()).count(belay.clock_icon(status)) == 1


def test_a_severity_is_told_by_number_word_and_shape():
    badge = belay.severity(2, "full")
    assert "S2" in badge and "Major" in badge and "#triangle-alert" in badge
    assert "sev-2" in badge


def test_every_icon_that_is_used_is_in_the_sprite():
    sprite = (ROOT / "escalations/static/belay/icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    used = {*belay.CLOCK_ICONS.values(), *belay.SEVERITY_ICONS.values()}
    used |= set(belay.ACTION_ICONS.values())
    for page in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'{% icon "([\w-]+)"', page.read_text()))
    assert used - drawn == set()


def test_no_page_carries_inline_script_or_style():
    """The content security policy would refuse them; here the file and not the browser says so."""
    inline = re.compile(r"<style|\sstyle=|\son\w+=|hx-on|<script(?![^>]*\ssrc=)")
    guilty = [
        str(page.relative_to(ROOT))
        for page in (ROOT / "templates").rglob("*.html")
        if "admin" not in page.parts and inline.search(page.read_text())
    ]
    assert guilty == []

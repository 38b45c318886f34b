"""Durations of a policy are typed as people say them and come back in the same words."""

from __future__ import annotations

import pytest

from escalations.models import LadderLevel, PolicyVersion
from tests.governance.test_pages import address
from tests.governance.test_writing import boss, draft, errors_of, filled

__all__ = ["boss", "draft"]


@pytest.fixture
def place(draft):
    """The row of a promise that counts service hours, in the form of the version."""
    rows = list(draft.clock_targets.all())
    return next(i for i, row in enumerate(rows) if row.is_business)


def test_a_promise_is_typed_in_words_and_said_back(boss, draft, place):
    url = address(PolicyVersion, "change", draft.pk)
    given = filled(boss.get(url))
    assert given["storm_calm_s"] == "15 min"
    typed = {
        f"clock_targets-{place}-target_s": "3 business days",
        "snooze_at_most_s": "2h30",
        "severity_rules-0-monitor_window_s": "0",
    }
    page = boss.post(url, given | typed | {"_continue": "1"}, follow=True)
    assert page.status_code == 200, errors_of(page)
    row = draft.clock_targets.all()[place]
    draft.refresh_from_db()
    office_day = row.target_s // 3
    assert (row.target_s % 3, draft.snooze_at_most_s) == (0, 9000)
    assert 3600 <= office_day < 86_400  # as long as the office is open
    again = filled(boss.get(url))
    assert again[f"clock_targets-{place}-target_s"] == "3 business days"
    assert again["snooze_at_most_s"] == "2 h 30 min"
    assert "3 business days is " in page.text and "A business day is " in page.text

    # Saved as it came back, nothing changes.
    before = draft.clock_targets.all()[place].history.count()
    assert boss.post(url, again).status_code == 302
    assert draft.clock_targets.all()[place].target_s == row.target_s
    assert draft.clock_targets.all()[place].history.count() == before

    level = LadderLevel.objects.filter(ladder__version=draft, number=1).first()
    url = address(LadderLevel, "change", level.pk)
    assert boss.post(url, filled(boss.get(url)) | {"ack_timeout_s": "7 min"}).status_code == 302
    level.refresh_from_db()
    assert level.ack_timeout_s == 420
    assert "7 min" in boss.get(address(LadderLevel, "changelist")).text


def test_what_is_no_duration_is_told(boss, draft, place):
    url = address(PolicyVersion, "change", draft.pk)
    given = filled(boss.get(url))
    rows = list(draft.clock_targets.all())
    around = next(i for i, row in enumerate(rows) if not row.is_business)
    for name, typed, code in (
        ("storm_calm_s", "15", "no_unit"),
        ("storm_calm_s", "soon", "bad_duration"),
        ("storm_calm_s", "2 business days", "no_business_day"),
        ("storm_calm_s", "99 years", "bad_duration"),
        ("storm_calm_s", "900000000 d", "out_of_range"),
        ("storm_calm_s", "", "required"),
        (f"clock_targets-{around}-target_s", "2 business days", "no_business_day"),
        (f"clock_targets-{place}-target_s", "0", "invalid"),
    ):
        page = boss.post(url, given | {name: typed})
        assert page.status_code == 200, (name, typed)
        found = page.context["adminform"].form.errors.as_data()
        for inline in page.context["inline_admin_formsets"]:
            for form in inline.formset.forms:
                found = {**found, **form.errors.as_data()}
        codes = {error.code for errors in found.values() for error in errors}
        assert codes == {code}, (name, typed, found)

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
    cases = {
        "storm_calm_s": ("15", "no_unit"),
        "storm_within_s": ("soon", "bad_duration"),
        "snooze_at_most_s": ("2 business days", "no_business_day"),
        "bundle_every_s": ("99 years", "bad_duration"),
        "group_within_s": ("900000000 d", "out_of_range"),
        "group_at_most_s": ("", "required"),
        f"clock_targets-{around}-target_s": ("2 business days", "no_business_day"),
        f"clock_targets-{place}-target_s": ("0", "invalid"),
    }
    # In one go: the form of a version is the longest there is.
    page = boss.post(url, given | {name: typed for name, (typed, _) in cases.items()})
    assert page.status_code == 200
    # That a promise takes time is a rule of its row.
    found = errors_by_field(page)
    found[f"clock_targets-{place}-target_s"] = found.pop(f"clock_targets-{place}-__all__")
    assert found == {name: {code} for name, (_, code) in cases.items()}


def errors_by_field(page):
    """The name of each refused field -> its codes."""
    inlines = page.context["inline_admin_formsets"]
    forms = [page.context["adminform"].form, *(form for i in inlines for form in i.formset.forms)]
    return {
        form.add_prefix(field): {error.code for error in errors}
        for form in forms
        for field, errors in form.errors.as_data().items()
    }

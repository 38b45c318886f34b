"""The rules of task forces on the form of a draft."""

from __future__ import annotations

import pytest

from escalations.models import PolicyVersion
from tests.governance.test_writing import address, boss, draft, errors_of, filled

__all__ = ["boss", "draft"]  # the fixtures
pytestmark = pytest.mark.django_db
ROW = "task_force_rules-0-"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"channel_url": "javascript:alert(1)"}, "It begins with https:// or http://."),
        ({"bridge_url": "ftp://bridge.example"}, "It begins with https:// or http:// or tel:."),
        ({"meeting": "daily"}, "A meeting is every 1 to 168 hours, or daily at a time."),
        ({"meeting_zone": "Mars/Base"}, "zone"),
        ({"position": "2"}, "duplicate"),
    ],
)
def test_what_cannot_be_is_refused_on_the_form(boss, draft, change, sentence):
    url = address(PolicyVersion, "change", draft.pk)
    given = filled(boss.get(url))
    page = boss.post(url, given | {ROW + name: value for name, value in change.items()})
    assert page.status_code == 200
    assert sentence in str(errors_of(page)) + page.text


@pytest.mark.parametrize("table", ["routing_rules", "task_force_rules"])
def test_rows_change_places(boss, draft, table):
    rows = getattr(draft, table).order_by("position").values_list("name", flat=True)
    first, second, *others = rows
    url = address(PolicyVersion, "change", draft.pk)
    swapped = {f"{table}-0-position": "2", f"{table}-1-position": "1"}
    answer = boss.post(url, filled(boss.get(url)) | swapped)
    assert answer.status_code == 302, errors_of(answer)
    assert list(rows.all()) == [second, first, *others]
    # One goes, and another takes its place.
    gone = {f"{table}-1-DELETE": "on", f"{table}-0-position": "2"}
    answer = boss.post(url, filled(boss.get(url)) | gone)
    assert answer.status_code == 302, errors_of(answer)
    assert list(rows.all()) == [second, *others]

"""Two senders at once, on either database: a person's limits hold, and no page is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Notice
from escalations.services.notices import lease
from tests.concurrency.test_races import company, together
from tests.factories.incidents import open_incident

__all__ = ["company"]
pytestmark = pytest.mark.django_db(transaction=True)


def numbers(letters):
    return [[notice.pk for notice in letter] for letter in letters if letter[0].kind == "page"]


def test_two_senders_keep_a_persons_limits_and_lose_no_page(company, at):
    """Twelve S2 at once for one person: one page, then one a minute, then the rest together."""
    for i in range(12):
        open_incident(at, f"k{i}", account=None, product_area=f"area {i}", category="outage")
    pages = Notice.objects.filter(kind="page")
    person = pages.order_by().values_list("recipient", flat=True).distinct().get()
    left = []
    for minute in (0, 0, 0.5, 1, 1, 2, 3, 4, 4.5, 9, 9):
        moment = at + timedelta(minutes=minute)
        results = together(*[lambda moment=moment: numbers(lease(moment).letters)] * 2)
        assert not [each for each in results if isinstance(each, Exception)], results
        letters = [letter for sender in results for letter in sender]
        left.append([len(letter) for letter in letters])
        Notice.objects.filter(pk__in=sum(letters, [])).update(sent_at=moment, leased_until=None)
    assert left == [[1], [], [], [1], [], [1], [1], [1], [], [7], []]
    assert not pages.filter(sent_at=None).exists()
    assert pages.filter(recipient=person).count() == 12

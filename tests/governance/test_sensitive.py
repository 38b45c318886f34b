"""Revenue is for those with the right: not in a form, a list, a filter, a search or a history."""

from __future__ import annotations

from django.contrib.auth.models import Permission

from accounts.models import Account
from config.lib.sensitive import hidden_fields
from escalations.models import Threshold
from tests.governance.test_pages import address

MARK = "7654321"


def plant(governed):
    account = Account.objects.get(external_id="acme")
    for value in (MARK, "1"):
        account.arr = value
        account._change_reason = "planted"
        account.save()
    account.arr = MARK
    account.save()
    threshold = Threshold.objects.first()
    threshold.revenue_exposed = MARK
    threshold.save()
    return account, threshold


def addresses(account, threshold):
    past = account.history.last()
    return [
        address(Account, "changelist"),
        address(Account, "change", account.pk),
        address(Account, "history", account.pk),
        address(Account, "simple_history", account.pk, account.history.first().pk),
        address(Account, "simple_history", account.pk, past.pk),
        address(Threshold, "changelist"),
        address(Threshold, "change", threshold.pk),
        address(Threshold, "history", threshold.pk),
    ]


def shown(client, urls):
    pages = [client.get(url) for url in urls]
    assert {page.status_code for page in pages} == {200}
    return [
        url
        for url, page in zip(urls, pages, strict=True)
        if MARK in page.text.replace(",", "").replace(" ", "")
    ]


def test_staff_without_the_right_sees_no_revenue_anywhere(governed, client):
    urls = addresses(*plant(governed))
    client.force_login(governed["governor"])
    assert len(shown(client, urls)) >= 5
    staff = governed["kpi-owner"]
    staff.is_staff = True
    staff.save()
    names = ("view_account", "change_account", "view_threshold")
    staff.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(staff)
    assert shown(client, urls) == []


def test_revenue_cannot_be_probed_by_a_filter_or_a_sort(governed, client):
    plant(governed)
    staff = governed["agent"]
    staff.is_staff = True
    staff.save()
    client.force_login(staff)
    url = address(Account, "changelist")
    assert client.get(f"{url}?arr__gt=1000").status_code in (302, 400)
    shown_names = client.get(f"{url}?o=-3").context["cl"].list_display
    assert "arr" not in shown_names


def test_committee_sponsors_and_auditors_have_the_right_and_agents_do_not(people):
    assert not hidden_fields(Account, people.governor)
    assert hidden_fields(Account, people.agent) == {"arr", "lifetime_value"}
    assert hidden_fields(Account, people.duty) == {"arr", "lifetime_value"}

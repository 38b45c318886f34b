"""The past of a governed thing reads as who, when, why and what, rows inside included."""

from __future__ import annotations

import re

from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Contact, Membership, Team
from config.lib.history import told
from tests.factories.readers import warmed
from tests.governance.test_pages import address


def plainly(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_a_changed_row_shows_both_values_person_and_reason(governor, governed):
    row = Membership.objects.select_related("team", "user").first()
    row.capacity = 55
    told(row, by=governed["duty"], reason="Half a post").save()
    page = plainly(governor.get(address(Team, "history", row.team_id)))
    assert f"UTC Changed {governed['duty']} Half a post Capacity: 100 → 55" in page
    assert f"Membership {row.pk} " in page


def test_an_added_row_names_people_rather_than_numbers(governor, governed, at):
    team = Team.objects.first()
    new = Membership(team=team, user=governed["sponsor"], valid_from=at)
    told(new, by=governed["governor"], reason="Joins").save()
    page = plainly(governor.get(address(Team, "history", team.pk)))
    assert f"Joins User: nothing → {governed['sponsor']}" in page


def test_the_past_of_a_hidden_field_stays_hidden(governor, client, governed):
    contact = Contact.objects.exclude(email="").select_related("account").first()
    contact.email = "moved@customer.example"
    told(contact, by=None, reason="Moved").save()
    url = address(Account, "history", contact.account_id)
    assert "moved@customer.example" in governor.get(url).text
    reader = governed["kpi-owner"]
    names = ("view_account", "view_contact")
    reader.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(reader)
    page = client.get(url)
    assert "Moved" in page.text
    assert "moved@customer.example" not in page.text


def test_the_past_of_many_rows_costs_no_more_queries(governor, governed, at):
    team = Team.objects.first()
    url = address(Team, "history", team.pk)

    def queries() -> int:
        warmed(governor, url)
        with CaptureQueriesContext(connection) as seen:
            governor.get(url)
        return len(seen)

    row = team.memberships.first()
    row.skills = ["sql"]
    told(row, by=governed["governor"], reason="r").save()
    few = queries()
    for capacity in range(60, 90):
        row.capacity = capacity
        told(row, by=governed["governor"], reason="r").save()
    assert queries() == few


def test_the_oldest_change_of_a_page_shows_what_it_changed(governor, governed):
    account = Account.objects.first()
    for number in range(30):
        account.name = f"Name {number}"
        told(account, by=governed["governor"], reason="r").save()
    first_page = plainly(governor.get(address(Account, "history", account.pk)))
    assert "Name 4 arrow_right_alt Name 5" in first_page

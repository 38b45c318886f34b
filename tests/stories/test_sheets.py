"""Tables go out as CSV that a spreadsheet may open, and come in whole or not at all."""

from __future__ import annotations

from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Account, Contact, Roster, User
from config.lib.errors import DomainError, NotAllowed
from escalations.models import Kpi
from escalations.selectors.sheets import TABLES, exported
from escalations.services.sheets import import_sheet


def bring(name, text, *, by=None, at, **more):
    return import_sheet(TABLES[name], text.encode(), by=by, at=at, reason="Yearly list", **more)


def told(done):
    return [(error.line, error.column, error.code) for error in done.errors]


def test_rows_are_added_changed_or_left_and_the_history_says_why(company, at):
    before = Account.objects.first()
    text = (
        "external_id,name,arr,owner,is_at_risk\n"
        f"{before.external_id},Renamed,1250.50,agent,yes\n"
        'new-1,"Comma, Inc.",0,,no\n'
    )
    done = bring("accounts", text, by=company["governor"], at=at)
    assert (done.added, done.changed, done.same, done.errors) == (1, 1, 0, [])
    after = Account.objects.get(pk=before.pk)
    assert (after.name, str(after.arr), after.owner) == ("Renamed", "1250.50", company["agent"])
    assert after.is_at_risk
    assert after.segment == before.segment, "a column that is left out stays"
    for row, kind in ((after, "~"), (Account.objects.get(external_id="new-1"), "+")):
        past = row.history.latest("history_id")
        assert (past.history_type, past.history_user) == (kind, company["governor"])
        assert past.history_change_reason == "Yearly list"
    assert bring("accounts", text, at=at).same == 2


def test_a_dry_run_counts_and_keeps_nothing(company, at):
    done = bring("accounts", "external_id,name\nnew-1,New\n", at=at, is_dry_run=True)
    assert done.added == 1
    assert not Account.objects.filter(external_id="new-1").exists()


def test_each_bad_row_is_named_by_its_line_and_nothing_is_kept(company, at):
    text = (
        "external_id,name,segment,arr,owner,currency\n"
        "ok-1,Good,mid,1,agent,EUR\n"
        'bad-1,"Two\nlines",huge,1,,EUR\n'
        "bad-2,Name,mid,much,nobody,EUR\n"
        ",Nameless,mid,1,,EUR\n"
        "ok-1,Again,mid,1,,EUR\n"
        "bad-3,Name,mid,1\n"
    )
    done = bring("accounts", text, at=at)
    assert told(done) == [
        (3, "segment", "invalid_choice"),
        (5, "arr", "invalid"),
        (5, "owner", "unknown"),
        (6, "external_id", "required"),
        (7, "external_id", "twice"),
        (8, "", "cells"),
    ]
    assert not Account.objects.filter(external_id="ok-1").exists()


def test_a_broken_constraint_is_found_in_a_set_of_many(company, at):
    rows = [f"n-{n},Name,{'eur' if n in (37, 80) else 'EUR'}" for n in range(100)]
    done = bring("accounts", "external_id,name,currency\n" + "\n".join(rows), at=at)
    assert told(done) == [(39, "", "invalid"), (82, "", "invalid")]
    assert "three capital letters" in done.errors[0].detail
    assert not Account.objects.filter(external_id__startswith="n-").exists()


def test_a_change_that_breaks_a_constraint_is_named_too(company, at):
    first, second = Account.objects.all()[:2]
    text = f"external_id,importance\n{first.external_id},4\n{second.external_id},9\n"
    assert told(bring("accounts", text, at=at)) == [(3, "", "invalid")]


def test_contacts_are_found_by_account_and_address(company, at):
    contact = Contact.objects.exclude(email="").select_related("account").first()
    text = f"account,email,name\n{contact.account.external_id},{contact.email},Other Name\n"
    assert bring("contacts", text, at=at).changed == 1
    contact.refresh_from_db()
    assert contact.name == "Other Name"


def test_people_come_without_a_password_and_keep_their_roles(company, at):
    text = (
        "username,first_name,email\nagent,Anna,anna@people.example\nfresh,New,new@people.example\n"
    )
    done = bring("people", text, by=company["governor"], at=at)
    assert (done.added, done.changed) == (1, 1)
    fresh = User.objects.get(username="fresh")
    assert not fresh.has_usable_password()
    assert not fresh.groups.exists()
    past = User.objects.get(username="agent").history.latest("history_id")
    assert past.groups.count() == company["agent"].groups.count() == 1


def test_nobody_but_a_superuser_changes_a_superuser(company, at):
    User.objects.create_superuser("root", email="root@people.example")
    text = "username,email\nroot,mine@people.example\n"
    done = bring("people", text, by=company["governor"], at=at)
    assert told(done) == [(2, "username", "forbidden")]


def test_every_table_goes_out_and_comes_in_unchanged(company, at):
    Account.objects.filter(pk=Account.objects.first().pk).update(
        name="=1+1", usage_change_pct="-12.50"
    )
    for name, model in (
        ("accounts", Account),
        ("contacts", Contact),
        ("kpis", Kpi),
        ("people", User),
        ("rosters", Roster),
    ):
        text = "".join(exported(TABLES[name], None))
        done = bring(name, text, at=at)
        assert (done.errors, done.added, done.changed) == ([], 0, 0), name
        assert done.same == model.objects.count() > 0


def test_no_cell_of_an_export_starts_a_formula(company):
    names = ["=1+1", "+1", "-1", "@sum", " =1+1", "\t=1"]
    for number, name in enumerate(names):
        Account.objects.create(external_id=f"f-{number}", name=name, usage_change_pct="-3")
    text = "".join(exported(TABLES["accounts"], None))
    for name in names:
        assert f"'{name}" in text
    assert ",-3.00," in text, "a number is a number"


def test_hidden_columns_neither_leave_nor_enter(company, at):
    agent, integrator = company["agent"], company["integrator"]
    assert "arr" not in "".join(exported(TABLES["accounts"], agent)).split("\n")[0].split(",")
    with pytest.raises(DomainError) as refused:
        bring("accounts", "external_id,name,arr\nz,Z,5\n", by=integrator, at=at)
    assert refused.value.code == "unknown_column"
    with pytest.raises(NotAllowed):
        bring("accounts", "external_id,name\nz,Z\n", by=agent, at=at)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "not_text"),
        (b"external_id,name\n\0,x\n", "not_text"),
        (b'external_id,name\n"x,y\n', "not_csv"),
        (b"external_id,external_id\n", "column_twice"),
        (b"name\nx\n", "no_key"),
        (b"external_id,password\nx,y\n", "unknown_column"),
        (b"external_id,name\n" + b"x,y\n" * 5, "too_many"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(company, at, raw, code):
    with pytest.raises(DomainError) as refused:
        import_sheet(TABLES["accounts"], raw, by=None, at=at, reason="r", most=4)
    assert refused.value.code == code


def test_the_page_checks_first_and_writes_when_told(company, client):
    client.force_login(company["governor"])

    def send(**more):
        file = BytesIO(b"external_id;name\npage-1;From the page\n")
        file.name = more.pop("name", "list.csv")
        return client.post("/tables/accounts/", {"file": file, "reason": "List", **more})

    assert "1 would be added" in send().text
    assert not Account.objects.filter(external_id="page-1").exists()
    assert send(name="list.exe").status_code == 400
    assert send(reason="").status_code == 400
    assert client.post("/tables/accounts/", {"reason": "r", "file": "text"}).status_code == 400
    assert send(write="1").status_code == 302
    past = Account.objects.get(external_id="page-1").history.get()
    assert (past.history_user, past.history_change_reason) == (company["governor"], "List")
    assert client.get("/tables/nothing/").status_code == 404
    assert client.get("/tables/nothing.csv").status_code == 404


def test_who_reads_one_table_finds_no_other(company, client):
    client.force_login(company["agent"])
    page = client.get("/tables/").text
    assert "/tables/accounts.csv" in page
    assert "/tables/people.csv" not in page
    assert client.get("/tables/people.csv").status_code == 403
    assert client.get("/tables/accounts/").status_code == 403


def test_the_commands_say_what_they_did_and_exit_with_an_error(company, tmp_path):
    file, out = tmp_path / "list.csv", StringIO()
    call_command("export_csv", "accounts", file, by="agent")
    assert "arr" not in file.read_text().split("\n")[0].split(",")
    call_command("import_csv", "accounts", file, stdout=out, by="governor")
    assert f"0 added, 0 changed, {Account.objects.count()} same" in out.getvalue()
    file.write_text("external_id,name,segment\nx,Y,odd\n")
    with pytest.raises(CommandError, match="nothing was kept"):
        call_command("import_csv", "accounts", file, stdout=out)
    assert "line 2, segment" in out.getvalue()

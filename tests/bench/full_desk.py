"""A desk with a great many incidents, open and closed, filled by the database itself. They differ
in all that a queue is filtered by; one told through the services lends them the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Model

from accounts.models import Account, Team, User
from escalations.models import Clock, Incident, LadderRun, Responder
from tests.bench import crowd

ACCOUNTS = 20_000
COLLEAGUES = 200
AREAS = ("checkout", "payouts", "login", "reporting", "search", "mobile", "billing", "exports")
WORDS = ("Checkout", "Payout", "Login", "Report", "Search", "App", "Invoice", "Export")
TROUBLES = ("fails", "is slow", "shows old figures", "stops", "loses rows", "asks twice")
STATES = ("new", "acknowledged", "mitigating", "contained", "triaged", "verifying", "monitoring")
RARE = "zanzibar"  # a word of seven titles
EACH_RARE = 14_287


def told(at: datetime, accounts: int = ACCOUNTS) -> Incident:
    """The demo company with many more accounts, and the one that all others are like."""
    one = crowd.tell_one(at)
    Account.objects.bulk_create(
        [Account(external_id=f"bench-{n}", name=f"Customer {n} Ltd") for n in range(accounts)],
        batch_size=2_000,
    )
    User.objects.bulk_create(
        [User(username=f"colleague-{n}", is_active=False) for n in range(COLLEAGUES)]
    )
    Team.objects.create(code="quiet", name="Quiet", is_private=True)
    return one


class Desk:
    """`fill(open, closed)` adds so many; may be called again."""

    def __init__(self, one: Incident, at: datetime, accounts: int = ACCOUNTS) -> None:
        self.one, self.at, self.accounts = one, at, accounts
        self.next = one.pk + 1
        self.agent = User.objects.get(username="agent").pk
        self.first_colleague = User.objects.get(username="colleague-0").pk
        self.teams = sorted(Team.objects.filter(is_private=False).values_list("pk", flat=True))
        self.private = Team.objects.get(is_private=True).pk
        self.first_account = Account.objects.get(external_id="bench-0").pk

    def fill(self, *, is_open: int, closed: int) -> None:
        crowd.without_checks()
        with plain_tables(Incident, Clock, Responder, LadderRun):
            eldest = self.next
            self._incidents(closed, is_closed=True)
            first = self.next
            self._incidents(is_open, is_closed=False)
            self._clocks(first, self.next)
            self._responders(eldest, self.next)
            self._ladders(first, self.next)
        crowd.with_checks()
        run("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")

    def _incidents(self, count: int, *, is_closed: bool) -> None:
        if count < 1:
            return
        due = self.moment("(n * 7919 % 172800) + 60")
        back = self.moment("-(n * 7 % 1209600) - 5")
        is_paused, is_late = "(n % 10 = 3)", "(n % 20 = 7)"
        columns = {
            "number": f"{self.next} + n",
            "title": self._title(),
            "severity": "CASE WHEN n % 100 < 2 THEN 1 WHEN n % 100 < 10 THEN 2 "
            "WHEN n % 100 < 40 THEN 3 ELSE 4 END",
            "score_bp": "n * 13 % 10000",
            "priority_bp": "n * 17 % 10000",
            "kind": "CASE WHEN n % 8 = 5 THEN 'operations' ELSE 'customer' END",
            "dedup_key": "'bench-' || n",
            "account_id": f"CASE WHEN n % 4 = 0 THEN NULL ELSE {self.first_account} + n % {self.accounts} END",
            "product_area": self.of(AREAS, "n / 3"),
            "team_id": f"CASE WHEN n % 50 = 11 THEN {self.private} ELSE "
            f"{self.of(self.teams, 'n / 5')} END",
            "commander_id": f"CASE WHEN n % 2500 = 1 THEN {self.agent} ELSE "
            f"{self.first_colleague} + n % {COLLEAGUES} END",
            "accepted_at": f"CASE WHEN n % 5 = 1 THEN NULL ELSE {back} END",
            "state": "'closed'" if is_closed else self.of(STATES, "n / 2"),
            "received_at": back,
            "opened_at": back,
            "updated_at": back,
            "has_missed": "n % 20 = 7",
            "is_paused": is_paused if not is_closed else "n < 0",
            "next_due_at": f"CASE WHEN {is_late} THEN {back} WHEN {is_paused} THEN NULL ELSE {due} END",
            "next_late_at": f"CASE WHEN {is_late} THEN {back} WHEN {is_paused} THEN NULL ELSE {due} END",
            "next_warn_at": f"CASE WHEN {is_late} THEN {back} WHEN {is_paused} THEN NULL "
            f"WHEN n % 15 = 4 THEN {back} ELSE {due} END",
        }
        if is_closed:
            ended = {"resolved_at": back, "closed_at": back, "next_due_at": "NULL"}
            columns |= ended | {"next_late_at": "NULL", "next_warn_at": "NULL"}
        copy_like(Incident, self.one.pk, columns, self.series(count))
        self.next += count

    def _clocks(self, first: int, end: int) -> None:
        pks = list(self.one.clocks.order_by("pk").values_list("pk", flat=True))
        for place, pk in enumerate(pks):
            columns = {
                "id": f"{pks[0]} + (i.number - {self.one.pk}) * {len(pks)} + {place}",
                "incident_id": "i.number",
                "started_at": "i.opened_at",
                "due_at": "i.next_due_at",
                "warn_at": "i.next_warn_at",
                "breach_after": "NULL",
                "next_wake_at": "NULL",
            }
            copy_like(Clock, pk, columns, self._these(first, end))

    def _responders(self, first: int, end: int) -> None:
        like = Responder.objects.filter(incident=self.one).order_by("pk")[0]
        columns = {
            "id": f"{like.pk + 1000} + i.number - {self.one.pk}",
            "incident_id": "i.number",
            "user_id": "i.commander_id",
        }
        copy_like(Responder, like.pk, columns, self._these(first, end))

    def _ladders(self, first: int, end: int) -> None:
        run = LadderRun.objects.get(incident=self.one)
        columns = {
            "id": f"{run.pk} + i.number - {self.one.pk}",
            "incident_id": "i.number",
            "next_step_at": "NULL",
            "look_at": "NULL",
        }
        copy_like(LadderRun, run.pk, columns, self._these(first, end))

    def _title(self) -> str:
        words = (
            f"{self.of(WORDS, 'n / 3')} || ' ' || {self.of(TROUBLES, 'n')} || ' in region ' || n"
        )
        return f"{words} || CASE WHEN n % {EACH_RARE} = 9 THEN ' {RARE}' ELSE '' END"

    def of(self, values: Sequence[object], place: str) -> str:
        """One of these, by the place of the row."""
        said = [f"'{value}'" if isinstance(value, str) else str(value) for value in values]
        whens = " ".join(f"WHEN {n} THEN {value}" for n, value in enumerate(said))
        last = said[-1]
        return f"CASE ({place}) % {max(len(values), 1)} {whens} ELSE {last} END"

    def moment(self, seconds: str) -> str:
        if connection.vendor == "postgresql":
            return f"'{self.at.isoformat()}'::timestamptz + ({seconds}) * interval '1 second'"
        told = self.at.replace(tzinfo=None).isoformat(" ")
        return f"strftime('%Y-%m-%d %H:%M:%f', '{told}', ({seconds}) || ' seconds') || '000'"

    def series(self, count: int) -> str:
        if connection.vendor == "postgresql":
            return f"generate_series(0, {count - 1}) AS g(n)"
        return (
            "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c "
            f"WHERE n < {count - 1}) SELECT n FROM c) AS g"
        )

    def _these(self, first: int, end: int) -> str:
        rows = f"FROM escalations_incident WHERE number >= {first} AND number < {end}"
        return f"(SELECT number, opened_at, next_due_at, next_warn_at, commander_id {rows}) AS i"


@contextmanager
def plain_tables(*models: type[Model]) -> Iterator[None]:
    """Tables without their indexes and checks while they are filled: each index is then made in
    one go, in a tenth of the time. Keys stay. PostgreSQL's checks come back for new rows alone."""
    tables = [model._meta.db_table for model in models]
    if connection.vendor == "postgresql":
        indexes = _rows(
            "SELECT indexname, indexdef FROM pg_indexes i WHERE tablename = ANY(%s) AND NOT EXISTS "
            "(SELECT FROM pg_constraint WHERE conname = i.indexname)",
            [tables],
        )
        checks = _rows(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'c' AND conrelid::regclass::text = ANY(%s)",
            [tables],
        )
        for table, name, _ in checks:
            run(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    else:
        marks = ", ".join("%s" for _ in tables)
        indexes = _rows(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "  # noqa: S608
            f"AND tbl_name IN ({marks})",
            tables,
        )
        checks = []
    for name, _ in indexes:
        run(f'DROP INDEX "{name}"')
    yield
    for _, sql in indexes:
        run(sql)
    for table, name, said in checks:
        run(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {said} NOT VALID')


def copy_like(model: type[Model], like: int | str, columns: dict[str, str], rows: str) -> None:
    names, values = [], []
    for field in model._meta.concrete_fields:
        column = str(field.column)
        names.append(f'"{column}"')
        if column in columns:
            value = re.sub(r"\bn\b", "g.n", columns[column])
            is_time = isinstance(field, DateTimeField) and connection.vendor == "postgresql"
            values.append(f"CAST({value} AS timestamptz)" if is_time else value)
        else:
            values.append(f'src."{column}"')
    table, key = model._meta.db_table, model._meta.pk.column
    run(
        f'INSERT INTO "{table}" ({", ".join(names)}) SELECT {", ".join(values)} '  # noqa: S608
        f'FROM "{table}" src, {rows} WHERE src."{key}" = {like}'
    )


def _rows(sql: str, values: Sequence[object]) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)

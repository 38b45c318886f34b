"""The tables that go out and come in as CSV: columns, what finds a row again, and who may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model

from accounts.models import Account, Contact, Roster, ServiceHours, Team, User
from accounts.models.strain import STRAIN_FIELDS
from config.lib.errors import DomainError, NotAllowed
from config.lib.sensitive import hidden_fields
from escalations.models import Kpi
from escalations.rules.sheets import written


@dataclass(frozen=True, slots=True)
class Table:
    """`key`: columns that find a row again. `links`: column -> the field that names the row meant,
    such as ("username" of a person)."""

    name: str
    label: str
    help: str
    model: type[Model]
    key: tuple[str, ...]
    columns: tuple[str, ...]
    links: dict[str, tuple[type[Model], str]]

    def right(self, act: str) -> str:
        return f"{self.model._meta.app_label}.{act}_{self.model._meta.model_name}"

    def is_readable(self, user: User) -> bool:
        return user.has_perm(self.right("view"))

    def is_writable(self, user: User) -> bool:
        return user.has_perms([self.right(act) for act in ("view", "add", "change")])

    def columns_for(self, user: User | None) -> tuple[str, ...]:
        """None: the house itself, which sees all."""
        hidden = hidden_fields(self.model, user) if user is not None else frozenset()
        return tuple(name for name in self.columns if name not in hidden)


PERSON, TEAM, HOURS = (User, "username"), (Team, "code"), (ServiceHours, "code")
TABLES = {
    table.name: table
    for table in (
        Table(
            "accounts",
            "Accounts",
            "Customers and their value, found again by external_id.",
            Account,
            ("external_id",),
            tuple(
                "external_id name segment arr lifetime_value currency importance influence "
                "renewal_on is_at_risk is_strategic usage_change_pct owner backup sponsor "
                "service_hours".split()
            ),
            {"owner": PERSON, "backup": PERSON, "sponsor": PERSON, "service_hours": HOURS},
        ),
        Table(
            "contacts",
            "Contacts",
            "People at customers, found again by account and email.",
            Contact,
            ("account", "email"),
            tuple(
                "account email name job_title phone language time_zone is_primary is_active".split()
            ),
            {"account": (Account, "external_id")},
        ),
        Table(
            "kpis",
            "KPIs",
            "What a KPI is and who answers for it, found again by code. Limits are versions of "
            "their own.",
            Kpi,
            ("code",),
            tuple(
                "code name unit objective family description product_area grain_s time_zone "
                "is_critical review_every_days reviewed_on owner steward remediation_leader team "
                "account is_active".split()
            ),
            {
                "owner": PERSON,
                "steward": PERSON,
                "remediation_leader": PERSON,
                "team": TEAM,
                "account": (Account, "external_id"),
            },
        ),
        Table(
            "people",
            "People",
            "Who serves, found again by username. Roles, managers and leaving are not in files: "
            "they are given one by one.",
            User,
            ("username",),
            tuple("username first_name last_name email time_zone quiet_from quiet_to".split()),
            {},
        ),
        Table(
            "rosters",
            "Rosters",
            "Duty plans and their limits of strain, found again by code. Layers are versions; "
            "shifts come from calendar files.",
            Roster,
            ("code",),
            ("code", "name", "team", "owner", *STRAIN_FIELDS),
            {"team": TEAM, "owner": PERSON},
        ),
    )
}


def table_named(name: str) -> Table:
    if name not in TABLES:
        raise DomainError("unknown_table", f"Use one of {', '.join(TABLES)}.", status=404)
    return TABLES[name]


def tables_for(user: User) -> list[tuple[Table, bool]]:
    """What somebody may read, and whether they may write it too."""
    return [(each, each.is_writable(user)) for each in TABLES.values() if each.is_readable(user)]


def exported(table: Table, user: User | None) -> Iterator[str]:
    """CSV in parts, in the order of the key, without what this person may not see. None: all."""
    if user is not None and not table.is_readable(user):
        raise NotAllowed("forbidden", "Your role does not read this.")
    columns = table.columns_for(user)

    def path(name: str) -> str:
        return f"{name}__{table.links[name][1]}" if name in table.links else name

    rows = table.model._default_manager.order_by(*map(path, table.key), "pk")
    return written(columns, rows.values_list(*map(path, columns)).iterator(2000))

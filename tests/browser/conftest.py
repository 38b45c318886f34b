"""A real browser on the real pages: Chromium, a live server, and what every page must hold."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User

# Django refuses the database in a thread with a running loop; Playwright's has one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Each page is seen light on a desk and dark on a phone; with BELAY_EVERY_LOOK also the other way.
LOOKS = [("light", 1440), ("dark", 390)]
SCHEMES = ("light", "dark") if os.environ.get("BELAY_EVERY_LOOK") else ()


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only a machine without the program leaves these out; `.ci/run` installs it."""
    found, here = chromium(), Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if found is None and not os.environ.get("BELAY_NO_SKIPS"):
                item.add_marker(pytest.mark.skip(reason="there is no chromium here"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": FLAGS.split()}


@dataclass
class Screen:
    """One page of a browser and everything it complained about."""

    page: Any
    base: str
    scheme: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path, wait_until="load")

    def sign_in(self, username: str) -> None:
        """By the cookie of a session; the form itself has its own test."""
        client = Client()
        client.force_login(User.objects.get(username=username))
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.base}
        self.page.context.add_cookies([cookie])

    def hold(self) -> None:
        """No barrier that axe knows, nothing wider than the screen, an empty console."""
        self.page.evaluate(AXE.read_text())
        for scheme in SCHEMES or (self.scheme,):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = self.page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")["violations"]
            told = [(each["id"], each["nodes"][0]["html"][:160]) for each in found]
            assert told == [], scheme
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= room, "the page scrolls sideways"
        assert self.complaints == []


@pytest.fixture
def look() -> tuple[str, int]:
    return "light", 1440


@pytest.fixture
def screen(
    request: pytest.FixtureRequest,
    transactional_db: None,
    company: dict[str, Any],
    live_server: Any,
    new_context: Callable[..., Any],
    look: tuple[str, int],
    travel: Any,
) -> Iterator[Screen]:
    scheme, width = look
    height = 900 if width > 600 else 844
    context = new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    screen = Screen(context.new_page(), live_server.url, scheme)

    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            screen.complaints.append(re.sub(r"\s+", " ", message.text))

    screen.page.on("console", heard)
    screen.page.on("pageerror", lambda error: screen.complaints.append(str(error)))
    yield screen

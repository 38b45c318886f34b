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
# Each page is held up light on a desk and dark on a phone, and worked with on a desk. With
# BELAY_EVERY_LOOK it is worked with on both, and held up in both schemes at each size.
IS_THOROUGH = bool(os.environ.get("BELAY_EVERY_LOOK"))
SIZES = {1440: 900, 390: 844}
LOOKS = [("light", 1440), ("dark", 390)] if IS_THOROUGH else [("light", 1440)]
HELD = (
    [(s, w) for w in SIZES for s in ("light", "dark")] if IS_THOROUGH else [*LOOKS, ("dark", 390)]
)


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


# A page that is left gives up what it was asking for. What fails says more than these.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")
# Half-faded words have half the contrast: nothing is asked for, nothing fades in.
AT_REST = """async () => {
    const busy = () => document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")
        || document.getAnimations().some(each => each.playState === "running"
            && each.effect.getTiming().iterations !== Infinity);
    for (let frames = 0; busy() && frames < 300; frames++)
        await new Promise(requestAnimationFrame);
}"""


@dataclass
class Screen:
    """One page of a browser and everything it complained about."""

    page: Any
    base: str
    scheme: str
    width: int
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

    def hold(self, rules: list[str] = RULES, *, is_anew: bool = False) -> None:
        """No barrier that axe knows, nothing wider than the screen, an empty console. `is_anew`:
        for pages that choose their scheme while they load."""
        axe = AXE.read_text()
        for scheme, width in HELD:
            self.look_as(scheme, width)
            if is_anew:
                self.page.reload()
            self.page.evaluate(AT_REST)
            self.page.evaluate(f"window.axe || (() => {{ {axe} }})()")
            found = self.page.evaluate(f"axe.run(document, {{runOnly: {rules}}})")["violations"]
            told = [(each["id"], each["nodes"][0]["html"][:160]) for each in found]
            assert told == [], (scheme, width, self.page.url)
            wide, room = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= room, f"the page scrolls sideways at {width}"
        self.look_as(self.scheme, self.width)
        assert self.complaints == []

    def look_as(self, scheme: str, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": SIZES[width]})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # Colours may change in a transition: what it passes through is no look of the page.
        ended = "Promise.allSettled(document.getAnimations().map(each => each.finished))"
        self.page.evaluate(f"scrollTo(0, 0); {ended}.then(() => true)")


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
    context = new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme=scheme,
        reduced_motion="reduce",
        base_url=live_server.url,
    )
    screen = Screen(context.new_page(), live_server.url, scheme, width)

    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            if not message.text.startswith(GIVEN_UP):
                screen.complaints.append(re.sub(r"\s+", " ", message.text))

    screen.page.on("console", heard)
    screen.page.on("pageerror", lambda error: screen.complaints.append(str(error)))
    yield screen

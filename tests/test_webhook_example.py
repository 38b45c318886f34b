"""The example of docs/integrators.md verifies what we sign, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.services.contact_methods import new_secret
from escalations.channels import webhook
from escalations.channels.letters import Letter

PAGE = Path(__file__).parent.parent / "docs/integrators.md"
LETTER = Letter(
    key="12:3:ladder:1",
    kind="page",
    subject="Größe",
    text="Look.\n",
    address="https://hooks.example/",
    created_at=datetime(2026, 11, 17, 10, tzinfo=UTC),
    incident=12,
)


@pytest.fixture
def is_ours() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(code.splitlines()) <= 14
    known: dict[str, Any] = {}
    exec(code, known)
    return known["is_ours"]


def sent(letter: Letter) -> tuple[dict[str, str], bytes]:
    body = webhook.content(letter)
    headers = {name.lower(): value for name, value in webhook.headers(letter, body).items()}
    return headers, body.encode()


def test_the_example_knows_our_signature_also_while_a_secret_changes(is_ours):
    old, new = new_secret(), new_secret()
    headers, body = sent(replace(LETTER, secrets=(new, old)))
    assert is_ours(old, headers, body) and is_ours(new, headers, body)


def test_it_knows_a_changed_body_a_foreign_secret_and_an_old_message(is_ours):
    secret = new_secret()
    headers, body = sent(replace(LETTER, secrets=(secret,)))
    assert not is_ours(secret, headers, body + b" ")
    assert not is_ours(new_secret(), headers, body)
    assert not is_ours(secret, headers | {"webhook-timestamp": "1700000000"}, body)

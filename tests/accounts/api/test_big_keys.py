"""A key beyond what a database can hold is nobody's: 404, on any database."""

from __future__ import annotations

import pytest

PATHS = (
    "overrides/{}/withdraw/",
    "absences/{}/withdraw/",
    "swaps/{}/accept/",
    "swaps/{}/decline/",
    "swaps/{}/withdraw/",
)
KEYS = (0, 2**31, 2**63 - 1, 2**63, 2**64, 10**30)


@pytest.mark.parametrize("path", PATHS)
def test_an_api_address_with_a_key_too_big_is_not_found(client, company, path):
    client.force_login(company["governor"])
    for key in KEYS:
        answer = client.post("/api/v1/" + path.format(key), {}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("verb", ["accept-swap", "withdraw-cover", "withdraw-away", "cover"])
def test_a_form_with_a_key_too_big_says_so(client, company, verb):
    client.force_login(company["governor"])
    times = {"start": "2026-11-18T09:00", "end": "2026-11-18T17:00"}
    for key in (*KEYS, "x"):
        answer = client.post(f"/rosters/primary/{verb}/", {"pk": key, "user": key} | times)
        assert answer.status_code in (302, 404)

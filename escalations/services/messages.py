"""From validated fields to a `SignalMessage`: one place for the API, forms and inbound formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Account
from config.lib.errors import field_error
from config.lib.stamps import kept
from escalations.services.signals import SignalMessage

AHEAD = timedelta(minutes=5)  # a sender's clock may run a little fast


def _plain(value: Any) -> Any:
    """Facts are stored as JSON; money and percentages keep their exact digits as text."""
    return str(value) if isinstance(value, Decimal) else value


def accounts_named(given: Iterable[Mapping[str, Any]]) -> dict[str, Account]:
    """The accounts that these messages name, by their external id. One query."""
    names = {each["account"] for each in given if each.get("account")}
    found = kept().many("account", names, _accounts) if names else {}
    return {name: copy(account) for name, account in found.items() if account is not None}


def _accounts(names: Iterable[str]) -> dict[str, Account]:
    rows = Account.objects.select_related("valued_by").filter(external_id__in=names)
    return {row.external_id: row for row in rows}


def message_of(
    given: Mapping[str, Any], *, at: datetime, accounts: Mapping[str, Account] | None = None
) -> SignalMessage:
    """`seen_at` is now where only `arrived_by` is said, and what a person saw was received then at
    the latest. Raises DomainError 400 `unknown_account`, `in_future`, `seen_before_received`."""
    account = None
    if given.get("account"):
        known = accounts_named([given]) if accounts is None else accounts
        account = known.get(given["account"])
        if account is None:
            raise field_error(
                "account", "unknown_account", f"There is no account {given['account']!r}."
            )
    arrived_by = given.get("arrived_by") or ""
    seen_at = given.get("seen_at") or (at if arrived_by else None)
    received_at = given.get("received_at") or min(seen_at or at, at)
    if received_at > at + AHEAD:
        raise field_error("received_at", "in_future", "A signal cannot be received in the future.")
    if seen_at is not None and seen_at > at + AHEAD:
        raise field_error("seen_at", "in_future", "Nobody saw it in the future.")
    if seen_at is not None and seen_at < received_at:
        said = "Nobody saw it before it was received."
        raise field_error("seen_at", "seen_before_received", said)
    return SignalMessage(
        source=given["source"],
        dedup_key=given["dedup_key"],
        is_firing=given.get("status", "firing") == "firing",
        title=given.get("title") or f"{given['source']}: {given['dedup_key']}"[:300],
        body=given.get("body", ""),
        received_at=min(received_at, at),
        severity_hint=given.get("severity_hint", ""),
        account=account,
        product_area=given.get("product_area", ""),
        category=given.get("category", ""),
        facts={
            name: _plain(value)
            for name, value in (given.get("facts") or {}).items()
            if value is not None
        },
        anchors=dict(given.get("anchors") or {}),
        arrived_by=arrived_by,
        seen_at=min(seen_at, at) if seen_at else None,
    )

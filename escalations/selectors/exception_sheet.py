"""Exceptions as a table for spreadsheets: the rows that the list shows, all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from escalations.models import PolicyException
from escalations.rules.sheets import written
from escalations.selectors.exceptions import MARKS, asked_for, rule_of, state_at

COLUMNS = (
    "id", "policy", "account", "team", "product_area", "incident", "rule", "state", "reason",
    "cost", "currency", "cost_in_words", "owner", "asked_by", "asked_at", "answered_by", "answer",
    "starts_at", "expires_at", "ended_at", "ended_because", "renewals",
)  # fmt: skip
AT_ONCE = 500


def exception_sheet(person: User, at: datetime, given: dict[str, str]) -> Iterator[str]:
    """CSV in parts, by the filters of the list. One query for any number of rows."""
    return sheet_of(asked_for(person, at, given), at)


def sheet_of(rows: QuerySet[PolicyException], at: datetime) -> Iterator[str]:
    """No cell starts a formula."""
    return written(COLUMNS, (_cells(row, at) for row in rows.iterator(AT_ONCE)))


def _cells(row: PolicyException, at: datetime) -> tuple[Any, ...]:
    return (
        row.pk,
        row.policy.code,
        row.account.external_id if row.account else "",
        row.team.code if row.team else "",
        row.product_area,
        f"INC-{row.incident_id}" if row.incident_id else "",
        rule_of(row),
        MARKS[state_at(row, at)][2],
        row.reason,
        None if row.cost_minor is None else Decimal(row.cost_minor) / 100,
        row.currency,
        row.cost_words,
        row.owner.username,
        row.asked_by.username,
        row.asked_at,
        row.answered_by.username if row.answered_by else "",
        row.answer,
        row.starts_at,
        row.expires_at,
        row.ended_at,
        row.ended_why,
        row.renewals,
    )

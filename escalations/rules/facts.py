"""The facts that floors are tested on: their names, what each may hold, and which is worse.

The one table for what senders say, what people add and what a KPI declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

ARR_AT_RISK = "arr_at_risk"


@dataclass(frozen=True, slots=True)
class Amount:
    """A decimal number from 0 to `most` (None: no end)."""

    digits: int
    places: int
    most: int | None = None


FLAG = "yes or no"
FACTS: Mapping[str, Amount | str] = {
    ARR_AT_RISK: Amount(digits=14, places=2),
    "users_pct": Amount(digits=7, places=4, most=100),
    "data_or_legal_confirmed": FLAG,
    "data_or_legal_suspected": FLAG,
    "core_down_no_workaround": FLAG,
    "uptime_breached": FLAG,
}


def problems(field: str, values: object) -> list[tuple[str, str, str]]:
    """What is wrong with declared facts, as (field, code, sentence). None means not declared."""
    if not isinstance(values, Mapping):
        return [(field, "not_an_object", "Give an object of facts, such as {}.")]
    found = []
    for name, value in values.items():
        kind = FACTS.get(name)
        if kind is None:
            known = ", ".join(FACTS)
            found.append((field, "unknown_fact", f"There is no fact {str(name)[:80]!r}: {known}."))
        elif value is None:
            continue
        elif isinstance(kind, Amount):
            found += [(field, code, said) for code, said in _amount_problem(name, kind, value)]
        elif not isinstance(value, bool):
            found.append((field, "not_a_boolean", f"{name} is true or false."))
    return found


def _amount_problem(name: str, kind: Amount, value: object) -> list[tuple[str, str]]:
    number = amount(value)
    if number is None:
        return [("not_a_number", f"{name} is a number.")]
    if number < 0:
        return [("negative", f"{name} is 0 or more.")]
    if kind.most is not None and number > kind.most:
        return [("too_large", f"{name} is at most {kind.most}.")]
    exponent = number.normalize().as_tuple().exponent
    is_fine = isinstance(exponent, int) and -exponent <= kind.places
    if not is_fine or number >= 10 ** (kind.digits - kind.places):
        whole = kind.digits - kind.places
        return [("too_long", f"{name} has up to {whole} digits and {kind.places} after the point.")]
    return []


def amount(value: object) -> Decimal | None:
    """A finite number as stored in JSON, text or not; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def worse(known: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """The facts of `said` that add to `known` or make it worse; the rest says nothing new."""
    found: dict[str, object] = {}
    for name, value in said.items():
        before = known.get(name)
        if value is None or (before is not None and not _is_worse(before, value)):
            continue
        found[name] = value
    return found


def _is_worse(before: object, after: object) -> bool:
    if isinstance(after, bool):
        return after and before is not True
    was, now = amount(before), amount(after)
    return now is not None and (was is None or now > was)

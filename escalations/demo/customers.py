"""Customers of the demo company in all tiers, with their contacts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Account, Contact, User, ValueRubricVersion

# external id -> name, segment, revenue, lifetime value, importance, influence, days to renewal
ACCOUNTS: dict[str, tuple[str, str, int, int, int, int, int | None]] = {
    "northwind": ("Northwind", "strategic", 420_000, 1_800_000, 4, 4, 45),
    "halden": ("Halden Bank", "enterprise", 180_000, 640_000, 3, 3, 150),
    "fjord": ("Fjord Rail", "enterprise", 95_000, 310_000, 2, 3, 25),
    "acme": ("Acme Logistics", "mid", 38_000, 90_000, 2, 1, 210),
    "oki": ("Oki Foods", "smb", 9_000, 21_000, 1, 1, 320),
    "pilot": ("Pilot Garden", "free", 0, 0, 0, 1, None),
}
MORE: dict[str, tuple[str, str, int, int, int, int, int | None]] = {
    "lumen": ("Lumen Health", "strategic", 610_000, 2_400_000, 4, 3, 260),
    "tessera": ("Tessera Mobile", "strategic", 350_000, 1_100_000, 4, 4, 75),
    "brightwater": ("Brightwater Energy", "enterprise", 240_000, 900_000, 3, 2, 33),
    "kestrel": ("Kestrel Air", "enterprise", 155_000, 420_000, 2, 4, 190),
    "solano": ("Solano Retail", "enterprise", 130_000, 280_000, 3, 3, 12),
    "vantage": ("Vantage Media", "enterprise", 88_000, 260_000, 2, 2, 400),
    "orchard": ("Orchard Schools", "mid", 47_000, 120_000, 3, 2, 95),
    "pinecone": ("Pinecone Travel", "mid", 41_000, 75_000, 2, 3, 60),
    "marlow": ("Marlow & Sons", "mid", 29_000, 64_000, 1, 2, 140),
    "quarry": ("Quarry Tools", "mid", 26_000, 52_000, 1, 1, 310),
    "delmar": ("Delmar Hotels", "mid", 33_000, 110_000, 2, 2, -4),
    "tindle": ("Tindle Crafts", "smb", 7_500, 16_000, 1, 0, 28),
    "bowline": ("Bowline Sailing", "smb", 6_200, 9_000, 0, 1, 205),
    "fennel": ("Fennel Kitchens", "smb", 5_400, 12_000, 1, 1, 88),
    "rook": ("Rook Games", "smb", 8_800, 30_000, 2, 2, 170),
    "harbor": ("Harbor Books", "smb", 3_100, 6_000, 0, 0, 365),
    "sparrow": ("Sparrow Studio", "free", 0, 0, 1, 1, None),
    "mica": ("Mica Labs", "free", 0, 0, 2, 2, None),
}
USAGE = {"solano": "-31.50", "delmar": "-55.00", "lumen": "14.20", "northwind": "3.10"}
AT_RISK = {"solano", "delmar"}
BY_DECISION = {"mica"}
FIRST = "Ada Bo Carla Deniz Emil Farah Gus Hana Ivo Jun Kaya Lena Milo Nora Omar Pia".split()
LAST = "Abbot Bly Cruz Dahl Eze Frost Gill Haas Ito Juarez Kerr Lopez Moss Nunez Orr Park".split()
TITLES = ("Head of operations", "Support lead", "Chief financial officer", "Platform owner")
LANGUAGES = {"halden": "de", "fjord": "nb", "oki": "ja", "brightwater": "en", "tessera": "es"}


def tell_accounts(
    people: dict[str, User],
    at: datetime,
    accounts: dict[str, tuple[str, str, int, int, int, int, int | None]] = ACCOUNTS,
) -> None:
    """Those that are missing, each with two contacts."""
    known = set(Account.objects.values_list("external_id", flat=True))
    rubric = ValueRubricVersion.in_use().in_force
    sponsor = people.get("sponsor", people["governor2"])
    for place, (key, row) in enumerate(accounts.items()):
        if key in known:
            continue
        name, segment, arr, lifetime, importance, influence, days = row
        account = Account.objects.create(
            external_id=key,
            name=name,
            segment=segment,
            arr=Decimal(arr),
            lifetime_value=Decimal(lifetime),
            importance=importance,
            influence=influence,
            renewal_on=None if days is None else (at + timedelta(days=days)).date(),
            usage_change_pct=Decimal(USAGE[key]) if key in USAGE else None,
            is_at_risk=key in AT_RISK,
            is_strategic=key in BY_DECISION,
            owner=people["agent"] if place % 2 == 0 else people["agent2"],
            backup=people["agent2"] if place % 2 == 0 else people["agent"],
            sponsor=sponsor,
            valued_by=rubric,
        )
        _tell_contacts(account, place)


def _tell_contacts(account: Account, place: int) -> None:
    for number in range(2):
        first = FIRST[(3 * place + 5 * number) % len(FIRST)]
        last = LAST[(5 * place + 7 * number) % len(LAST)]
        Contact.objects.create(
            account=account,
            name=f"{first} {last}",
            job_title=TITLES[(place + number) % len(TITLES)],
            email=f"{first}.{last}@{account.external_id}.example".lower(),
            phone=f"+1 555 01{(7 * place + number) % 100:02d}",
            language=LANGUAGES.get(account.external_id, "en"),
            is_primary=number == 0,
        )

"""Which fields only some people may see, and the right that uncovers each: the one table.

Hiding a field in a form alone leaks it through lists, filters, search and history: whoever shows
a model asks `hidden_fields` and leaves all of them out.
"""

from __future__ import annotations

from typing import Any

REVENUE = "accounts.view_revenue"
CONTACT_DETAILS = "accounts.view_contact_details"
OWN_SECRETS = "accounts.nobody"

# Explanations and facts quote the account's revenue, so they are as sensitive as it is.
SENSITIVE: dict[str, dict[str, str]] = {
    "accounts.account": {"arr": REVENUE, "lifetime_value": REVENUE},
    # Whoever has the address of a chat, or the secret of a webhook, may speak through it: no role
    # has this right, and no page shows them.
    "accounts.contactmethod": {
        "address": OWN_SECRETS,
        "secret": OWN_SECRETS,
        "old_secret": OWN_SECRETS,
        "code_hash": OWN_SECRETS,
    },
    "accounts.contact": {"email": CONTACT_DETAILS, "phone": CONTACT_DETAILS},
    "escalations.threshold": {
        "revenue_exposed": REVENUE,
        "warn_facts": REVENUE,
        "breach_facts": REVENUE,
    },
    "escalations.incident": {"explanation": REVENUE},
    "escalations.fact": {"value": REVENUE},
    "escalations.signal": {"facts": REVENUE, "anchors": REVENUE, "body": REVENUE},
    "escalations.delivery": {"answer": REVENUE},
    "escalations.postincidentreview": {"revenue_exposed": REVENUE, "credits": REVENUE},
    "escalations.timelineevent": {"detail": REVENUE},
}

# Facts of an incident are rows with a name; these names are as sensitive as a field.
SENSITIVE_FACTS: dict[str, str] = {"arr_at_risk": REVENUE}


def hidden_facts(user: Any) -> frozenset[str]:
    """Names of the facts whose value this person may not see."""
    return frozenset(name for name, right in SENSITIVE_FACTS.items() if not user.has_perm(right))


def hidden_fields(model: Any, user: Any) -> frozenset[str]:
    """Names of the fields of this model that this person may not see."""
    rights = SENSITIVE.get(model._meta.label_lower, {})
    return frozenset(name for name, right in rights.items() if not user.has_perm(right))


def is_hidden_path(model: Any, path: str, user: Any) -> bool:
    """Does a lookup such as `kpi__account__arr__gt` touch a hidden field on its way?"""
    for name in path.split("__"):
        if name in hidden_fields(model, user):
            return True
        field = next((f for f in model._meta.get_fields() if f.name == name), None)
        if field is None or not field.is_relation or field.related_model is None:
            return False
        model = field.related_model
    return False

"""Placeholders of message templates: one fixed list, and a replace that knows nothing else.

Never a template engine: a text written by one person must not read what another may not see.
Escaping is left to whoever puts the text out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# name -> what it stands for, with the example shown in a preview
PLACEHOLDERS: dict[str, tuple[str, str]] = {
    "incident": ("The incident's key", "INC-42"),
    "title": ("The incident's title", "Card capture failing in EU"),
    "severity": ("Its severity", "S2"),
    "state": ("Its state", "Mitigating"),
    "account": ("The customer", "Northwind"),
    "product_area": ("The product area", "cards"),
    "kpi": ("The KPI", "Checkout conversion"),
    "owner": ("Who owns it", "Ana Reyes"),
    "next_update": ("When the next update is due", "14:30 UTC"),
    "started_at": ("When it was received", "13:45 UTC"),
}
_MARK = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ODD = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


def problems(text: str) -> list[tuple[str, str]]:
    """(code, sentence) of everything in this text that would not be replaced."""
    found = []
    unknown = [name for name in used(text) if name not in PLACEHOLDERS]
    if unknown:
        shown = ", ".join(name[:40] or "(nothing)" for name in unknown)
        found.append(
            ("unknown_placeholder", f"Unknown: {shown}. Known are {', '.join(PLACEHOLDERS)}.")
        )
    if odd := _ODD.search(_MARK.sub("", text)):
        found.append(("stray_braces", f"{odd[0]!r} belongs to no placeholder."))
    return found


def used(text: str) -> list[str]:
    """Names between braces, in order, each once."""
    return list(dict.fromkeys(name.strip() for name in _MARK.findall(text)))


def render(text: str, values: Mapping[str, str]) -> str:
    """Each placeholder by its value. One without a value stays visible as `[name]`.

    A value is put in as it is and never read for placeholders again.
    """

    def one(found: re.Match[str]) -> str:
        name = found[1].strip()
        return values.get(name) or f"[{name}]"

    return _MARK.sub(one, text)


def missing(texts: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Placeholders of these texts without a value."""
    names = dict.fromkeys(name for text in texts for name in used(text))
    return [name for name in names if not values.get(name)]

"""What the forms of governed drafts share."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.lib.versions import Version


def lock_posted(request: HttpRequest, model: type[Model], key: Any = None, *args: Any) -> None:
    """While a form is stored its version stays what it was looked at as."""
    if request.method == "POST" and str(key or "").isdecimal():
        list(model._default_manager.select_for_update(of=("self",)).filter(pk=key))


def versions_link(kind: str, code: str, version: Version) -> str:
    """To the page where a draft is asked for, and any two versions are compared."""
    word = "Ask for approval" if version.state == "draft" else "Versions"
    url = reverse("versions", args=[kind, code])
    return format_html('<a href="{}?to={}">{}</a>', url, version.number, word)

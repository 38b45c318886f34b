"""How you are reached: the part of the profile that adds, verifies, orders and removes ways."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import ContactMethod
from accounts.services import contact_methods as verbs
from accounts.views.profile import Profile, _key
from config.lib import clock
from config.lib.errors import DomainError

SAID = {
    "code": "A new code is on its way.",
    "verify": "Verified: you are reached there now.",
    "first": "You are paged there first.",
    "test": "A test is on its way.",
    "remove": "Removed: nothing leaves by it any more.",
}


class ProfileContactMethods(Profile):
    """`add` makes a way, any other name of `SAID` does that to the way whose key it holds. A new
    secret stands in this answer and nowhere else."""

    http_method_names = ["post"]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"instance": self.object}  # what was sent is not for the form of the profile

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        try:
            secret = self._do()
        except DomainError as error:
            messages.error(request, error.detail)
            secret = ""
        if secret:
            return self.render_to_response(self.get_context_data(secret=secret))
        return redirect("profile")

    def _do(self) -> str:
        """A secret to be shown, or nothing."""
        sent, at = self.request.POST, clock.now()
        if "add" in sent:
            given = [sent.get(name, "") for name in ("kind", "address", "label")]
            made = verbs.add_method(self.object, *given, at=at)
            messages.success(self.request, "Added. A code is on its way: enter it here.")
            return made.secret
        act = next((name for name in (*SAID, "rotate") if name in sent), None)
        mine = ContactMethod.objects.live().filter(person=self.object)
        method = get_object_or_404(mine, pk=_key(sent.get(act or "", "")))
        if act == "rotate":
            messages.success(self.request, "A new secret. The old one signs for another day.")
            return verbs.rotate_secret(method, at=at)
        self._apply(act or "", method, at)
        messages.success(self.request, SAID[act or ""])
        return ""

    def _apply(self, act: str, method: ContactMethod, at: Any) -> None:
        match act:
            case "code":
                verbs.ask_code(method, at=at)
            case "verify":
                verbs.verify(method, self.request.POST.get("number", ""), at=at)
            case "first":
                verbs.make_first(method, at=at)
            case "test":
                verbs.ask_test(method, at=at)
            case "remove":
                verbs.remove(method, at=at)

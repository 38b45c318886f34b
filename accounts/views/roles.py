from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView

from accounts.selectors.people import roles_of
from accounts.selectors.roles import roles_page
from config.lib.people import person_of


class WhoMayDoWhat(LoginRequiredMixin, TemplateView):
    template_name = "accounts/roles/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = roles_page(roles_of(person_of(self.request)))
        return super().get_context_data(page=page, **kwargs)

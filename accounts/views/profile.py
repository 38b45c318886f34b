from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy
from django.views.generic import UpdateView

from accounts.forms.profile import ProfileForm
from accounts.models import User
from accounts.selectors.people import roles_of, teams_of
from config.lib.people import person_of


class Profile(LoginRequiredMixin, SuccessMessageMixin, UpdateView):
    form_class = ProfileForm
    template_name = "accounts/people/profile.html"
    success_url = reverse_lazy("profile")
    success_message = "Saved."

    def get_object(self, queryset: Any = None) -> User:
        # Not request.user itself: a refused form must not show its values as the person's own.
        return User.objects.get(pk=person_of(self.request).pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = person_of(self.request)
        page = {"teams": teams_of(person), "roles": list(roles_of(person).values())}
        return super().get_context_data(page=page, **kwargs)

"""Versions of service hours."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import ServiceHoursVersion
from accounts.rules.hours_diff import hours_sentences
from escalations.rules.policy_diff import Comparison
from escalations.selectors.approvals import approvals_needed
from escalations.selectors.governed_kinds.kind import GovernedKind, Said


class Hours(GovernedKind[ServiceHoursVersion]):
    said = Said(
        "hours",
        "service hours",
        "accounts.add_servicehoursversion",
        "accounts.view_servicehours",
    )
    field = "hours_version"
    owner = "service_hours"
    model = ServiceHoursVersion

    def rows(self) -> QuerySet[ServiceHoursVersion]:
        return ServiceHoursVersion.objects.select_related("service_hours")

    def needed(self, version: ServiceHoursVersion) -> int:
        return approvals_needed("hours")

    def compare(
        self,
        before: ServiceHoursVersion,
        after: ServiceHoursVersion,
        *,
        sees_revenue: bool = False,
    ) -> Comparison:
        return Comparison((), hours_sentences(before.spec, after.spec))

    def home_url(self, version: ServiceHoursVersion) -> str:
        return reverse("service-hours-one", args=[version.service_hours.code])

    def edit_url(self, version: ServiceHoursVersion) -> str:
        return ""  # it is written anew on the page of the hours

    def add_url(self, owner: Any) -> str:
        return reverse("service-hours-one", args=[owner.code])

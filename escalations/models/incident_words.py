"""The kinds and states of incidents, as they are stored."""

from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    KPI = "kpi", "KPI"
    CUSTOMER = "customer", "Customer"
    OPERATIONS = "operations", "Operations"
    ACCOUNT_HEALTH = "account_health", "Account health"


class StateChoice(models.TextChoices):
    NEW = "new", "New"
    TRIAGED = "triaged", "Triaged"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    VERIFYING = "verifying", "Verifying data"
    MITIGATING = "mitigating", "Mitigating"
    CONTAINED = "contained", "Contained"
    MONITORING = "monitoring", "Monitoring"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"
    REOPENED = "reopened", "Reopened"
    MERGED = "merged", "Merged"
    CANCELLED = "cancelled", "Cancelled"

"""Roles are Django's groups, made from accounts.roles; here their changes are kept."""

from django.contrib.auth.models import Group
from django.db import models
from simple_history import register

register(
    Group,
    app="accounts",
    manager_name="history",
    m2m_fields=[Group.permissions.field],
    history_change_reason_field=models.TextField(null=True),
)

"""Each background process says that it lives; /readyz and the supervisor read it."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    name = models.CharField(max_length=80, primary_key=True)  # "clock:HOST:PID"
    kind = models.CharField(max_length=20)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

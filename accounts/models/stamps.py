"""The number that changes with whatever seldom changes."""

from __future__ import annotations

from django.db import models

from config.lib.stamps import TABLE


class Stamp(models.Model):
    """Written by triggers alone, see `config.lib.stamps`."""

    slot = models.PositiveSmallIntegerField(primary_key=True)
    number = models.BigIntegerField()

    class Meta:
        db_table = TABLE

    def __str__(self) -> str:
        return f"stamp {self.number}"

"""The seals over what is kept, chained one to the next, and the looks back at them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.lib.models import check, unique
from escalations.rules.seals import Gap


class Seal(models.Model):
    """A set of rows of one table as they were (escalations.rules.seals says how they are hashed).

    `chain` is the table, `rows` number and digest of each row, `through_id` the highest number
    sealed so far, `rows_total` the rows of the chain so far. Seals are sealed too, in a chain of
    their own whose newest digest is the head of the whole record.
    """

    chain = models.CharField(max_length=63)
    seq = models.PositiveIntegerField()
    prev_hash = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    first_id = models.BigIntegerField(null=True)
    last_id = models.BigIntegerField(null=True)
    through_id = models.BigIntegerField()
    row_count = models.PositiveIntegerField()
    rows_total = models.PositiveBigIntegerField()
    columns = models.JSONField()
    open_gaps = models.JSONField(default=list)
    rows = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["chain", "seq"]
        constraints = [
            unique("seal_place", "chain", "seq", sentence="This place of the chain is taken."),
            check(
                "seal_hashes",
                Q(digest__regex=r"^[0-9a-f]{64}$", prev_hash__regex=r"^[0-9a-f]{64}$"),
                "A hash is 64 hexadecimal digits.",
            ),
            check(
                "seal_rows",
                Q(row_count=0, first_id=None, last_id=None)
                | Q(row_count__gt=0, first_id__isnull=False, last_id__isnull=False),
                "A seal over rows names the first and the last.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq}"

    @property
    def header(self) -> dict[str, Any]:
        """All that its digest covers besides the rows."""
        names = "chain seq prev_hash through_id row_count rows_total columns open_gaps sealed_at"
        return {name: getattr(self, name) for name in names.split()}

    @property
    def gaps(self) -> list[Gap]:
        return [Gap(*stored) for stored in self.open_gaps]


class Verification(models.Model):
    """One look back at the whole record. `faults` holds [table, primary key, what], at most the
    first 200; `head` is the head of the record then, which every later look must find again."""

    at = models.DateTimeField(db_index=True)
    took_ms = models.PositiveIntegerField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    rows = models.PositiveBigIntegerField()
    chains = models.PositiveIntegerField()
    unsealed = models.PositiveBigIntegerField()
    fault_count = models.PositiveBigIntegerField()
    faults = models.JSONField(default=list)
    head = models.CharField(max_length=64, blank=True)
    is_complete = models.BooleanField(default=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            check(
                "verification_head",
                Q(head="") | Q(head__regex=r"^[0-9a-f]{64}$"),
                "A head is 64 hexadecimal digits.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"

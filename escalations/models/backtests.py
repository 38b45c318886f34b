"""What a version would have made of past incidents, kept with the request that asks for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from config.lib.models import check, unique
from escalations.models.changes import ChangeRequest
from escalations.models.policies import PolicyVersion


class BackTest(models.Model):
    """`result` is `rules.backtests.Result`; the hashes say of which document and which inputs."""

    request = models.ForeignKey(ChangeRequest, models.CASCADE, related_name="backtests")
    round = models.PositiveSmallIntegerField()
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    version_sha256 = models.CharField(max_length=64)
    is_indicative = models.BooleanField(default=False)
    result = models.JSONField()

    class Meta:
        constraints = [
            unique("back_test_once", "request", "round", sentence="This round has its back-test."),
            check("back_test_hashed", ~Q(version_sha256=""), "A back-test says of which document."),
        ]

    def __str__(self) -> str:
        return f"back-test {self.pk}"

"""How a person is reached. The address of a chat or webhook is a secret: `shown` is what anybody
else, logs and the history see of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.rules.contact_methods import ContactKind
from config.lib.models import check, one_of, recorded, unique

SECRETS = ("address", "secret", "old_secret", "code_hash")
COUNTS = ("code_sent_at", "code_tries", "sends_from", "sends", "last_ok_at", "last_error")


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    def live(self) -> ContactMethodQuerySet:
        return self.filter(withdrawn_at=None)

    def verified(self) -> ContactMethodQuerySet:
        """Those that messages may leave by."""
        return self.live().filter(verified_at__isnull=False)


class ContactMethod(models.Model):
    """Only verified ones are used, the lowest `position` first. `secret` signs what leaves by a
    webhook; while it changes, the old one signs too."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_methods"
    )
    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in ContactKind])
    address = models.CharField(max_length=1000)
    shown = models.CharField("address", max_length=254)
    label = models.CharField(max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    secret = models.CharField(max_length=100, blank=True)
    old_secret = models.CharField(max_length=100, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    code_hash = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    # Codes and tests of the hour that began then.
    sends_from = models.DateTimeField(null=True, blank=True)
    sends = models.PositiveSmallIntegerField(default=0)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    history = recorded(excluded=(*SECRETS, *COUNTS))
    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        ordering = ["person", "position", "id"]
        constraints = [
            one_of("contact_method_kind", "kind", ContactKind),
            unique(
                "contact_method_address",
                "person",
                "address",
                condition=Q(withdrawn_at=None),
                sentence="You have this address already.",
            ),
            check(
                "contact_method_signed",
                ~Q(kind="webhook") | ~Q(secret=""),
                "What leaves by a webhook is signed.",
            ),
            check(
                "contact_method_old_secret",
                Q(old_secret="", old_secret_until=None)
                | ~Q(old_secret="") & Q(old_secret_until__isnull=False),
                "An old secret says until when it counts.",
            ),
            check(
                "contact_method_withdrawn_later",
                Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("created_at")),
                "Nothing is withdrawn before it was made.",
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.shown

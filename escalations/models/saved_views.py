"""Views of the queue that people keep: for themselves, for a team or for everybody."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Account, Team
from config.lib.models import check, one_of, paired, unique


class OwnerWord(models.TextChoices):
    ANY = "", "Anybody"
    ME = "me", "Whoever looks"
    NOBODY = "none", "Nobody"
    PERSON = "person", "One person"


class SavedView(models.Model):
    """`user`, `team` and `is_for_all` say who has it. All below `position` is what it filters by,
    as the address of the queue says it; several words stand with commas."""

    name = models.CharField(max_length=60)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="saved_views"
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    is_for_all = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    q = models.CharField("search", max_length=200, blank=True)
    severity = models.CharField(max_length=20, blank=True)
    owner = models.CharField(max_length=8, choices=OwnerWord, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    clock = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=60, blank=True)
    area = models.CharField(max_length=80, blank=True)
    of_team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="+")
    ladder = models.CharField(max_length=2, blank=True)
    age = models.CharField(max_length=4, blank=True)
    sort = models.CharField(max_length=8, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["position", "pk"]
        permissions = [("share_view", "May share views of the queue with everybody")]
        constraints = [
            check(
                "saved_view_scope",
                Q(user__isnull=False, team=None, is_for_all=False)
                | Q(user=None, team__isnull=False, is_for_all=False)
                | Q(user=None, team=None, is_for_all=True),
                "A view is for one person, for one team or for everybody.",
            ),
            check("saved_view_name", ~Q(name=""), "Give the view a name."),
            one_of("saved_view_owner", "owner", OwnerWord),
            check(
                "saved_view_person",
                Q(owner="person", person__isnull=False) | (~Q(owner="person") & Q(person=None)),
                "One person's incidents: say whose.",
            ),
            unique(
                "saved_view_own_name",
                "user",
                "name",
                condition=Q(deleted_at=None, user__isnull=False),
                sentence="You have a view of this name.",
            ),
            unique(
                "saved_view_team_name",
                "team",
                "name",
                condition=Q(deleted_at=None, team__isnull=False),
                sentence="The team has a view of this name.",
            ),
            unique(
                "saved_view_shared_name",
                "name",
                condition=Q(deleted_at=None, is_for_all=True),
                sentence="Everybody has a view of this name.",
            ),
            paired("savedview", at="deleted_at", by="deleted_by"),
        ]

    def __str__(self) -> str:
        return self.name


class StartView(models.Model):
    """What a person's queue opens with."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="start_view"
    )
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="starts")

    def __str__(self) -> str:
        return "start view"

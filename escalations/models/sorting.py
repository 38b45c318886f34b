"""Sorting incidents into categories: the rules of a version, and what people made of them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from config.lib.models import check, recorded, unique
from escalations.models.policies import PolicyVersion


class SortingRule(models.Model):
    """Any of `keywords` and all of `fields` speak for the category."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="sorting_rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=60, help_text="Its code.")
    confidence = models.PositiveSmallIntegerField(help_text="How sure, 1 to 100 per cent.")
    keywords = models.JSONField(
        default=list, blank=True, help_text='Whole words or phrases, any of them: ["invoice"].'
    )
    fields = models.JSONField(
        default=dict, blank=True, help_text='All of these are equal: {"product_area": "payments"}.'
    )

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            unique("sorting_rule_name", "version", "name", sentence="A rule has this name."),
            check(
                "sorting_rule_confidence",
                Q(confidence__gte=1, confidence__lte=100),
                "A rule is sure from 1 to 100 per cent.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not isinstance(self.keywords, list) or not all(_is_text(k) for k in self.keywords):
            said = ValidationError("Write a list of texts.", code="not_a_list")
            raise ValidationError({"keywords": said})
        if not isinstance(self.fields, dict) or not all(_is_text(v) for v in self.fields.values()):
            said = ValidationError("Write names with a text each.", code="not_an_object")
            raise ValidationError({"fields": said})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


class CategoryAnswer(models.Model):
    """What a person said of the category that a rule suggested, or had set by itself (`was_set`).
    Without a suggestion `rule` and `suggested` are empty."""

    incident = models.ForeignKey(
        "escalations.Incident", models.PROTECT, related_name="category_answers"
    )
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    rule = models.CharField(max_length=120, blank=True)
    suggested = models.CharField(max_length=60, blank=True)
    confidence = models.PositiveSmallIntegerField()
    was_set = models.BooleanField(default=False)
    chosen = models.CharField(max_length=60)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-answered_at", "-id"]
        constraints = [
            check(
                "category_answer_suggested",
                Q(rule="", suggested="", confidence=0, was_set=False)
                | (~Q(rule="") & ~Q(suggested="") & Q(confidence__gte=1, confidence__lte=100)),
                "What was suggested has its rule and how sure it was.",
            ),
            check("category_answer_chosen", ~Q(chosen=""), "An answer names a category."),
        ]

    def __str__(self) -> str:
        return self.chosen

    @property
    def is_right(self) -> bool:
        return self.chosen == self.suggested

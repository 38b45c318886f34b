"""Service hours get the one life of governed versions. What counts goes on counting by its date:
the latest is in force, those before it are retired since the next one, each sealed as it is."""

import hashlib
import json

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STATES = [
    ("draft", "Draft"),
    ("in_review", "In review"),
    ("approved", "Approved"),
    ("scheduled", "Scheduled"),
    ("in_force", "In force"),
    ("retired", "Retired"),
]
CONTENT = ("zone", "is_always_open", "weekly", "dates", "places")


def hash_of(version):
    content = {name: getattr(version, name) for name in CONTENT}
    content |= {"hours": version.service_hours.code, "number": version.number}
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seal(apps, schema_editor):
    versions = apps.get_model("accounts", "ServiceHoursVersion").objects
    later = {}
    rows = versions.select_related("service_hours").order_by("service_hours", "-effective_from")
    for version in rows:
        follower = later.get(version.service_hours_id)
        versions.filter(pk=version.pk).update(
            state="retired" if follower else "in_force",
            retired_at=follower,
            sha256=hash_of(version),
        )
        later[version.service_hours_id] = version.effective_from
    apps.get_model("accounts", "HistoricalServiceHoursVersion").objects.update(state="in_force")


def drop_drafts(apps, schema_editor):
    """What never took effect has no place in the older tables."""
    for model in ("ServiceHoursVersion", "HistoricalServiceHoursVersion"):
        apps.get_model("accounts", model).objects.filter(effective_from=None).delete()


def life(model, person):
    columns = {
        "note": models.TextField(blank=True),
        "published_by": person,
        "retired_at": models.DateTimeField(blank=True, null=True),
        "sha256": models.CharField(blank=True, max_length=64),
        "state": models.CharField(choices=STATES, default="draft", max_length=10),
    }
    return [migrations.AddField(model, name, field) for name, field in columns.items()]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_stamp"),
    ]

    operations = [
        *life(
            "servicehoursversion",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        *life(
            "historicalservicehoursversion",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "historicalservicehoursversion", "effective_from", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AlterField(
            "servicehoursversion", "effective_from", models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(seal, drop_drafts),
        migrations.AddConstraint(
            "servicehoursversion",
            models.CheckConstraint(
                condition=Q(state__in=[state for state, _ in STATES]),
                name="service_hours_version_state",
                violation_error_code="invalid",
                violation_error_message=(
                    "state is one of draft, in_review, approved, scheduled, in_force, retired."
                ),
            ),
        ),
        migrations.AddConstraint(
            "servicehoursversion",
            models.UniqueConstraint(
                condition=Q(state="in_force"),
                fields=("service_hours",),
                name="service_hours_version_one_in_force",
                violation_error_code="unique",
                violation_error_message="One version of a service_hours is in force.",
            ),
        ),
        migrations.AddConstraint(
            "servicehoursversion",
            models.CheckConstraint(
                condition=~Q(state="in_force") | (Q(effective_from__isnull=False) & ~Q(sha256="")),
                name="service_hours_version_in_force_is_sealed",
                violation_error_code="invalid",
                violation_error_message="A version in force has its date and its hash.",
            ),
        ),
        migrations.AddConstraint(
            "servicehoursversion",
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "scheduled"]) | ~Q(sha256=""),
                name="service_hours_version_approved_is_hashed",
                violation_error_code="invalid",
                violation_error_message="What is approved has the hash of what it says.",
            ),
        ),
        migrations.AlterConstraint(
            "servicehoursversion",
            "service_hours_version_number",
            models.UniqueConstraint(
                fields=("service_hours", "number"),
                name="service_hours_version_number",
                violation_error_code="unique",
                violation_error_message="This version exists.",
            ),
        ),
    ]

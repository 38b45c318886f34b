"""Versions of a KPI's limits get the one life of governed versions. What judges goes on judging:
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
CONTENT = (
    "mode direction target_lo target_hi warn_lo warn_hi breach_lo breach_hi clear_warn_lo "
    "clear_warn_hi clear_breach_lo clear_breach_hi warn_k breach_k resolution n m c missing "
    "lateness_s warn_severity breach_severity warn_facts breach_facts revenue_exposed"
).split()


def hash_of(version):
    content = {name: getattr(version, name) for name in CONTENT}
    if content["revenue_exposed"] is not None:
        content["revenue_exposed"] = f"{content['revenue_exposed']:.2f}"
    content |= {"kpi": version.kpi.code, "number": version.number}
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seal(apps, schema_editor):
    versions = apps.get_model("escalations", "Threshold").objects
    later = {}
    for version in versions.select_related("kpi").order_by("kpi", "-effective_from"):
        follower = later.get(version.kpi_id)
        versions.filter(pk=version.pk).update(
            state="retired" if follower else "in_force",
            retired_at=follower,
            sha256=hash_of(version),
        )
        later[version.kpi_id] = version.effective_from
    apps.get_model("escalations", "HistoricalThreshold").objects.update(state="in_force")


def drop_drafts(apps, schema_editor):
    """What never took effect has no place in the older tables."""
    for model in ("Threshold", "HistoricalThreshold"):
        apps.get_model("escalations", model).objects.filter(effective_from=None).delete()


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
        ("escalations", "0026_replaced_by_number"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *life(
            "threshold",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        *life(
            "historicalthreshold",
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
            "historicalthreshold", "effective_from", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AlterField(
            "threshold", "effective_from", models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(seal, drop_drafts),
        migrations.AddConstraint(
            "threshold",
            models.CheckConstraint(
                condition=Q(state__in=[state for state, _ in STATES]),
                name="threshold_state",
                violation_error_code="invalid",
                violation_error_message=(
                    "state is one of draft, in_review, approved, scheduled, in_force, retired."
                ),
            ),
        ),
        migrations.AddConstraint(
            "threshold",
            models.UniqueConstraint(
                condition=Q(state="in_force"),
                fields=("kpi",),
                name="threshold_one_in_force",
                violation_error_code="unique",
                violation_error_message="One version of a kpi is in force.",
            ),
        ),
        migrations.AddConstraint(
            "threshold",
            models.CheckConstraint(
                condition=~Q(state="in_force") | (Q(effective_from__isnull=False) & ~Q(sha256="")),
                name="threshold_in_force_is_sealed",
                violation_error_code="invalid",
                violation_error_message="A version in force has its date and its hash.",
            ),
        ),
        migrations.AddConstraint(
            "threshold",
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "scheduled"]) | ~Q(sha256=""),
                name="threshold_approved_is_hashed",
                violation_error_code="invalid",
                violation_error_message="What is approved has the hash of what it says.",
            ),
        ),
        migrations.AlterConstraint(
            "threshold",
            "threshold_number",
            models.UniqueConstraint(
                fields=("kpi", "number"),
                name="threshold_number",
                violation_error_code="unique",
                violation_error_message="This version exists.",
            ),
        ),
    ]

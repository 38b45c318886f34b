"""What a change replaced, and which version it restores, are numbers of the same thing's versions:
so it is the same for every governed kind."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

NAMES = ("replaced", "restores")


def to_numbers(apps, schema_editor):
    versions = apps.get_model("escalations", "PolicyVersion").objects
    for model in ("Change", "HistoricalChange"):
        for name in NAMES:
            number = versions.filter(pk=OuterRef(name)).values("number")
            rows = apps.get_model("escalations", model).objects.filter(**{f"{name}__isnull": False})
            rows.update(**{f"{name}_number": Subquery(number[:1])})


def to_versions(apps, schema_editor):
    versions = apps.get_model("escalations", "PolicyVersion").objects
    for model in ("Change", "HistoricalChange"):
        for name in NAMES:
            rows = apps.get_model("escalations", model).objects
            for row in rows.filter(**{f"{name}_number__isnull": False}):
                own = versions.filter(pk=row.policy_version_id).values("policy")[:1]
                found = versions.filter(policy=Subquery(own), number=getattr(row, f"{name}_number"))
                rows.filter(pk=row.pk).update(**{f"{name}_id": found.values("pk")[:1]})


class Migration(migrations.Migration):
    dependencies = [("escalations", "0025_exceptions_and_pauses")]

    operations = [
        *(
            migrations.AddField(model, f"{name}_number", models.PositiveIntegerField(blank=True, null=True))
            for model in ("change", "historicalchange")
            for name in NAMES
        ),
        migrations.RunPython(to_numbers, to_versions),
        *(
            migrations.RemoveField(model, name)
            for model in ("change", "historicalchange")
            for name in NAMES
        ),
    ]

"""Which storm holds an incident's pages back is written on the incident."""

import django.db.models.deletion
from django.db import migrations, models

UNANSWERED = ("new", "triaged", "reopened")


def hold(apps, schema_editor):
    """Of the storms that last: what came under their first and was never paged for."""
    Incident = apps.get_model("escalations", "Incident")
    for storm in apps.get_model("escalations", "Storm").objects.filter(ended_at=None):
        Incident.objects.filter(
            parent=storm.parent_id,
            opened_at__gte=storm.started_at,
            state__in=UNANSWERED,
            ladder_runs=None,
        ).update(held_by=storm)


def forget(apps, schema_editor):
    """The column goes; nothing else was changed."""


class Migration(migrations.Migration):
    dependencies = [("escalations", "0010_clock_repairs")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="held_by",
            field=models.ForeignKey(
                blank=True,
                help_text="The storm in which the first of them pages for this one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="held",
                to="escalations.storm",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("held_by", None), ("parent__isnull", False), _connector="OR"),
                name="incident_held",
                violation_error_code="invalid",
                violation_error_message="Another pages for this one, so it is a part of that one.",
            ),
        ),
        migrations.RunPython(hold, forget),
    ]

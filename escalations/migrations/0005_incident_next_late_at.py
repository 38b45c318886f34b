from django.db import migrations, models
from django.db.models import F, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """What the running clocks of each incident say; nothing else is late by itself."""
    Clock = apps.get_model("escalations", "Clock")
    Incident = apps.get_model("escalations", "Incident")
    earliest = (
        Clock.objects.filter(incident=OuterRef("pk"), run_state="running")
        .order_by()
        .values("incident")
        .annotate(first=Min(Coalesce("breach_after", "due_at")))
        .values("first")
    )
    Incident.objects.filter(next_due_at__isnull=False).update(
        next_late_at=Coalesce(Subquery(earliest), F("next_due_at"))
    )


class Migration(migrations.Migration):

    dependencies = [("escalations", "0004_reviews")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="next_late_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

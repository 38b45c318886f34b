from django.db import migrations
from django.db.models import F


def give_a_cause(apps, schema_editor):
    """Breaches from before causes were proposed: nothing is known of them, a person may say."""
    marks = apps.get_model("escalations", "ClockMark").objects
    marks.filter(cause="").exclude(kind="warning").update(cause="unknown", proposed_cause="unknown")


def wake_what_nobody_said(apps, schema_editor):
    """A change broke these clocks and nobody recorded it: the sweep does."""
    said = apps.get_model("escalations", "ClockMark").objects.filter(kind="breach").values("clock")
    clocks = apps.get_model("escalations", "Clock").objects
    clocks.filter(
        run_state="running", outcome="missed", next_wake_at=None, breached_at__isnull=False
    ).exclude(kind="cadence").exclude(pk__in=said).update(next_wake_at=F("breached_at"))


class Migration(migrations.Migration):
    dependencies = [("escalations", "0011_held_by_storm")]

    operations = [
        migrations.RunPython(give_a_cause, migrations.RunPython.noop),
        migrations.RunPython(wake_what_nobody_said, migrations.RunPython.noop),
    ]

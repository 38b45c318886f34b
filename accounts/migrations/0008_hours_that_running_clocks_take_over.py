from django.db import migrations, models
from django.utils import timezone


def wait_for_hours_to_come(apps, schema_editor):
    """What was published before for later: clocks take it over when it takes effect."""
    versions = apps.get_model("accounts", "ServiceHoursVersion").objects
    versions.filter(effective_from__gt=timezone.now(), number__gt=1).update(
        adopt_at=models.F("effective_from")
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_override_of_nobody'),
    ]

    operations = [
        migrations.AddField(
            model_name='servicehoursversion',
            name='adopt_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Clocks that run take these hours over then; empty once they did.', null=True),
        ),
        migrations.AddIndex(
            model_name='servicehoursversion',
            index=models.Index(condition=models.Q(('adopt_at__isnull', False)), fields=['adopt_at'], name='service_hours_adopt'),
        ),
        migrations.RunPython(wait_for_hours_to_come, migrations.RunPython.noop),
    ]

from django.db import migrations, models

from config.lib.stamps import unwatch


def take_away(apps, editor):
    unwatch(editor.connection.alias)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_squashed_0008_hours_that_running_clocks_take_over'),
    ]

    operations = [
        migrations.CreateModel(
            name='Stamp',
            fields=[
                ('slot', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('number', models.BigIntegerField()),
            ],
            options={
                'db_table': 'belay_stamp',
            },
        ),
        # Triggers come after every migration (accounts.apps); they go before their table does.
        migrations.RunPython(migrations.RunPython.noop, take_away),
    ]

from django.db import migrations, models

class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_contact_methods'),
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
    ]
